import Testing

@testable import Model

/// Configuration files.
struct SettingsTests {
    private func user(_ text: String) throws -> Settings { try Settings(yaml: text, file: "config.yaml", owner: .user) }
    private func project(_ text: String) throws -> Settings { try Settings(yaml: text, file: "ninepin.yaml", owner: .project) }

    @Test("a file sets every key that the reference lists")
    func keys() throws {
        let settings = try user(
            """
            workspace: /var/cache/np
            projects: [shipped, ../company]
            runsc: ./runsc
            mirrors:
              debian: https://mirror.example.org/debian
              https://code.example.org/: https://mirror.example.org/git/
            jobs: 3
            patience: 2.5
            gc:
              keep: 48h
              limit: 20g
            """)
        #expect(settings.workspace == "/var/cache/np")
        #expect(settings.projects == ["shipped", "../company"])
        #expect(settings.runsc == "./runsc")
        #expect(settings.mirrors.debian == "https://mirror.example.org/debian")
        #expect(settings.jobs == .count(3))
        #expect(settings.patience == 2.5)
        #expect(settings.keep == 172_800)
        #expect(settings.cacheLimit == 20 << 30)
        let known = Set(Settings.Schema.file.fields.map(\.name))
        #expect(known == ["workspace", "projects", "runsc", "mirrors", "jobs", "patience", "gc"])
    }

    @Test("a file with nothing but comments sets nothing", arguments: ["", "# nothing\n\n  # here\n"])
    func empty(_ text: String) throws { #expect(try user(text) == Settings()) }

    @Test("a project's file cannot name a program, nor a workspace outside of the project")
    func untrusted() throws {
        #expect(throws: Diagnostic.self) { try project("runsc: ./evil\n") }
        for place in ["/etc", "../other", "a/../../b"] { #expect(throws: Diagnostic.self) { try project("workspace: \(place)\n") } }
        #expect(try project("workspace: build/np\n").workspace == "build/np")
    }

    @Test(
        "an invalid value is told with its line",
        arguments: [
            ("jobs: 0", "1 to 100"), ("jobs: many", "1 to 100"), ("patience: 0.5", "1 to 100"), ("gc: {limit: much}", "size"),
            ("gc: {keep: 1s}", "at least an hour"), ("mirrors: {example: x}", "beginning of an address"),
            ("mirrors: {debian: '-x'}", "address"),
            ("wrkspace: x", "did you mean 'workspace'?"),
        ])
    func invalid(_ text: String, _ words: String) {
        let error = #expect(throws: Diagnostic.self) { try user("# first\n\(text)\n") }
        #expect(error?.line == 2)
        #expect(error?.message.contains(words) == true, "\(String(describing: error))")
    }

    @Test("the longest beginning of an address is replaced, and an address that none matches stays")
    func mirrors() {
        let mirrors = Mirrors(["https://a.example/": "https://m.example/a/", "https://a.example/deep/": "https://m.example/d/"])
        #expect(mirrors.address(for: "https://a.example/x.git") == "https://m.example/a/x.git")
        #expect(mirrors.address(for: "https://a.example/deep/x.git") == "https://m.example/d/x.git")
        #expect(mirrors.address(for: "https://b.example/x.git") == "https://b.example/x.git")
    }

    @Test("sizes are powers of 1024, and one that does not fit is none")
    func sizes() {
        #expect(ByteCount("20g")?.bytes == 20 << 30)
        #expect(ByteCount("512")?.bytes == 512)
        #expect(ByteCount("3k")?.description == "3k")
        for text in ["", "g", "-1g", "1x", "1.5g", "0", "9223372036854775807k"] { #expect(ByteCount(text) == nil, "\(text)") }
    }
}
