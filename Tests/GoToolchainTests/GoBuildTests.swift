import FileSystem
import FoundationEssentials
import Glibc
import Host
import Model
import SystemPackage
import Testing

@testable import GoToolchain

/// A tiny tree with its own GOPATH, built by the Go that ./setup installs. All tests share one build cache, so that Go's runtime is
/// compiled only once.
private final class GoBuildFixture: Sendable {
    static let cache: FilePath = {
        atexit { try? Files.remove(GoBuildFixture.cachePlace) }
        return cachePlace
    }()
    private static let cachePlace = FilePath(
        FileManager.default.temporaryDirectory.appending(path: "ninepin-go-cache-\(ProcessInfo.processInfo.processIdentifier)").path)
    let path = FilePath(FileManager.default.temporaryDirectory.appending(path: "ninepin-go-\(UUID())").path)
    let host: Host
    let place: GoPlace

    init(_ mode: Target.Mode, _ files: [String: String]) throws {
        host = Host(environment: ["PATH": "/usr/bin:/bin"], workspace: path, project: path, isRoot: false)
        place = GoPlace(
            path: path.appending("gopath"), importPath: "example.org/tree", mode: mode, cache: Self.cache,
            modules: path.appending("modules"))
        for (name, text) in files {
            let file = place.tree.pushing(FilePath(name))
            try Files.makeDirectory(file.removingLastComponent())
            try Files.write(text, to: file)
        }
        try Files.makeDirectory(path.appending("tmp"))
    }

    deinit { try? Files.remove(path) }

    func build(touched: [String], pedigree: Pedigree? = nil, flags: [String] = [], isToldAnything: Bool = false) async throws -> (
        binary: FilePath, reached: [String]
    ) {
        var go = try GoToolchain.find(try #require(VersionRange(">=1.19")), on: host)
        go.isToldAnything = isToldAnything
        let target = Target(package: "cmd/tool", flags: flags, environment: ["CGO_ENABLED": "0"], mode: place.mode)
        let build = GoBuild(target, at: place, with: go, pedigree: pedigree, temporary: path.appending("tmp"), on: host)
        let binary = path.appending("tool")
        return (binary, try await build.run(output: binary, touched: touched) { _ in })
    }
}

@Suite("A build tells the truth about what is in the binary", .serialized)
struct GoBuildTests {
    private static let main = "package main\n\nimport \"example.org/lib/used\"\n\nfunc main() { println(used.Answer()) }\n"
    private static let vendored = [
        "cmd/tool/main.go": main,
        "vendor/example.org/lib/used/used.go": "package used\n\nfunc Answer() string { return \"vendored\" }\n",
        "vendor/example.org/lib/used/used_plan9.go": "package used\n",
        "vendor/example.org/lib/unused/unused.go": "package unused\n",
    ]
    private static let used = "vendor/example.org/lib/used/used.go"

    @Test(
        "a touched file that is compiled in is shown with its package, in GOPATH and in vendor mode",
        arguments: [Target.Mode.gopath, .vendor])
    func reached(_ mode: Target.Mode) async throws {
        var files = Self.vendored
        if mode == .vendor {
            files["go.mod"] = "module example.org/tree\n\ngo 1.16\n\nrequire example.org/lib v1.0.0\n"
            files["vendor/modules.txt"] = "# example.org/lib v1.0.0\n## explicit\nexample.org/lib/used\n"
        }
        let fixture = try GoBuildFixture(mode, files)
        let (binary, reached) = try await fixture.build(touched: [Self.used, "vendor/example.org/lib/used/used_test.go", "README.md"])
        #expect(reached.count == 1)
        #expect(reached.first?.hasSuffix("example.org/lib/used") == true)
        let said = try await Command(binary, [], environment: [:], on: fixture.host).watch("") { said, event, _ in
            if case .line(_, let line) = event { said += String(decoding: line, as: UTF8.self) }
            return .proceed
        }
        #expect(said.0 == "vendored")
    }

    @Test(
        "a touched file that is not compiled in fails the build, with the reason",
        arguments: [
            ("vendor/example.org/lib/unused/unused.go", "which the target does not depend on"),
            ("vendor/example.org/lib/used/used_plan9.go", "excluded by its build constraints"),
        ])
    func notReached(_ file: String, _ reason: String) async throws {
        let fixture = try GoBuildFixture(.gopath, Self.vendored)
        let error = await #expect(throws: PatchNotReached.self) { try await fixture.build(touched: [file]) }
        #expect(error?.file == file)
        #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
    }

