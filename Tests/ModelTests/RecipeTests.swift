import Model
import Testing

/// A recipe as a person would write it.
private let good = """
    title: a kubelet
    version: 1.20.2
    importPath: k8s.io/kubernetes
    source:
      debian:
        package: kubernetes
        suite: bookworm
        version: 1.20.2
    upstreams:
      cadvisor:
        path: vendor/cadvisor
        version: 0.38.6
    toolchain: ">=1.19 <1.20"
    target:
      package: cmd/kubelet
    node:
      profile: kubelet
      warmUp: 12s
    layouts: [root-9p, volume-9p]
    series: [cadvisor/9p-source]
    compare: [none, "cadvisor/9p-line, cadvisor/9p-source"]
    """

private func diagnostic(_ text: String) -> Diagnostic? {
    do throws(Diagnostic) {
        _ = try Recipe(yaml: text, file: "r.yaml", name: "r")
        return nil
    } catch { return error }
}

@Suite("Recipes")
struct RecipeTests {
    @Test("a recipe is read with all that it says, and with what it leaves out")
    func reads() throws {
        let recipe = try Recipe(yaml: good, file: "r.yaml", name: "r")
        #expect(recipe.version.description == "1.20.2")
        #expect(recipe.source == .debian(DebianSpec(package: "kubernetes", suite: "bookworm", version: "1.20.2")))
        #expect(recipe.upstreams["cadvisor"]?.path == "vendor/cadvisor")
        #expect(recipe.target?.binary == "kubelet")
        #expect(recipe.node == NodeSpec(profile: .kubelet, warmUp: 12, observe: 30, startTimeout: 60))
        #expect(recipe.layouts == [.root9p, .volume9p])
        #expect(recipe.series.map(\.description) == ["cadvisor/9p-source"])
        #expect(recipe.compare.map { $0.map(\.name) } == [[], ["9p-line", "9p-source"]])
    }

