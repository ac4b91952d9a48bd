import FileSystem
import Foundation
import Model
import Platforms
import Sources
import SystemPackage
import Testing

/// A machine as `setup --plan --root` sees it: `etc/os-release`, apt's sources, and perhaps Debian's keys.
private struct Machine {
    let place: ProjectFixture
    var root: String { "\(place.path)/machine" }

    init(id: String, version: String, suite: String = "", files: [String: String] = [:], hasKeys: Bool = true) throws {
        place = try ProjectFixture()
        let release = "NAME=\"x\"\nID=\(id)\nVERSION_ID=\"\(version)\"\n" + (suite.isEmpty ? "" : "VERSION_CODENAME=\(suite)\n")
        _ = try place.write("machine/etc/os-release", release)
        for (name, text) in files { _ = try place.write("machine/etc/apt/\(name)", text) }
        if hasKeys { _ = try place.write("machine/usr/share/keyrings/debian-archive-keyring.gpg", "") }
        for name in ["apt-get", "apt-cache", "dnf", "swift", "dpkg-query", "rpm", "python3", "curl"] {
            let file = try place.write("bin/\(name)", "#!/bin/sh\necho \"\(name) $*\" >> '\(place.path)/calls'\nexit 1\n")
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file)
        }
    }

    /// Runs the plan with stand-ins for everything that installs or fetches.
    func plan(_ arguments: [String] = [], mirror: String? = nil, environment: [String: String] = [:]) throws -> (
        status: Int32, lines: [String]
    ) {
        let process = Process()
        process.executableURL = Tool.project.appending(path: "setup")
        process.arguments = ["--plan", "--root", root] + arguments
        process.environment = ["PATH": "\(place.path)/bin:/usr/bin:/bin", "NINEPIN_WORKSPACE": "\(place.path)/workspace"].merging(
            mirror.map { [MachineSources.mirrorVariable: $0] } ?? [:]
        ) { $1 }.merging(environment) { $1 }
        let pipe = Pipe()
        (process.standardOutput, process.standardError) = (pipe, pipe)
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, output.split(separator: "\n").map(String.init))
    }

    var wasAnythingCalled: Bool { FileManager.default.fileExists(atPath: "\(place.path)/calls") }
    var wasAnythingWritten: Bool { FileManager.default.fileExists(atPath: "\(place.path)/workspace") }
}

extension [String] {
    /// The words of the plan's line for a subject.
    fileprivate func words(_ kind: String, _ name: String) -> [String] {
        let line = first { $0.split(separator: " ").prefix(2).map(String.init) == [kind, name] } ?? ""
        return line.split(separator: " ").dropFirst(2).map(String.init)
    }
}

@Suite("The plan of setup, for each platform")
struct SetupPlanTests {
    @Test("setup and ninepin say the same of every platform, and the plan starts nothing and writes nothing")
    func agreement() throws {
        let releases = [
            ("debian", "12"), ("debian", "13"), ("debian", "9"), ("ubuntu", "22.04"), ("ubuntu", "24.04"), ("fedora", "43"),
            ("fedora", "44"),
            ("alpine", "3.22"), ("plan9", "4"),
        ]
        for (id, version) in releases {
            let machine = try Machine(id: id, version: version)
            for architecture in ["amd64", "arm64", "riscv64"] {
                let platform = PlatformTable.standard.platform(OSRelease("ID=\(id)\nVERSION_ID=\(version)"), architecture: architecture)
                let (status, lines) = try machine.plan(["--arch", architecture])
                #expect(status == (platform.isSupported ? 0 : 69), "\(lines)")
                let words = lines.words("platform", "\(id)-\(version)").joined(separator: " ")
                #expect(words == "\(architecture), \(platform.status.rawValue): \(platform.why)", "\(lines)")
            }
            #expect(!machine.wasAnythingCalled && !machine.wasAnythingWritten)
        }
    }

