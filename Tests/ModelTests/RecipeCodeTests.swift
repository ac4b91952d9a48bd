import Testing

@testable import Model

@Suite("A recipe that tells Go more than settings is code")
struct RecipeCodeTests {
    private static let head = """
        title: t
        version: 1.2.3
        importPath: example.org/p
        source: {archive: {addresses: [https://example.org/a.tar.gz], sha256: \(String(repeating: "0", count: 64))}}
        upstreams: {a: {path: .}}
        toolchain: ">=1.19"
        node: {profile: kubelet}

        """

    private func recipe(flags: [String] = [], environment: [(String, String)] = []) throws -> Recipe {
        func quoted(_ text: String) -> String { "\"\(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\"" }
        let lines =
            ["target:", "  package: cmd/p"] + (flags.isEmpty ? [] : ["  flags:"]) + flags.map { "    - \(quoted($0))" }
            + (environment.isEmpty ? [] : ["  environment:"]) + environment.map { "    \($0.0): \(quoted($0.1))" }
        return try Recipe(yaml: Self.head + lines.joined(separator: "\n") + "\n", file: "r.yaml", name: "r")
    }

    @Test(
        "flags that run a program or name a file, in each spelling",
        arguments: [
            ["-toolexec=/x"], ["--toolexec=/x"], ["-toolexec", "/x"], ["--toolexec", "/x"], ["-toolexec /x"], ["-exec=x"], ["-exec", "x"],
            ["-overlay=o.json"], ["-overlay", "o.json"], ["-modfile=x.mod"], ["-C=/"], ["-C", "/"], ["-o=/x"], ["-o", "/x"], ["-o/x"],
            ["-pkgdir=/x"], ["-pgo=/x"], ["-pgo", "/x"], ["-work"], ["-n"], ["-x"], ["-i"], ["-json"], ["-compiler=gccgo"],
            ["-gccgoflags=-fplugin=x"], ["-buildmode=plugin"], ["-buildmode", "c-shared"], ["-buildvcs=true"], ["-buildvcs"],
            ["-buildvcs=auto"],
            ["-mod=mod"], ["-trimpath=false"], ["-debug-trace=/x"], ["-debug-actiongraph=/x"], ["-linkshared"], ["-cover"], ["-vettool=/x"],
            ["-newflag"], ["-newflag=1"], ["-newflag", "1"],
            ["./other"], ["--"], ["-"], ["---toolexec=x"], ["-=x"], ["@file"], ["-tags"], ["-ldflags"], ["-tags=a", "stray"],
            ["-tags=../x"], ["-tags=a;b"], ["-tags=a\u{301}"], ["-tags=a,\u{301}b"], ["-trimpath\u{301}"], ["-\u{301}toolexec=/x"],
            ["-\u{301}-toolexec=/x"], ["-tags=a", "-\u{301}toolexec", "/x"], ["-mod=\u{301}vendor"], ["-p=\u{FF14}"], ["-\u{212A}"],
            ["-v=x"],
        ])
    func flags(_ flags: [String]) throws {
        let recipe = try recipe(flags: flags)
        #expect(!recipe.code.isEmpty, "\(flags)")
        #expect(throws: RecipeIsCode.self) { try RecipeIsCode.check(recipe, isAllowed: false) }
        #expect(throws: RecipeIsCode.self) { try RecipeIsCode.check(try #require(recipe.target)) }
        try RecipeIsCode.check(recipe, isAllowed: true)
    }