    @Test("a node's containerd is a suite's, of a version or of any, and a recipe that extends another may ask for another version")
    func containerd() throws {
        func node(_ more: String) throws -> NodeSpec? {
            try Recipe(yaml: good.replacing("warmUp: 12s", with: "warmUp: 12s\n  containerd: \(more)"), file: "r.yaml", name: "r").node
        }
        #expect(try node("{suite: trixie}")?.containerd == ContainerdSpec(suite: "trixie"))
        let spec = try #require(try node("{suite: trixie, version: '>=1.7 <2'}")?.containerd)
        #expect(
            spec == ContainerdSpec(suite: "trixie", version: ">=1.7 <2") && spec.description == "containerd >=1.7 <2 from Debian trixie")
        #expect(try Recipe(yaml: good, file: "r.yaml", name: "r").node?.containerd == nil)
        let child = "extends: r\ntitle: t\nnode: {containerd: {version: 1.7.24~ds1}}"
        let parent = good.replacing("warmUp: 12s", with: "warmUp: 12s\n  containerd: {suite: trixie, version: '>=1.7'}")
        let both = try Recipe(
            [try RecipeFile(yaml: parent, file: "r.yaml"), try RecipeFile(yaml: child, file: "s.yaml")], name: "s")
        #expect(both.node?.containerd == ContainerdSpec(suite: "trixie", version: "1.7.24~ds1") && both.node?.warmUp == 12)
    }

    @Test(
        "what is no suite, no version and no key of a containerd is named with its place",
        arguments: [
            ("{version: '1.7'}", "suite"), ("{suite: ../x}", "suite"), ("{suite: 'tri xie'}", "suite"), ("{suite: -o}", "suite"),
            ("{suite: trixie, version: newest}", "version"), ("{suite: trixie, version: '>=x'}", "version"),
            ("{suite: trixie, package: docker}", "package"), ("trixie", "containerd"),
        ])
    func badContainerd(_ text: String, _ key: String) throws {
        let found = diagnostic(good.replacing("warmUp: 12s", with: "warmUp: 12s\n  containerd: \(text)"))
        #expect(
            found?.description.contains(key) == true && found?.description.contains("r.yaml:") == true, "\(found?.description ?? "taken")")
    }

    @Test("what was measured is told of the versions that it was measured on, and of no other")
    func measured() throws {
        let more = """

            measured:
              - {versions: "=1.20.2", date: 2026-11-26, text: it lives}
              - {versions: ">=1.30", date: 2026-11-27, text: another}
            """
        let recipe = try Recipe(yaml: good + more, file: "r.yaml", name: "r")
        #expect(recipe.measured.count == 2)
        #expect(recipe.ownMeasured.map(\.text) == ["it lives"] && recipe.ownMeasured.map(\.date) == ["2026-11-26"])
        #expect(diagnostic(good + more.replacing("2026-11-27", with: "yesterday"))?.description.contains("expected a date such as") == true)
    }

    @Test(
        "a field or a feature gate that the version does not know is told, and no other",
        arguments: [
            (
                "1.24.17", "localStorageCapacityIsolation: 'false'",
                "does not support 'localStorageCapacityIsolation', which was added in 1.25"
            ),
            ("1.25.0", "localStorageCapacityIsolation: 'false'", nil), ("1.31.14", "singleProcessOOMKill: 'true'", "was added in 1.32"),
            ("1.36.2", "singleProcessOOMKill: 'true'", nil), ("1.30.1", "failCgroupV1: 'false'", "was added in 1.31"),
            ("1.20.2", "featureGates: '{KubeletInUserNamespace: true}'", "does not support the feature gate 'KubeletInUserNamespace'"),
            ("1.22.0", "featureGates: '{KubeletInUserNamespace: true}'", nil),
            ("1.25.0", "featureGates: '{LocalStorageCapacityIsolation: false}'", "does not support the feature gate"),
            ("1.20.2", "evictionHard: '{memory.available: 1Gi}'", nil), ("2.1.0", "singleProcessOOMKill: 'true'", nil),
        ])
    func settings(_ version: String, _ field: String, _ note: String?) throws {
        let notes = try layered([good.replacing("warmUp: 12s", with: "kubelet: {\(field)}")], version: version).settingNotes
        #expect(notes.count == (note == nil ? 0 : 1) && notes.allSatisfy { $0.contains(note ?? "") }, "\(notes)")
    }

    @Test("the control plane's patches are of the recipe's upstreams, and none when it does not say")
    func controlPlane() throws {
        let plane = "\ncontrolPlane: {apiServer: a, controllerManager: b, scheduler: c}"
        #expect(try Recipe(yaml: good + plane, file: "r.yaml", name: "r").controlPlane?.series == [])
        let named = plane.replacing("c}", with: "c, series: [cadvisor/9p-line]}")
        #expect(try Recipe(yaml: good + named, file: "r.yaml", name: "r").controlPlane?.series.map(\.name) == ["9p-line"])
        let unknown = plane.replacing("c}", with: "c, series: [reflect2/map-iteration]}")
        #expect(diagnostic(good + unknown)?.description.contains("which is not one of this recipe's upstreams") == true)
    }

    @Test("a variable may be emptied, by quotes; one without a value is a mistake, and so is another text that is empty")
    func emptied() throws {
        for quotes in ["\"\"", "''"] {
            let target = good.replacing(
                "package: cmd/kubelet", with: "package: cmd/kubelet\n  environment: {CGO_CFLAGS: \(quotes), CGO_ENABLED: \(quotes)}")
            let recipe = try Recipe(yaml: target, file: "r.yaml", name: "r")
            #expect(recipe.target?.environment == ["CGO_CFLAGS": "", "CGO_ENABLED": ""])
            #expect(recipe.code.isEmpty)
        }
        let missing = good.replacing("package: cmd/kubelet", with: "package: cmd/kubelet\n  environment: {CGO_CFLAGS: }")
        #expect(diagnostic(missing)?.description.hasSuffix("expected text, found nothing") == true)
        #expect(
            diagnostic(good.replacing("title: a kubelet", with: "title: ''"))?.description.contains("expected text, found nothing") == true)
        // A recipe without permission cannot clear the variables that Ninepin sets for Go.
        let code = good.replacing(
            "package: cmd/kubelet", with: "package: cmd/kubelet\n  environment: {GOTOOLCHAIN: '', GOWORK: '', PATH: ''}")
        #expect(try Recipe(yaml: code, file: "r.yaml", name: "r").code.count == 3)
    }

    @Test("an import path may be left to the tree, and so may the mode, also over a recipe that says one")
    func told() throws {
        let below = try RecipeFile(
            yaml: good.replacing("importPath: k8s.io/kubernetes\n", with: "").replacing(
                "package: cmd/kubelet",
                with: "package: cmd/kubelet\n  mode: gopath\n  flags: ['-ldflags=-X {importPath}/v.A=1 -X {vendored}b.c/d.E=2']"),
            file: "b.yaml")
        let over = try RecipeFile(yaml: "extends: b\ntarget: {mode: tree}\n", file: "o.yaml")
        let (one, other) = (try Recipe([below], name: "r"), try Recipe([below, over], name: "r"))
        #expect(one.importPath == nil && one.target?.mode == .gopath && other.target?.mode == nil)
        #expect(one.code.isEmpty)
        #expect(one.placed(at: "a.b/c", mode: .gopath).target?.flags == ["-ldflags=-X a.b/c/v.A=1 -X a.b/c/vendor/b.c/d.E=2"])
        for mode in [Target.Mode.vendor, .workspace, .modules] {
            #expect(one.placed(at: "a.b/c", mode: mode).target?.flags == ["-ldflags=-X a.b/c/v.A=1 -X b.c/d.E=2"])
        }
    }

    @Test("a download has its address and its digest by architecture, and none of another's or of another release's")
    func architectures() throws {
        let (one, other) = (String(repeating: "1", count: 64), String(repeating: "2", count: 64))
        let text =
            good + """

                downloads:
                  root:
                    addresses: ["https://example.org/root-{arch}.tar"]
                    sha256: {amd64: \(one), arm64: \(other)}
                    bytes: {amd64: 10}
                    unpack: .
                ranges:
                  - versions: "<1.19"
                    downloads: {root: {sha256: {amd64: \(other)}}}
                  - versions: "<1.18"
                    downloads: {root: {sha256: unknown}}
                """
        func root(_ architecture: Architecture, _ version: String? = nil) throws -> DownloadSpec? {
            try Recipe(
                [RecipeFile(yaml: text, file: "r.yaml")], name: "r", version: version.flatMap(Version.init), architecture: architecture
            )
            .downloads["root"]
        }
        #expect(try root(.amd64)?.addresses == ["https://example.org/root-amd64.tar"])
        #expect(try root(.arm64)?.addresses == ["https://example.org/root-arm64.tar"])
        #expect(try root(.amd64)?.sha256?.hex == one && root(.arm64)?.sha256?.hex == other)
        #expect(try root(.amd64)?.bytes == 10 && root(.arm64)?.bytes == nil)
        #expect(try root(.amd64, "1.18.1")?.sha256?.hex == other)
        #expect(try root(.arm64, "1.18.1")?.sha256 == nil && root(.amd64, "1.17.0")?.sha256 == nil)
        let wrong = text.replacing("arm64: \(other)", with: "arm6: \(other)")
        #expect(diagnostic(wrong)?.description.contains("'arm6' is not a supported architecture: did you mean 'arm64'?") == true)
    }

    @Test("a version that looks like a number keeps its last zero")
    func keepsZero() throws {
        let recipe = try Recipe(yaml: good.replacing("version: 0.38.6", with: "version: 0.50"), file: "r.yaml", name: "r")
        #expect(recipe.upstreams["cadvisor"]?.version?.description == "0.50")
    }

    @Test(
        "a mistake is told with file, line, column, what was expected, and the nearest known name",
        arguments: [
            ("toolchain:", "toolchian:", "r.yaml:13:1: unknown key 'toolchian': did you mean 'toolchain'?"),
            ("title: a kubelet\n", "", "r.yaml:1:1: 'title' is missing"),
            ("version: 0.38.6", "version: newest", "r.yaml:12:14: 'version': expected a version such as 0.38.6, found 'newest'"),
            ("[root-9p, volume-9p]", "[root-9p, volum-9p]", "r.yaml:19:20: unknown value 'volum-9p': did you mean 'volume-9p'?"),
            ("[root-9p, volume-9p]", "[]", "r.yaml:19:10: 'layouts': expected at least one layout"),
            ("warmUp: 12s", "warmUp: 12", "r.yaml:18:11: 'warmUp': expected a duration such as '10s' or '2m', found '12'"),
            ("warmUp: 12s", "warmUp: 40s", "'observe': must be longer than warmUp"),
            ("profile: kubelet", "profile: kublet", "r.yaml:17:12: unknown value 'kublet': did you mean 'kubelet'?"),
            ("path: vendor/cadvisor", "path: ../cadvisor", "r.yaml:11:11: 'path': expected a relative path"),
            ("package: kubernetes", "package: --all", "r.yaml:6:14: 'package': expected a source package's name"),
            (
                "[cadvisor/9p-source]", "[cadviser/9p-source]",
                "r.yaml:20:9: 'series': 'cadviser/9p-source' is for 'cadviser', which is not one of this recipe's upstreams: did you mean 'cadvisor'?"
            ),
            ("[cadvisor/9p-source]", "[9p-source]", "r.yaml:20:10: expected a patch such as cadvisor/9p-source, found '9p-source'"),
            ("  debian:\n", "  gti:\n", "r.yaml:5:3: unknown key 'gti' in 'source': did you mean 'git'?"),
            ("  debian:\n", "  svn:\n", "r.yaml:5:3: unknown key 'svn' in 'source': known: archive, debian, git"),
            ("  debian:\n", "  git: {url: x, ref: y}\n  debian:\n", "expected exactly one of 'debian', 'git' and 'archive', found 2"),
            ("version: 0.38.6\n", "version: 0.38.6\nranges: [{title: x}]\n", "'versions' is missing"),
            ("title: a kubelet", "title: [a, b]", "r.yaml:1:8: expected text, found a list"),
            ("title: a kubelet", "title: 'a", "invalid YAML"),
            ("title: a kubelet", "title: a\ntitle: b", "duplicate key: title"),
        ])
    func mistakes(_ old: String, _ new: String, _ expected: String) throws {
        let found = try #require(diagnostic(good.replacing(old, with: new)))
        #expect(found.description.contains(expected), "\(found)")
    }

    @Test("an empty file and a file that is a list are refused, not taken for an empty recipe", arguments: ["", "# nothing\n", "- a\n"])
    func noMapping(_ text: String) { #expect(diagnostic(text) != nil) }

    private func layered(_ texts: [String], version: String? = nil) throws -> Recipe {
        let files = try texts.enumerated().map { try RecipeFile(yaml: $1, file: "\($0).yaml") }
        return try Recipe(files, name: "r", version: version.flatMap { Version($0) })
    }

    @Test("a recipe that extends another says only what differs, and a source of another kind replaces the first")
    func extends() throws {
        let child = "extends: base\ntitle: mine\nsource: {git: {url: 'https://example.org/x', ref: 'v{version}'}}\nnode: {warmUp: 15s}\n"
        let recipe = try layered([good, child])
        #expect(recipe.title == "mine")
        #expect(recipe.source == .git(GitSpec(url: "https://example.org/x", reference: "v1.20.2")))
        #expect(recipe.node == NodeSpec(profile: .kubelet, warmUp: 15, observe: 30, startTimeout: 60))
        #expect(recipe.series.map(\.description) == ["cadvisor/9p-source"])
        #expect(try RecipeFile(yaml: child, file: "c").parent == "base")
    }

    @Test("a range lies over the recipe where the version fits, and the version that is asked for stands in the texts")
    func ranges() throws {
        let ranged =
            good + """

                ranges:
                  - versions: ">=1.25"
                    toolchain: ">=1.24"
                    title: kubelet {version}
                    upstreams: {cadvisor: {version: 0.46.0}}
                """
        #expect(try layered([ranged]).toolchain.description == ">=1.19 <1.20")
        let recipe = try layered([ranged], version: "v1.26.1")
        #expect(recipe.toolchain.description == ">=1.24")
        #expect(recipe.title == "kubelet 1.26.1")
        #expect(recipe.version.plain == "1.26.1")
        #expect(recipe.upstreams["cadvisor"]?.version == Version("0.46.0"))
        #expect(recipe.upstreams["cadvisor"]?.path == "vendor/cadvisor")
    }

    @Test(
        "a version is used if the source names it, for all versions or in a range; a range that changes something else is not enough",
        arguments: [
            ("{debian: {package: p, suite: s, version: 1.20.2-1}}", "9.9", false),
            ("{debian: {package: p, suite: s, version: 1.20.2-1}}", "1.20.2", true),
            ("{debian: {package: p, suite: s, version: 1.20.2-1}}", "1.20.2+k3s1", false),
            ("{debian: {package: p, suite: s, version: 1.20.2-1}}", "1.26.1", false),
            ("{debian: {package: p, suite: s, version: 1.20.2-1}}", "2.0.0", true),
            ("{debian: {package: p, suite: s, version: 1.20.2-1}}", "2.0.1", false),
            ("{debian: {package: p, suite: s, version: 1.20.5+really1.20.2-1}}", "1.20.5", false),
            ("{debian: {package: p, suite: s, version: 1.20.5+really1.20.2-1}}", "1.20.2", true),
            ("{debian: {package: p, suite: s, version: 19.9.1}}", "9.9", false),
            ("{debian: {package: p, suite: s, version: 19.9.1}}", "19.9", false),
            ("{debian: {package: p, suite: s, version: 19.9.1}}", "9.9.1", false),
            ("{debian: {package: p, suite: s, version: 19.9.1}}", "19.9.1", true),
            ("{git: {url: u, ref: main}}", "9.9", false), ("{git: {url: u, ref: \"v{version}\"}}", "9.9", true),
            ("{git: {url: \"u/{version}\", ref: main}}", "9.9", true),
        ])
    func usesVersion(_ source: String, _ wanted: String, _ isUsed: Bool) throws {
        let yaml = """
            version: 1.20.2
            source: \(source)
            title: "t {version}"
            ranges:
              - versions: ">=1.25 <2"
                toolchain: ">=1.24"
              - versions: ">=2 <3"
                source: {git: {url: u, ref: v2.0.0}}
            """
        let only = try RecipeFile.onlyVersion(
            [try RecipeFile(yaml: yaml, file: "r.yaml")], wanted: try #require(Version(wanted)))
        #expect((only == nil) == isUsed)
        if let only { #expect(only.plain == "1.20.2") }
    }

    @Test("a mistake in a file that extends another is told with that file's name")
    func mistakeInChild() throws {
        let error = #expect(throws: Diagnostic.self) { try layered([good, "extends: base\nnode:\n  profile: kublet\n"]) }
        #expect(error?.description.hasPrefix("1.yaml:3:12: unknown value 'kublet'") == true, "\(String(describing: error))")
    }

    @Test("a kubelet joins a control plane at the levels that ask for one, and k3s joins itself; its agent always does")
    func joining() {
        let joined: [NodeSpec.Profile: (program: NodeSpec.Profile, atBoot: Bool)] = [
            .kubelet: (.node, false), .node: (.node, false), .k3sServer: (.k3sAgent, false), .k3sAgent: (.k3sAgent, true),
        ]
        for profile in NodeSpec.Profile.allCases {
            let node = NodeSpec(profile: profile)
            #expect(profile.joined == joined[profile]?.program)
            #expect(node.joins(at: .boot) == joined[profile]?.atBoot)
            #expect(node.joins(at: .ready) && node.joins(at: .pod))
        }
    }
}
