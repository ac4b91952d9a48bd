import FileSystem
import FoundationEssentials
import Host
import Model
import SystemPackage
import Testing

@testable import Sources

/// A folder in place of `/`, with some files of `etc`.
private func root(_ files: [String: String]) throws -> FilePath {
    let path = FilePath(FileManager.default.temporaryDirectory.appending(path: "ninepin-etc-\(UUID())").path)
    for (name, text) in files.merging(["os-release": "ID=debian\nVERSION_CODENAME=bookworm\n"], uniquingKeysWith: { given, _ in given }) {
        let file = path.appending("etc").appending(name)
        try Files.makeDirectory(file.removingLastComponent())
        try Files.write(text, to: file)
    }
    return path
}

@Suite("The machine's own mirror")
struct MachineSourcesTests {
    private let deb822 = """
        # a comment
        Types: deb
        URIs: http://security.example.org/debian-security
        Suites: bookworm-security
        Components: main
        Signed-By: /usr/share/keyrings/other.gpg

        Types: deb deb-src
        URIs: http://mirror.example.org/debian
        Suites: bookworm bookworm-updates
        Components: main contrib
        Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
        """

    @Test("it is the entry for the machine's own release, in either form of apt's files")
    func found() throws {
        for files in [
            ["apt/sources.list.d/debian.sources": deb822],
            [
                "apt/sources.list":
                    "# x\ndeb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://mirror.example.org/debian bookworm main\n"
            ],
            ["apt/sources.list.d/d.list": "deb-src http://mirror.example.org/debian bookworm contrib main\n"],
        ] {
            let path = try root(files)
            defer { try? Files.remove(path) }
            let machine = try MachineSources(root: path)
            #expect(machine.address == "http://mirror.example.org/debian")
            #expect(machine.keyring == MachineSources.debianKeyring)
        }
    }

    @Test(
        "a disabled entry, another release's, and one without main are not taken, and the error says what to do",
        arguments: [
            "Enabled: no\nTypes: deb\nURIs: http://m.example.org/debian\nSuites: bookworm\nComponents: main\n",
            "Types: deb\nURIs: http://m.example.org/debian\nSuites: trixie\nComponents: main\n",
            "Types: deb\nURIs: http://m.example.org/debian\nSuites: bookworm\nComponents: contrib\n", "",
        ])
    func notFound(_ text: String) throws {
        let path = try root(["apt/sources.list.d/debian.sources": text])
        defer { try? Files.remove(path) }
        let error = #expect(throws: SourceError.self) { try MachineSources(root: path) }
        #expect(error?.description.contains("bookworm") == true)
    }

    @Test("a file of apt's that cannot be read is told where no other file has the entry, and hides none that has it")
    func unreadable() throws {
        let path = try root(["apt/sources.list.d/other.sources": ""])
        defer { try? Files.remove(path) }
        try Files.makeDirectory(path.appending("etc/apt/sources.list.d/debian.sources"))
        let error = #expect(throws: FileError.self) { try MachineSources(root: path) }
        #expect(error?.path.lastComponent == "debian.sources")
        try Files.write(deb822, to: path.appending("etc/apt/sources.list.d/other.sources"))
        #expect(try MachineSources(root: path).address == "http://mirror.example.org/debian")
    }

    @Test("a folder of apt's, or the file that names the release, that cannot be read is an error of its own", arguments: [true, false])
    func unreadablePlace(_ isFolder: Bool) throws {
        let path = try root([:])
        defer { try? Files.remove(path) }
        let place = path.appending(isFolder ? "etc/apt/sources.list.d" : "etc/os-release")
        try Files.remove(place)
        try Files.makeDirectory(place.removingLastComponent())
        if isFolder { try Files.write("no folder", to: place) } else { try Files.makeDirectory(place) }
        #expect(throws: FileError.self) { try MachineSources(root: path) }
    }

    @Test(
        "the upstream part of a version is all before the last dash, without an epoch",
        arguments: [
            ("1.20.5+really1.20.2-1.1+deb12u1", "1.20.5+really1.20.2"), ("2:1.0-rc1-3", "1.0-rc1"), ("1.0", "1.0"),
        ])
    func upstreamPart(_ version: String, _ upstream: String) { #expect(DebianIndex.upstreamPart(of: version) == upstream) }
}