    @Test("when another copy of the package is compiled, the error names the file that was compiled instead")
    func instead() async throws {
        var files = Self.vendored
        // A second copy that nothing imports: the patch was applied to the wrong one.
        files["third/example.org/lib/used/used.go"] = "package used\n"
        let fixture = try GoBuildFixture(.gopath, files)
        let error = await #expect(throws: PatchNotReached.self) {
            try await fixture.build(touched: ["third/example.org/lib/used/used.go"])
        }
        #expect(error?.instead?.hasSuffix("vendor/example.org/lib/used/used.go") == true, "\(String(describing: error))")
    }

    @Test("in module mode a copy in the tree is what is compiled, and go.mod itself stays as it is")
    func modules() async throws {
        let goMod = "module example.org/tree\n\ngo 1.16\n\nrequire example.org/lib v1.0.0\n"
        let copy = "\(GoPlace.copies)/example.org/lib"
        let fixture = try GoBuildFixture(
            .modules,
            [
                "cmd/tool/main.go": Self.main, "go.mod": goMod, "\(copy)/go.mod": "module example.org/lib\n\ngo 1.16\n",
                "\(copy)/used/used.go": "package used\n\nfunc Answer() string { return \"copied\" }\n",
                GoPlace.sumFile: "",
            ])
        let go = try GoToolchain.find(try #require(VersionRange(">=1.19")), on: fixture.host)
        let target = Target(package: "cmd/tool", flags: [], environment: [:], mode: .modules)
        let temporary = fixture.path.appending("tmp")
        let modules = GoModules(target, at: fixture.place, with: go, temporary: temporary, on: fixture.host)
        let text = try await modules.modFile(replacing: ["example.org/lib"], in: temporary)
        try Files.write(text, to: fixture.place.tree.appending(GoPlace.modFile))
        let (_, reached) = try await fixture.build(touched: ["\(copy)/used/used.go"])
        #expect(reached == ["example.org/lib/used"])
        #expect(try Files.readText(fixture.place.tree.appending("go.mod")) == goMod)
    }

    @Test(
        "what Go is told is looked at once more where it is told: a lock's words may have become flags",
        arguments: ["-toolexec=@TRAP@", "-ldflags=-X a.b=1 -extld=@TRAP@ -linkmode=external"])
    func code(_ flag: String) async throws {
        let fixture = try GoBuildFixture(.gopath, Self.vendored)
        let trap = fixture.path.appending("trap")
        try Files.write("#!/bin/sh\ntouch '\(trap).sprung'\nexec \"$@\"\n", to: trap, mode: 0o755)
        let flags = [flag.replacing("@TRAP@", with: trap.string)]
        await #expect(throws: RecipeIsCode.self) { try await fixture.build(touched: [], flags: flags) }
        #expect(!Files.exists(FilePath("\(trap).sprung")))
        // With permission, Go receives the flag anyway: that is what the permission is for.
        _ = try? await fixture.build(touched: [], flags: flags, isToldAnything: true)
        #expect(Files.exists(FilePath("\(trap).sprung")))
    }

    @Test(
        "a flag that is to set a variable of a package which is not in the build fails the build, and names the one that may be meant",
        arguments: [
            ("example.org/lib/used.Word=new", "example.org/tree/vendor/example.org/lib/used"),
            ("example.org/tree/cmd/tool.word=new", "main"),
            ("example.org/tree/vendor/example.org/lib/unused.Word=new", nil),
            ("other.org/lib/used.Word=new", "example.org/tree/vendor/example.org/lib/used"),
        ])
    func unreachedFlag(_ flag: String, _ near: String?) async throws {
        let fixture = try GoBuildFixture(.gopath, Self.vendored)
        for flags in [["-ldflags=-s -X \(flag)"], ["-ldflags", "-X=\(flag)"], ["--ldflags=all=-X '\(flag)'"]] {
            let error = await #expect(throws: FlagNotReached.self) { try await fixture.build(touched: [], flags: flags) }
            #expect(error?.flag == flag && error?.package == String(flag.prefix { $0 != "=" }.dropLast(5)), "\(String(describing: error))")
            if let near { #expect(error?.near == near) }
        }
    }

    @Test("a flag that sets a variable of a package in the build sets it: of vendor/, of Go's own, of the program")
    func reachedFlag() async throws {
        var files = Self.vendored
        files["cmd/tool/main.go"] = Self.main.replacing("func main", with: "var word string\n\nfunc main")
        files["vendor/example.org/lib/used/used.go"] = "package used\n\nvar Word = \"old\"\n\nfunc Answer() string { return Word }\n"
        let fixture = try GoBuildFixture(.gopath, files)
        let words = ["-X example.org/tree/vendor/example.org/lib/used.Word=new", "-X main.word=x", "-X runtime.buildVersion=y"]
        let (binary, _) = try await fixture.build(touched: [], flags: ["-ldflags=\(words.joined(separator: " "))"])
        let said = try await Command(binary, [], environment: [:], on: fixture.host).watch("") { said, event, _ in
            if case .line(_, let line) = event { said += String(decoding: line, as: UTF8.self) }
            return .proceed
        }
        #expect(said.0 == "new")
    }

    @Test("Go follows the tree's own go.work in a workspace, and in no other mode", arguments: Target.Mode.allCases)
    func workFile(_ mode: Target.Mode) throws {
        let fixture = try GoBuildFixture(mode, ["go.work": "go 1.22\nuse .\n"])
        let go = try GoToolchain.find(try #require(VersionRange(">=1.19")), on: fixture.host)
        let command = try GoBuild(Target(package: "cmd/tool"), at: fixture.place, with: go, temporary: fixture.path, on: fixture.host).go([]
        )
        #expect(command.environment["GOWORK"] == (mode == .workspace ? "\(fixture.place.tree)/go.work" : "off"))
        #expect((command.environment["GOFLAGS"] ?? "").contains("-mod=vendor") == [.vendor, .workspace].contains(mode))
    }

    @Test("a variable that a recipe leaves empty is empty to Go, whatever the flags of the machine are")
    func emptied() async throws {
        let fixture = try GoBuildFixture(.gopath, Self.vendored)
        let go = try GoToolchain.find(try #require(VersionRange(">=1.19")), on: fixture.host)
        let target = Target(package: "cmd/tool", environment: ["CGO_CFLAGS": "", "GOFLAGS": "", "GOARCH": ""])
        let command = try GoBuild(target, at: fixture.place, with: go, temporary: fixture.path.appending("tmp"), on: fixture.host).go([
            "env", "CGO_CFLAGS", "GOARCH",
        ])
        #expect(command.settings["CGO_CFLAGS"] == "")
        #expect(try await command.output() == "-g -O2\n\(Architecture.machine.rawValue)\n")
    }

    @Test("a recipe's variables reach Go and what Go starts, and nothing that starts Go")
    func environment() async throws {
        let fixture = try GoBuildFixture(.gopath, Self.vendored)
        let go = try GoToolchain.find(try #require(VersionRange(">=1.19")), on: fixture.host)
        let traps = fixture.path.appending("traps")
        try Files.makeDirectory(traps)
        for name in ["unshare", "setpriv", "nsenter", "sh", "go", "git"] {
            try Files.write("#!/bin/sh\ntouch '\(traps)/sprung'\n", to: traps.appending(name), mode: 0o755)
        }
        let chosen = ["PATH": traps.string, "LD_PRELOAD": "/no/such/library.so", "CC": "/no/such/cc"]
        var free = go
        free.isToldAnything = true
        let target = Target(package: "cmd/tool", flags: [], environment: chosen, mode: .gopath)
        let command = try GoBuild(target, at: fixture.place, with: free, temporary: fixture.path.appending("tmp"), on: fixture.host).go([
            "env", "CC",
        ])
        #expect(command.environment["PATH"] == fixture.host.plainEnvironment["PATH"] && command.environment["LD_PRELOAD"] == nil)
        #expect(command.program == go.program)
        #expect(try await command.output() == "/no/such/cc\n")
        #expect(!Files.exists(traps.appending("sprung")))
        #expect(throws: RecipeIsCode.self) {
            try GoBuild(target, at: fixture.place, with: go, temporary: fixture.path.appending("tmp"), on: fixture.host).go([])
        }
    }

    @Test("a build that is to have no network has none by the recipe's word either; one that fetches modules asks the recipe's proxy")
    func offline() async throws {
        let fixture = try GoBuildFixture(.vendor, [:])
        let go = try GoToolchain.find(try #require(VersionRange(">=1.19")), on: fixture.host)
        let chosen = [
            "GOPROXY": "https://proxy.invalid", "GOPRIVATE": "*", "GONOPROXY": "*", "GOSUMDB": "sum.invalid", "GONOSUMDB": "*",
            "GOVCS": "*:all",
            "GOINSECURE": "*", "GONOSUMCHECK": "1", "https_proxy": "http://proxy.invalid", "GOARCH": "arm64",
        ]
        var free = go
        free.isToldAnything = true
        let build = GoBuild(
            Target(package: "cmd/tool", environment: chosen), at: fixture.place, with: free, temporary: fixture.path.appending("tmp"),
            on: fixture.host)
        let asked = ["env", "GOPROXY", "GOPRIVATE", "GONOPROXY", "GOSUMDB", "GONOSUMDB", "GOINSECURE", "GOARCH"]
        try Files.makeDirectory(fixture.place.tree)
        let command = try build.go(asked)
        #expect(command.settings == ["GOARCH": "arm64"])
        #expect(try await command.output() == "off\n\n\noff\n\n\narm64\n")
        #expect(try await build.go(asked, online: true).output() == "https://proxy.invalid\n*\n*\nsum.invalid\n*\n*\narm64\n")
    }

    @Test("a recipe's GOFLAGS come before Ninepin's own, and so cannot undo them")
    func goFlags() throws {
        let fixture = try GoBuildFixture(.vendor, [:])
        let go = try GoToolchain.find(try #require(VersionRange(">=1.19")), on: fixture.host)
        let target = Target(package: "cmd/tool", environment: ["GOFLAGS": "-tags=a -mod=readonly"])
        let command = try GoBuild(target, at: fixture.place, with: go, temporary: fixture.path, on: fixture.host).go([])
        #expect(command.environment["GOFLAGS"] == "-tags=a -mod=readonly -mod=vendor -buildvcs=false")
        #expect(command.settings.isEmpty)
    }

    @Test("Go runs no git, hg or other such program in a tree, whose settings would be the tree's own")
    func repositories() throws {
        let fixture = try GoBuildFixture(.vendor, [:])
        let go = try GoToolchain.find(try #require(VersionRange(">=1.19")), on: fixture.host)
        let target = Target(package: "cmd/tool")
        for mode in Target.Mode.allCases {
            let place = GoPlace(path: fixture.path, importPath: "a", mode: mode, cache: fixture.path, modules: fixture.path)
            let command = try GoBuild(target, at: place, with: go, temporary: fixture.path, on: fixture.host).go([])
            #expect(command.environment["GOFLAGS"]?.split(separator: " ").contains("-buildvcs=false") == true, "\(mode)")
        }
    }

    @Test(
        "flags in two words, or with two dashes, are one flag: the pedigree goes to the recipe's own -ldflags",
        arguments: [["--ldflags=-s -w"], ["-ldflags", "-s -w"]])
    func spellings(_ flags: [String]) async throws {
        let (fixture, binary) = try await pedigreed(flags)
        // -s -w: no symbol table.
        let symbols = try await Command("/usr/bin/readelf", ["-S", binary.string], environment: [:], on: fixture.host).output()
        #expect(!symbols.contains(".symtab"))
    }

    @Test("the pedigree is in the binary, with and without linker flags of the recipe's own", arguments: [[], ["-ldflags=-s -w"]])
    func pedigree(_ flags: [String]) async throws {
        _ = try await pedigreed(flags)
        #expect(try GoBuildID.read("/bin/ls") == nil)
    }

    /// Builds with some of the recipe's own flags, and checks that the pedigree is in the binary.
    private func pedigreed(_ flags: [String]) async throws -> (fixture: GoBuildFixture, binary: FilePath) {
        let fixture = try GoBuildFixture(.gopath, Self.vendored)
        let pedigree = Pedigree(
            recipe: "tiny", version: "1.0", tree: String(repeating: "0", count: 40), series: [], toolchain: "go", mode: .gopath,
            flags: flags)
        let (binary, _) = try await fixture.build(touched: [], pedigree: pedigree, flags: flags)
        let id = try #require(try GoBuildID.read(binary))
        #expect(Pedigree(buildID: id) == pedigree)
        return (fixture, binary)
    }
}