    @Test("each platform has its own names for the packages, and a Go for kubelet 1.20 from its own or from Debian 12's index")
    func packages() throws {
        struct Expected {
            let id, version, manager: String
            let libraries, sources, go: [String]
            let borrowed: [String]
        }
        let go = ["bookworm", "golang-1.19-go", "golang-1.19-src"]
        let libraries = ["libgit2-dev", "libcurl4-openssl-dev", "libarchive-dev", "zlib1g-dev", "libsqlite3-dev", "pkg-config"]
        let debian = ["dpkg-dev", "xz-utils", "zstd", "debian-archive-keyring"]
        for expected in [
            Expected(
                id: "debian", version: "12", manager: "apt-get", libraries: libraries, sources: debian, go: ["golang-1.19-go"], borrowed: []
            ),
            Expected(id: "debian", version: "13", manager: "apt-get", libraries: libraries, sources: debian, go: ["none"], borrowed: go),
            Expected(id: "ubuntu", version: "22.04", manager: "apt-get", libraries: ["none"], sources: debian, go: ["none"], borrowed: go),
            Expected(id: "ubuntu", version: "24.04", manager: "apt-get", libraries: libraries, sources: debian, go: ["none"], borrowed: go),
            Expected(
                id: "fedora", version: "44", manager: "dnf",
                libraries: [
                    "libgit2-devel", "libcurl-devel", "libarchive-devel", "zlib-ng-compat-devel", "sqlite-devel", "pkgconf-pkg-config",
                ],
                sources: ["apt", "dpkg", "dpkg-dev", "xz", "zstd", "debian-keyring"], go: ["none"], borrowed: go),
        ] {
            for architecture in ["amd64", "arm64"] {
                let (status, lines) = try Machine(id: expected.id, version: expected.version).plan(["--arch", architecture])
                #expect(status == 0)
                #expect(lines.words("program", expected.manager) != [], "\(lines)")
                #expect(lines.words("packages", "libraries") == expected.libraries)
                #expect(lines.words("packages", "sources") == expected.sources)
                #expect(lines.words("packages", "go") == expected.go)
                #expect(lines.words("borrowed", "go-1.19") == expected.borrowed)
                #expect(lines.words("borrowed", "runsc") == ["trixie", "runsc"])
                #expect(lines.words("packages", "node").contains("containerd"))
                // Its own keyring is older than Debian 12's keys.
                let keyring = expected.version == "22.04" ? ["bullseye", "debian-archive-keyring"] : []
                #expect(lines.words("borrowed", "keyring") == keyring)
            }
        }
    }

    @Test("the platform can be named instead, and what is no option is refused")
    func named() throws {
        let machine = try Machine(id: "devuan", version: "6")
        #expect(try machine.plan().status == 69)
        let (status, lines) = try machine.plan(["--platform", "debian-13"])
        #expect(status == 0 && lines.first?.hasPrefix("platform   debian-13") == true, "\(lines)")
        for wrong in [["--platform"], ["dance"], ["--arch"]] { #expect(try machine.plan(wrong).status == 64) }
    }

    @Test("shellcheck has nothing against the scripts")
    func shell() async throws {
        let scripts = ["setup", "packaging/try-platform", "packaging/try-image", "packaging/dist", "packaging/deb"].map {
            Tool.project.appending(path: $0).path
        }
        let found = try await Checkers.run("shellcheck", scripts, in: try ProjectFixture())
        #expect(found.status == 0, "\(found.output)")
    }

    @Test(
        "setup takes the Debian mirror that ninepin takes from a configuration file, and refuses a form that it cannot read",
        arguments: [
            ("mirrors:\n  debian: http://m.example.org/debian\n", true),
            (
                "jobs: 3\nmirrors:  # all\n    https://deb.example.org/: http://z/\n    debian: \"http://m.example.org/d\"  # ours\ngc:\n  keep: 2h\n",
                true
            ),
            ("mirrors:\n  debian: 'http://m.example.org/d#1'\r\n", true), ("mirrors:\n  https://x/debian: http://n\n", true),
            ("# debian: x\njobs: 2\n", true), ("", true), ("mirrors: {debian: http://m}\n", false),
            ("{mirrors: {debian: http://m}}", false),
            ("mirrors:\n  \"debian\": http://m\n", false), ("mirrors:\n  debian:\n    http://m\n", false),
            ("mirrors:\n  debian: |\n    http://m\n", false), ("mirrors:\n  debian: !!str http://m\n", false),
            ("mirrors: &m\n  debian: http://m\n", false), ("? mirrors\n: debian: http://m\n", false),
        ])
    func configured(_ text: String, _ isRead: Bool) throws {
        let machine = try Machine(id: "fedora", version: "44")
        let file = try machine.place.write("config.yaml", text)
        let (status, lines) = try machine.plan(environment: ["NINEPIN_CONFIG": file])
        if isRead {
            let ours = try Settings(yaml: text, file: file, owner: .user).mirrors.debian
            #expect(lines.words("debian", "mirror").first == ours ?? "unknown:", "\(lines)")
        } else {
            #expect(
                status == 69 && lines.contains { $0.contains("not written in the form") } && lines.last?.contains("debian: ADDRESS") == true
            )
        }
    }

