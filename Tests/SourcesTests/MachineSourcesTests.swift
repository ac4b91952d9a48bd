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
    let keys = path.appending("usr/share/keyrings")
    try Files.makeDirectory(keys)
    try Files.write("", to: keys.appending("debian-archive-keyring.gpg"))
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
            let keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
            #expect([keyring, "\(path)\(keyring)"].contains(machine.keyring))
        }
    }

    @Test(
        "a disabled entry, another release's, and one without main are not taken, and the error says what to do",
        arguments: [
            "Enabled: no\nTypes: deb\nURIs: http://m.example.org/debian\nSuites: bookworm\nComponents: main\n",
            "Types: deb\nURIs: http://m.example.org/debian\nSuites: trixie\nComponents: main\n",
            "Types: deb\nURIs: http://m.example.org/debian\nSuites: bookworm\nComponents: contrib\n", "",
            "Types: deb\nURIs: http://m.example.org/[signed-by=/mine]\nSuites: bookworm\nComponents: main\n",
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

    @Test("a host's environment names the mirror and the keys")
    func environment() throws {
        let path = try root([:])
        defer { try? Files.remove(path) }
        let keys = path.appending("usr/share/keyrings/debian-archive-keyring.gpg").string
        let host = Host(
            environment: ["NINEPIN_DEBIAN_MIRROR": "http://m.example.org/debian", "NINEPIN_DEBIAN_KEYRING": keys],
            workspace: path.appending("w"), project: path, isRoot: false, machine: path.appending("elsewhere"))
        let found = try MachineSources(host)
        #expect(found.address == "http://m.example.org/debian" && found.keyring == keys)
    }

    @Test("a mirror that is named wins over apt's sources, and works on a machine without any")
    func named() throws {
        let path = try root(["apt/sources.list.d/debian.sources": deb822])
        defer { try? Files.remove(path) }
        let named = "https://named.example.org/debian"
        #expect(try MachineSources(root: path, mirror: named).address == "https://named.example.org/debian")
        #expect(
            try MachineSources(root: path, mirror: "").address == "http://mirror.example.org/debian")
        try Files.write("ID=fedora\nVERSION_ID=44\n", to: path.appending("etc/os-release"))
        try Files.remove(path.appending("etc/apt"))
        let error = #expect(throws: SourceError.self) { try MachineSources(root: path) }
        #expect(error?.description.contains("fedora 44") == true && error?.description.contains("Set NINEPIN_DEBIAN_MIRROR") == true)
        let found = try MachineSources(root: path, mirror: named)
        #expect(found.address == "https://named.example.org/debian")
        #expect(found.keyring == "\(path)/usr/share/keyrings/debian-archive-keyring.gpg")
    }

    @Test(
        "what is no address is refused, and is not repeated: a line of apt's sources is made of it",
        arguments: [
            "debian", "ftp://m/debian", "http://m/debian sid", "http://m/\ndeb http://n/ sid main", "http://m/[trusted=yes]",
            "http://m/\u{1B}c",
        ])
    func noAddress(_ text: String) throws {
        let path = try root([:])
        defer { try? Files.remove(path) }
        let error = #expect(throws: SourceError.self) {
            try MachineSources(root: path, mirror: text)
        }
        #expect(error?.description.contains("NINEPIN_DEBIAN_MIRROR is not the address") == true)
        #expect(error?.description.contains(text) == false)
    }

    @Test("another distribution's entry for its own release is not Debian's; one that Debian's keys verify is")
    func otherDistribution() throws {
        let path = try root([
            "os-release": "ID=ubuntu\nVERSION_ID=24.04\nVERSION_CODENAME=noble\n",
            "apt/sources.list": "deb http://ubuntu.example.org/ubuntu noble main\n",
        ])
        defer { try? Files.remove(path) }
        #expect(throws: SourceError.self) { try MachineSources(root: path) }
        let keys = "/usr/share/keyrings/debian-archive-bookworm-stable.gpg"
        let lines = ["bookworm-security", "bookworm"].map { "deb [signed-by=\(keys)] http://mirror.example.org/\($0) \($0) main\n" }
        try Files.makeDirectory(path.appending("etc/apt/sources.list.d"))
        try Files.write(lines.joined(), to: path.appending("etc/apt/sources.list.d/debian.list"))
        let found = try MachineSources(root: path)
        #expect(found.address == "http://mirror.example.org/bookworm" && found.keyring == keys)
    }

    @Test("a setting for the keys counts more than apt's own entry")
    func namedKeys() throws {
        let path = try root([
            "apt/sources.list":
                "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://mirror.example.org/debian bookworm main\n"
        ])
        defer { try? Files.remove(path) }
        let keys = path.appending("mine")
        #expect(throws: SourceError.self) { try MachineSources(root: path, keys: keys.string) }
        try Files.write("", to: keys)
        #expect(try MachineSources(root: path, keys: keys.string).keyring == keys.string)
    }

    @Test("the keys come from the setting, then from the workspace, then from the machine; without any, the package is named")
    func keys() throws {
        let path = try root(["apt/sources.list": "deb http://mirror.example.org/debian bookworm main\n"])
        defer { try? Files.remove(path) }
        let places = [
            "mine", "w/tools/keyring/usr/share/keyrings/debian-archive-keyring.gpg", "usr/share/keyrings/debian-archive-keyring.gpg",
        ].map {
            path.appending($0)
        }
        for place in places.prefix(2) {
            try Files.makeDirectory(place.removingLastComponent())
            try Files.write("", to: place)
        }
        for (keys, place) in zip([places[0].string, nil, nil], places) {
            #expect(try MachineSources(root: path, keys: keys, workspace: path.appending("w")).keyring == place.string)
            try Files.remove(place)
        }
        // A named file that is not there is not replaced by another one.
        let named = #expect(throws: SourceError.self) { try MachineSources(root: path, keys: places[0].string) }
        #expect(named?.description.contains("NINEPIN_DEBIAN_KEYRING is not a file with keys: \(places[0])") == true)
        let error = #expect(throws: SourceError.self) { try MachineSources(root: path) }
        #expect(error?.description.contains("debian-archive-keyring (on Fedora debian-keyring)") == true)
    }

    @Test(
        "the upstream part of a version is all before the last dash, without an epoch",
        arguments: [
            ("1.20.5+really1.20.2-1.1+deb12u1", "1.20.5+really1.20.2"), ("2:1.0-rc1-3", "1.0-rc1"), ("1.0", "1.0"),
        ])
    func upstreamPart(_ version: String, _ upstream: String) { #expect(DebianIndex.upstreamPart(of: version) == upstream) }
}