    @Test(
        "what stands in -ldflags, -gcflags and -asmflags is looked through, quotes and patterns included",
        arguments: [
            "-ldflags=-extld=/x", "-ldflags=-extld /x", "-ldflags=--extld=/x", "-ldflags=-s -w -extld=/x", "-ldflags= -extld=/x",
            "-ldflags=\u{A0}-extld=-s -w", "-ldflags=all=-extld=/x", "-ldflags=./...=-s -extld /x", "-ldflags='-extld' /x",
            "-ldflags=\"-extld=/x\"",
            "-ldflags=-X a.b=c '-extld=/x'", "-ldflags=-X 'a.b=c' -extld=/x", "-ldflags=-X a.b='c -extld=/x", "-ldflags=-X -extld=/x",
            "-ldflags=-extldflags=-fplugin=/x", "-ldflags=-extldflags '-static -fplugin=/x'", "-ldflags=-extldflags \"-B/x\"",
            "-ldflags=-extldflags=-specs=/x", "-ldflags=-extldflags=-Wl,-o,/x", "-ldflags=-extldflags=-Wl,--plugin=/x",
            "-ldflags=-extldflags '-Wl,-Map=/x'", "-ldflags=-extldflags=@/x", "-ldflags=-extldflags @/x", "-ldflags=-extldflags=-L/x",
            "-ldflags=-extldflags=-l:x.a", "-ldflags=-extldflags=/x.o", "-ldflags=-extldflags '-wrapper /x'",
            "-ldflags=-extldflags=-Xlinker",
            "-ldflags=-extldflags '-static \"-DX=a -fplugin=/x\"'", "-ldflags=-extldflags '-fuse-ld=x'", "-ldflags=-extldflags",
            "-ldflags=-extar=/x", "-ldflags=-tmpdir=/x", "-ldflags=-o /x", "-ldflags=-capturehostobjs=/x", "-ldflags=-cpuprofile=/x",
            "-ldflags=-linkmode=/x", "-ldflags=-I /x", "-ldflags=-r /x", "-ldflags=@/x", "-ldflags=-s @/x", "-ldflags=-buildid @/x",
            "-ldflags=-s x", "-ldflags=x", "-ldflags=-s=/x", "-ldflags=-pluginpath=/x", "-ldflags=-s -w -",
            "-gcflags=-d=ssa/x/dump", "-gcflags=-o=/x", "-gcflags=-embedcfg=/x", "-gcflags=all=-cpuprofile=/x", "-gcflags=-N @/x",
            "-ldflags=-buildid @\u{301}/x", "-ldflags=-buildid=@\u{301}/x", "-ldflags=-buildid=a\u{301}", "-ldflags=-s -\u{301}extld=/x",
            "-ldflags=-s=\u{301}true", "-ldflags=-X a.b\u{301}=c", "-ldflags=-X a.b=\u{301}c -extld=/x",
            "-ldflags=-linkmode=internal\u{301}",
            "-ldflags=a\u{301}=-s", "-ldflags=all=\u{301}-extld=/x", "-ldflags=-extldflags=@\u{301}/x",
            "-ldflags=-extldflags=-static\u{301}",
            "-ldflags=-extldflags '-Wl,\u{301}-o,/x'", "-ldflags=-extldflags -DA=\u{301}", "-gcflags=-N\u{301}", "-asmflags=-\u{301}I/x",
            "-ldflags=-extldflags=-Wl,relro", "-ldflags=-extldflags=-Wl,now", "-ldflags=-extldflags=-Wl,-z,relro,now",
            "-ldflags=-extldflags '-Wl,-z relro'", "-ldflags=-extldflags '-z -Wl,relro'", "-ldflags=-extldflags '-Wl,-z -lm -Wl,relro'",
            "-ldflags=-extldflags '-Wl,relro -Wl,-z'", "-ldflags=-extldflags=-Wl,-z", "-ldflags=-extldflags=-z",
            "-ldflags=-extldflags '-z x'",
            "-ldflags=-extldflags=relro", "-ldflags=-extldflags '-z relro now'", "-ldflags=-extldflags=-zx",
            "-ldflags=-extldflags=-Wl,-z,-s",
            "-ldflags=-B", "-ldflags=-B /x", "-ldflags=-B @/x", "-ldflags=-B=0xg", "-gcflags=-trimpath", "-gcflags=all=-trimpath /x",
            "-gcflags=-trimpath=a @/x", "-asmflags=-trimpath=a -o=/x",
            "-gcflags=-l -importcfg=/x", "-gcflags='-N", "-asmflags=-I/x", "-asmflags=all=-o=/x", "-gcflags=-pgoprofile=/x",
        ])
    func inside(_ flag: String) throws {
        #expect(try recipe(flags: [flag]).code.count == 1, "\(flag)")
        let (name, value) = GoFlag.parts(of: flag)
        #expect(try recipe(flags: ["--\(name)", value ?? ""]).code.count == 1, "in two words: \(flag)")
    }