    @Test("the variable comes before the project's file, and that before the user's own, wherever it is; what is no address is refused")
    func configurationOrder() throws {
        let machine = try Machine(id: "fedora", version: "44")
        func mirror(_ environment: [String: String]) throws -> String? {
            try machine.plan(environment: environment).lines.words("debian", "mirror").first
        }
        for (file, name) in [
            ("home/.config/ninepin/config.yaml", "home"), ("xdg/ninepin/config.yaml", "xdg"), ("project/ninepin.yaml", "project"),
        ] {
            _ = try machine.place.write(file, "mirrors:\n  debian: http://\(name).example.org/\n")
        }
        let place = machine.place.path
        var environment = ["HOME": "\(place)/home"]
        #expect(try mirror(environment) == "http://home.example.org/")
        environment["XDG_CONFIG_HOME"] = "\(place)/xdg"
        #expect(try mirror(environment) == "http://xdg.example.org/")
        environment["NINEPIN_PROJECT"] = "\(place)/project:/elsewhere"
        #expect(try mirror(environment) == "http://project.example.org/")
        environment[MachineSources.mirrorVariable] = "http://named.example.org/"
        #expect(try mirror(environment) == "http://named.example.org/")
        for wrong in ["ftp://x/", "http://[x]/"] {
            let file = try machine.place.write("wrong.yaml", "mirrors:\n  debian: \(wrong)\n")
            let (status, lines) = try machine.plan(environment: ["NINEPIN_CONFIG": file])
            #expect(status == 69 && lines.contains { $0.contains("\(file) is not an address") }, "\(lines)")
        }
    }

    @Test("setup and ninepin choose the same mirror and the same keys, or both say that there are none")
    func mirrors() throws {
        let ubuntu = "Types: deb\nURIs: http://ubuntu.example.org/ubuntu\nSuites: noble noble-updates\nComponents: main universe\n"
        let debian = "deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://d.example.org/debian trixie main\n"
        let security = "deb [signed-by=/k/debian-archive-keyring.gpg] http://s.example.org/debian trixie-security main\n"
        let off = "Enabled: no\nTypes: deb\nURIs: http://off.example.org/debian\nSuites: trixie\nComponents: main\n"
        let own = "Types: deb\nURIs: http://own.example.org/debian\nSuites: trixie trixie-updates\nComponents: main\n"
        let cases: [(machine: Machine, mirror: String?, found: String?)] = [
            (
                try Machine(id: "debian", version: "13", suite: "trixie", files: ["sources.list.d/a.sources": own]), nil,
                "http://own.example.org/debian"
            ),
            (
                try Machine(id: "debian", version: "13", suite: "trixie", files: ["sources.list": debian]), nil,
                "http://d.example.org/debian"
            ),
            (try Machine(id: "debian", version: "13", suite: "trixie", files: ["sources.list.d/a.sources": off]), nil, nil),
            (try Machine(id: "debian", version: "13", suite: "trixie", files: ["sources.list.d/a.sources": own], hasKeys: false), nil, nil),
            (try Machine(id: "ubuntu", version: "24.04", suite: "noble", files: ["sources.list.d/u.sources": ubuntu]), nil, nil),
            (
                try Machine(
                    id: "ubuntu", version: "24.04", suite: "noble",
                    files: ["sources.list.d/u.sources": ubuntu, "sources.list.d/debian.list": security + debian]), nil,
                "http://d.example.org/debian"
            ),
            (
                try Machine(id: "ubuntu", version: "24.04", suite: "noble", files: ["sources.list.d/u.sources": ubuntu]),
                "https://named.example.org/debian", "https://named.example.org/debian"
            ),
            (try Machine(id: "fedora", version: "44"), "http://named.example.org/debian", "http://named.example.org/debian"),
            (try Machine(id: "fedora", version: "44"), nil, nil),
            (try Machine(id: "fedora", version: "44"), "http://a b", nil), (try Machine(id: "fedora", version: "44"), "named", nil),
            (try Machine(id: "fedora", version: "44"), "http://[a]/", nil),
        ]
        for (machine, mirror, found) in cases {
            var ours: MachineSources?
            do { ours = try MachineSources(root: FilePath(machine.root), mirror: mirror) } catch is SourceError {}
            #expect(ours?.address == found)
            let (_, lines) = try machine.plan(mirror: mirror)
            let (told, keys) = (lines.words("debian", "mirror"), lines.words("debian", "keyring"))
            if let ours {
                #expect(told.first == found && keys == [ours.keyring], "\(lines)")
            } else {
                #expect(told.isEmpty || told.first == "unknown:" || keys.count > 1, "\(lines)")
            }
        }
    }
}
