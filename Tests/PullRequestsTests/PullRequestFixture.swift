import Foundation
import Git
import GitHistory
import Model
import Patches
import PullRequests
import SystemPackage
import Testing

/// A registry and an upstream written for a test, and git.
final class PullRequestFixture {
    let path: String

    static let code = "package fs\n\nfunc read() error {\n\treturn open(\"usage\")\n}\n\nfunc open(name string) error { return nil }\n"

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "ninepin-pr-\(UUID())").path
        try write("patches/up/upstream.yaml", "title: t\nmodules: [example.org/up]\nmarks: [fs/read.go]\nhomes: [., vendor/up]\n")
        try entry()
        try write(
            "patches/up/gap/v1.patch",
            """
            --- a/fs/read.go
            +++ b/fs/read.go
            @@ -3,3 +3,4 @@
             func read() error {
            +\t// A gap is no data.
             \treturn open("usage")
             }

            """)
        try proposal(subject: "tolerate a gap")
        try write("patches/up/gap/test/gap_test.go", "package fs\n\nimport \"testing\"\n\nfunc TestGap(t *testing.T) {}\n")
        try project("plain", path: ".")
        try project("nested", path: "lib/up", style: "area", signsOff: false)
        try project("copies", path: "vendor/up", isVendored: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func entry(status: String = "local") throws {
        try write(
            "patches/up/gap/patch.yaml",
            "title: t\nwhy: w\nupstream: up\nversions: '*'\nevidence: It was seen.\nstatus: \(status)\nvariants:\n  - {name: v1, versions: '*'}\n"
        )
    }

    func proposal(
        subject: String, problem: String = "Some kernels have no such file, and then nothing at all is read, although the rest is there."
    ) throws {
        try write(
            "patches/up/gap/pull-request.yaml",
            """
            area: fs
            subject: "\(subject)"
            problem: |
              \(problem)
            solution: Take it for no data.
            related: ["up/up#7 did the same"]
            tests:
              - {project: plain, variants: [v1], file: test/gap_test.go, path: fs/gap_test.go, seen: "fails without the change, passes with it"}
              - {project: nested, variants: [v1], file: test/gap_test.go, path: fs/gap_test.go}

            """)
    }

    private func project(
        _ name: String, path: String, style: String = "capitalised", signsOff: Bool = true, isVendored: Bool = false
    ) throws {
        let checks = ["subject", "message", "keywords", "test", "evidence"] + (signsOff ? ["signOff"] : [])
        try write(
            "patches/projects/\(name).yaml",
            """
            title: up/\(name)
            homes: [{upstream: up, path: \(path)}]
            isVendored: \(isVendored)
            subject: {style: \(style), longest: 20}
            signsOff: \(signsOff)
            message: |
              {problem}

              {solution}
            text: |
              #### What it does

              {problem}

              {evidence}

              {tests}

              {related} {unknown}
            rules:
              - {rule: the agreement is signed, note: a bot says so}
            \(checks.map { "  - {rule: the \($0), check: \($0)}" }.joined(separator: "\n"))

            """)
    }

    func write(_ file: String, _ text: String) throws {
        let url = URL(filePath: "\(path)/\(file)")
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    func text(_ file: String) throws -> String { try String(contentsOfFile: "\(path)/\(file)", encoding: .utf8) }

    var projects: Projects { Projects(FilePath("\(path)/patches")) }

    func registry() throws -> Registry { try Registry(FilePath("\(path)/patches")) }

    /// The location of the code in a folder, as the base of a pull request.
    func source(_ folder: String, at home: String) -> PullRequestBase {
        .source(SourceText(folder: FilePath("\(path)/\(folder)")), Home(path: home, version: nil), label: folder)
    }

    func request(to project: String = "plain", for base: PullRequestBase = .registry(variant: nil)) throws -> PullRequest {
        let registry = try registry()
        return try PullRequest(
            try registry.entry(named: "gap"), to: try projects.project(named: project), for: base, projects: projects, registry: registry)
    }

    func bundle(_ request: PullRequest, evidence: [EvidenceRow] = []) throws -> PullRequestBundle {
        try PullRequestBundle(
            request, by: try Author(name: "Zoë Tester", email: "zoe@example.org"),
            date: MailDate(seconds: 1_700_000_000),
            evidence: evidence, currency: .newest("commit 1"))
    }

    @discardableResult
    func git(_ arguments: String..., in folder: String) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["git", "-C", "\(path)/\(folder)"] + arguments
        process.environment = [
            "PATH": "/usr/bin:/bin", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "HOME": path,
            "GIT_COMMITTER_NAME": "C", "GIT_COMMITTER_EMAIL": "c@example.org", "GIT_AUTHOR_NAME": "U", "GIT_AUTHOR_EMAIL": "u@example.org",
        ]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(text)")
        return text
    }

    /// A clean checkout with the upstream's code at a path.
    func checkout(_ folder: String, at home: String) throws {
        try write("\(folder)/\(home)/fs/read.go", Self.code)
        try git("init", "-q", in: folder)
        try git("add", "-A", in: folder)
        try git("commit", "-q", "-m", "upstream", in: folder)
    }
}