    @Test(
        "variables that run a program, name a file, or nobody knows",
        arguments: [
            ("PATH", "/x"), ("HOME", "/x"), ("TMPDIR", "/x"), ("PWD", "/x"), ("LD_PRELOAD", "/x"), ("LD_LIBRARY_PATH", "/x"),
            ("LD_AUDIT", "/x"),
            ("CC", "/x"), ("CXX", "x"), ("AR", "x"), ("FC", "x"), ("GCCGO", "x"), ("PKG_CONFIG", "x"), ("PKG_CONFIG_PATH", "/x"),
            ("GOFLAGS", "-toolexec=/x"), ("GOENV", "/x"), ("GOROOT", "/x"), ("GOPATH", "/x"), ("GOCACHE", "/x"), ("GOMODCACHE", "/x"),
            ("GOTMPDIR", "/x"), ("GOTOOLDIR", "/x"), ("GOTOOLCHAIN", "go1.99"), ("GOWORK", "/x"), ("GOVCS", "*:all"), ("GOAUTH", "x"),
            ("GOCACHEPROG", "/x"), ("GOBIN", "/x"), ("GO111MODULE", "off"), ("GOINSECURE", "*"), ("GODEBUG", "x"), ("GOCOVERDIR", "/x"),
            ("GIT_SSH_COMMAND", "x"), ("GIT_DIR", "/x"), ("GIT_CONFIG_COUNT", "1"), ("SSH_ASKPASS", "/x"), ("BASH_ENV", "/x"),
            ("ENV", "/x"),
            ("COMPILER_PATH", "/x"), ("GCC_EXEC_PREFIX", "/x"), ("LIBRARY_PATH", "/x"), ("CPATH", "/x"), ("C_INCLUDE_PATH", "/x"),
            ("SSL_CERT_FILE", "/x"), ("http_proxy", "x"), ("NETRC", "/x"), ("GLIBC_TUNABLES", "x"), ("PYTHONPATH", "/x"), ("path", "/x"),
            ("CGO_CFLAGS_ALLOW", ".*"), ("CGO_LDFLAGS_ALLOW", ".*"), ("GOLANG_NEW", "x"), ("CGO_ENABLED", "2"),
            ("CGO_CFLAGS", "-fplugin=/x"), ("CGO_CFLAGS", "-O2 -B/x"), ("CGO_CFLAGS", "-specs=/x"), ("CGO_CFLAGS", "@/x"),
            ("CGO_CFLAGS", "-I/x"), ("CGO_CFLAGS", "-include /x"), ("CGO_CFLAGS", "-Wl,-x"), ("CGO_CFLAGS", "-Wp,-MD,/x"),
            ("CGO_CFLAGS", "-Wa,-x"),
            ("CGO_CFLAGS", "-o /x"), ("CGO_CFLAGS", "-DX='a -fplugin=/x'"), ("CGO_CFLAGS", "'-DX=a"), ("CGO_CFLAGS", "-wrapper x"),
            ("CGO_CFLAGS", "-static -lm"), ("CGO_CFLAGS", "-D -fplugin=x"), ("CGO_CFLAGS", "-fprofile-use=/x"), ("CGO_CFLAGS", "-MF"),
            ("CGO_CPPFLAGS", "-fplugin=/x"), ("CGO_CXXFLAGS", "-fplugin=/x"), ("CGO_FFLAGS", "-fplugin=/x"),
            ("CGO_LDFLAGS", "-fuse-ld=/x"), ("CGO_LDFLAGS", "-Wl,-plugin,/x"), ("CGO_LDFLAGS", "-L/x"), ("CGO_LDFLAGS", "-T/x"),
            ("CGO_LDFLAGS", "/x.a"), ("CGO_LDFLAGS", "-l:x.so"), ("GOPROXY", "ssh://x"), ("GOPROXY", "https://a,/x"), ("GOSUMDB", "/x y"),
            ("GOFLAGS", "-mod=vendor -toolexec=/x"), ("GOFLAGS", "-mod=mod"), ("GOFLAGS", "'-tags=a -toolexec=/x'"), ("GOFLAGS", "-tags a"),
            ("GOFLAGS", "'-s"), ("GOFLAGS", "-mod=\u{301}vendor"), ("GOTOOLCHAIN", "local+auto"), ("GOTOOLCHAIN", "local\u{301}"),
            ("GOFIPS140", "/x"), ("GOFIPS140", "v1/../x"), ("GOPROXY", "https://a,\u{301}/x"), ("GOPROXY", "off\u{301}"),
            ("GOARCH", "amd64\u{301}"), ("CGO_ENABLED", "1\u{301}"), ("GOSUMDB", "off https://a\u{301}"), ("CGO_CFLAGS", "-O2\u{301}"),
            ("CGO_CFLAGS", "@\u{301}/x"), ("CGO_CFLAGS", "-DA=\u{301}"), ("CGO_LDFLAGS", "now"), ("CGO_LDFLAGS", "-Wl,defs"),
            ("CGO_CFLAGS", "-z now"), ("GOEXPERIMENT", "a b"), ("GOARCH", "a/b"), ("GOGC", "x"),
        ])
    func variables(_ name: String, _ value: String) throws {
        let recipe = try recipe(environment: [(name, value)])
        #expect(recipe.code.count == 1, "\(name)=\(value)")
        #expect(throws: RecipeIsCode.self) { try RecipeIsCode.check(try #require(recipe.target)) }
    }

    @Test("settings need nobody's leave")
    func settings() throws {
        let recipe = try recipe(
            flags: [
                "-trimpath", "--trimpath", "-buildvcs=false", "-tags=a,b.c_d", "-tags", "a b", "--tags=netgo", "-mod=vendor", "-race",
                "-p=4",
                "-buildmode=pie", "-pgo=off", "-pgo=auto", "-installsuffix=cgo", "-gcflags=all=-N -l", "-gcflags", "-m=2 -e", "-asmflags=",
                "-ldflags=-s -w -X a.b/c.d=v1 -X 'a.b=c d' -X=a.b=-extld=x \"-X=e.f=g h\" -buildid= -linkmode external",
                "-ldflags=-w -s -X a.b={commit8} -extldflags '-static -lm -ldl -lz -lpthread'", "-ldflags=all=--s=true --w",
                "-ldflags=-extldflags \"-static-pie -Wl,-z,relro,-z,now -Wl,--gc-sections -O2\"", "-ldflags=", "-ldflags=  ",
                "-v", "-gcflags=all=-trimpath=/src=>/a;/b", "-gcflags=-trimpath=/src -N", "-asmflags=all=-trimpath=/src",
                "-ldflags=-B gobuildid", "-ldflags=-B=none -s", "-ldflags=-B 0x0123abCD", "-ldflags=-X a.b=\u{301}ü -X 'a.c=@ü x'",
                "-ldflags=-extldflags '-Wl,-z -Wl,relro -Wl,-z,now,-zdefs -zrelro -z nodelete -lm'", "-ldflags=-buildid=a/b-c_1.2+3",
            ],
            environment: [
                ("CGO_ENABLED", "0"),
                ("CGO_CFLAGS", "-DSQLITE_ENABLE_DBSTAT_VTAB=1 -DSQLITE_USE_ALLOCA=1 -O2 -g -fPIC -Wall -Wno-unused -std=c11"),
                ("CGO_LDFLAGS", "-lm -static -Wl,-z,now"), ("GOPROXY", "https://a.example,file:///srv/proxy|direct,off"),
                ("GONOSUMDB", "*"),
                ("GOPRIVATE", "*.example.org,a/b"), ("GOSUMDB", "off"), ("GOAMD64", "v2"), ("GOOS", "linux"), ("GOARCH", "amd64"),
                ("GOEXPERIMENT", "boringcrypto,nocoverageredesign"), ("GOGC", "off"), ("GOMEMLIMIT", "2GiB"), ("SOURCE_DATE_EPOCH", "1"),
                ("GOFLAGS", "-mod=vendor -trimpath -tags=a,b"), ("GOTOOLCHAIN", "local"), ("GOFIPS140", "v1.0.0"),
            ])
        #expect(recipe.code.isEmpty, "\(recipe.code)")
        try RecipeIsCode.check(recipe, isAllowed: false)
        try RecipeIsCode.check(try #require(recipe.target))
    }

    @Test("the message has file, line and column, the word, why, and what to do")
    func message() throws {
        let text =
            Self.head + "target:\n  package: cmd/p\n  flags:\n    - -trimpath\n    - \"-toolexec=/x\\e[2J\"\n  environment:\n    PATH: /x\n"
        let recipe = try Recipe(yaml: text, file: "r.yaml", name: "r")
        let error = #expect(throws: RecipeIsCode.self) { try RecipeIsCode.check(recipe, isAllowed: false) }
        let said = try #require(error?.description)
        #expect(said.contains(#"r.yaml:12:7: 'flags': "-toolexec=/x\u{1B}[2J": it makes Go run a program"#), "\(said)")
        #expect(said.contains("r.yaml:14:5: 'environment': \"PATH=/x\": it names a program"), "\(said)")
        #expect(said.contains("--allow-recipe-code"))
    }

    @Test("every target of a recipe is looked at: the wrapper's and the programs' too")
    func targets() throws {
        let text =
            Self.head + """
                target: {package: cmd/p}
                downloads: {d: {addresses: [https://example.org/d.tar], unpack: d}}
                package:
                  program: bin/p
                  folders: [bin]
                  embed: embed
                  programs:
                    x: {source: d, importPath: example.org/d, output: bin/x, target: {package: ., flags: [-toolexec=/x]}}
                  wrapper: {package: cmd/w, environment: {CC: /x}}

                """
        let recipe = try Recipe(yaml: text, file: "r.yaml", name: "r")
        #expect(recipe.code.map(\.line) == [16, 15] || recipe.code.map(\.line) == [15, 16], "\(recipe.code)")
    }

    @Test("what a range or another file lays over a recipe is looked at where it stands")
    func layers() throws {
        let below = try RecipeFile(yaml: Self.head + "target: {package: cmd/p, flags: [-toolexec=/x]}\n", file: "below.yaml")
        let over = try RecipeFile(
            yaml: "extends: below\nranges:\n  - versions: '>=2'\n    target: {environment: {PATH: /x}}\n", file: "over.yaml")
        let old = try Recipe([below, over], name: "r")
        #expect(old.code.map(\.file) == ["below.yaml"])
        let new = try Recipe([below, over], name: "r", version: Version("2.0"))
        #expect(Set(new.code.map(\.file)) == ["below.yaml", "over.yaml"])
    }

    @Test(
        "a name that is none of a variable's is refused: with '=' in it, it would set another one",
        arguments: ["\"PATH=/x\"", "\"A B\"", "1A", "\"\""])
    func names(_ name: String) throws {
        let text = Self.head + "target: {package: cmd/p, environment: {\(name): x}}\n"
        #expect(throws: Diagnostic.self) { try Recipe(yaml: text, file: "r.yaml", name: "r") }
    }

    @Test("no flag and no value hides behind a NUL")
    func nul() throws {
        let text = Self.head + "target: {package: cmd/p, flags: [\"-s\\0-x\"]}\n"
        #expect(throws: Diagnostic.self) { try Recipe(yaml: text, file: "r.yaml", name: "r") }
    }

    @Test("a flag in two words becomes one of one spelling; one that nobody knows stays as it is")
    func spelling() {
        let words = ["--tags", "a,b", "-ldflags", "-s -w", "-trimpath", "--unknown", "x", "-p=2"]
        #expect(GoFlag.all(in: words).flatMap(\.spelled) == ["-tags=a,b", "-ldflags=-s -w", "-trimpath", "--unknown", "x", "-p=2"])
    }

    @Test("the variables that the linker is to set are read as it reads them")
    func assignments() {
        let words = [
            "-tags=a", "-ldflags", "-s -X a.b/c.v2.D=1 -X=e.F=g=h.i", "--ldflags=all=-X 'main.J=k l' -extldflags -X -linkmode internal -X",
            "-gcflags=-X a.B=c",
        ]
        #expect(GoFlag.assignments(in: words).map(\.package) == ["a.b/c.v2", "e", "main"])
        #expect(GoFlag.assignments(in: words).map(\.text) == ["a.b/c.v2.D=1", "e.F=g=h.i", "main.J=k l"])
        #expect(GoFlag.assignments(in: ["-ldflags=-X 'a.B=c"]).isEmpty)
    }
}
