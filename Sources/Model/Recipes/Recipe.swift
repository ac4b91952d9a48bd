import ExitCodes
import Paths

/// What to build and how to test it: a file in `recipes/`, merged with everything that it extends.
package struct Recipe: Hashable, Codable, Sendable {
    /// The file name without its extension.
    package let name: String
    /// A one-line description.
    package let title: String
    /// The version of the built program, without a leading `v`.
    package let version: Version
    /// The tree's import path in `GOPATH`; nil to use the one in the tree's go.mod.
    package var importPath: String?
    /// Where the source comes from.
    package var source: SourceSpec
    /// Libraries that the source is compiled with but does not contain.
    package let libraries: LibrariesSpec?
    /// The upstream projects in the source tree. A patch of `cadvisor` is applied at the path given here for cAdvisor.
    package var upstreams: [String: Upstream]
    /// The Go releases that can build it.
    package let toolchain: VersionRange
    /// The Go build target; nil if the source is a library, which only component probes can test.
    package var target: Target?
    /// Files that the package needs in addition to the source, by name.
    package let downloads: [String: DownloadSpec]
    /// How the target is packaged, for k3s; nil if the target itself is the artifact.
    package var package: PackageSpec?
    /// The control plane that the node joins at levels `ready` and `pod`; nil if the recipe has none.
    package let controlPlane: ControlPlaneSpec?
    /// How the node is booted and observed; nil if the recipe has no node.
    package let node: NodeSpec?
    /// The layouts that `matrix` boots.
    package let layouts: [Layout]
    /// The patches that make the node work, in order of application.
    package let series: [PatchName]
    /// Further series for `matrix` to boot for comparison; an empty one is the unpatched source.
    package let compare: [[PatchName]]
    /// What the original package contains and this recipe omits: the reasons, by name.
    package let leftOut: [String: String]
    /// The parts of the recipe that are more than Go settings, with their positions. Nothing is built with them unless the user allows it.
    package let code: [Diagnostic]
    /// Results of manual runs, by version.
    package let measured: [Measured]
}

/// An upstream project in a source tree.
package struct Upstream: Hashable, Codable, Sendable {
    /// The directory relative to the tree's top; `.` for the top itself.
    package let path: String
    /// The project's version, which selects the variant of a patch if the text alone does not; nil to detect it in the tree.
    package var version: Version?
    /// The Go module of the project, for trees that may not contain a copy of it.
    package let module: String?

    package init(path: String, version: Version?, module: String? = nil) {
        self.path = path
        self.version = version
        self.module = module
    }
}

/// A Go build target.
package struct Target: Hashable, Codable, Sendable {
    /// How Go resolves packages.
    package enum Mode: String, Codable, Sendable, CaseIterable {
        /// The tree is in `GOPATH`, without modules (`GO111MODULE=off`).
        case gopath
        /// Modules, all from the tree's `vendor/` (`-mod=vendor`).
        case vendor
        /// Several modules of the tree, listed in its go.work, and all others from its `vendor/`.
        case workspace
        /// Modules: patched ones as copies in the tree, others from the module cache (`-modfile`).
        case modules
    }

    /// The package to build, relative to the import path; its last component names the binary.
    package let package: String
    /// Flags of `go build`.
    package var flags: [String]
    /// Environment variables in addition to those that Ninepin sets.
    package var environment: [String: String]
    /// How Go resolves packages; nil to detect it from the tree.
    package let mode: Mode?

    package init(package: String, flags: [String] = [], environment: [String: String] = [:], mode: Mode? = nil) {
        self.package = package
        self.flags = flags
        self.environment = environment
        self.mode = mode
    }

    /// The binary's file name.
    package var binary: String { package == "." ? "program" : package.split(separator: "/").last.map(String.init) ?? package }
}

/// How a node is booted and observed.
package struct NodeSpec: Hashable, Codable, Sendable {
    /// The programs that make up the node.
    package enum Profile: String, Codable, Sendable, CaseIterable {
        /// containerd and a standalone kubelet.
        case kubelet
        /// containerd and a kubelet that joins a control plane.
        case node
        /// containerd and `k3s server`, whose own kubelet is observed.
        case k3sServer = "k3s-server"
        /// containerd and `k3s agent`, which joins a `k3s server`.
        case k3sAgent = "k3s-agent"

        /// The profile of the same program when the node joins a control plane.
        package var joined: Profile {
            switch self {
            case .kubelet, .node: .node
            case .k3sServer, .k3sAgent: .k3sAgent
            }
        }

        /// Whether the program is k3s, which has its own control plane.
        package var isK3s: Bool { self == .k3sServer || self == .k3sAgent }

        /// The beginning of the program's output for `--version`.
        package var versionPrefix: String {
            switch self {
            case .kubelet, .node: "Kubernetes v"
            case .k3sServer, .k3sAgent: "k3s version v"
            }
        }
    }

    package let profile: Profile
    /// Seconds after the node's start during which forbidden lines are tolerated.
    package var warmUp: Double
    /// Seconds after the node's start for which it must stay alive.
    package var observe: Double
    /// Seconds after the sandbox's start within which the node must start.
    package var startTimeout: Double
    /// Seconds after the node's start within which it must meet the requirements of levels `ready` and `pod`.
    package var joinTimeout: Double
    /// Fields of kubelet's configuration in addition to those that the harness sets, each value as YAML.
    package var kubelet: [String: String]
    /// The runtime for the containers of its pods; nil to choose by the sandbox's cgroup version (``OCIRuntime/standard(on:)``).
    package var runtime: OCIRuntime?
    /// The containerd to use; nil for the machine's own.
    package var containerd: ContainerdSpec?

    /// Creates a node specification; times are in seconds.
    package init(
        profile: Profile, warmUp: Double = Deadline.warmUp.seconds, observe: Double = Deadline.observation.seconds,
        startTimeout: Double = Deadline.nodeStart.seconds, joinTimeout: Double = Deadline.nodeJoin.seconds, kubelet: [String: String] = [:],
        runtime: OCIRuntime? = nil, containerd: ContainerdSpec? = nil
    ) {
        self.profile = profile
        self.warmUp = warmUp
        self.observe = observe
        self.startTimeout = startTimeout
        self.joinTimeout = joinTimeout
        self.kubelet = kubelet
        self.runtime = runtime
        self.containerd = containerd
    }

    /// Whether the node joins a control plane. A k3s agent always does.
    package func joins(at level: Level) -> Bool { level.isJoined || profile == .k3sAgent }

    /// The specification for a kubelet without a recipe.
    package static let kubelet = NodeSpec(profile: .kubelet)
}

extension Recipe {
    /// Parses a recipe that extends no other.
    ///
    /// - Parameters:
    ///   - yaml: the file's text.
    ///   - file: the file's path, for messages.
    ///   - name: the recipe's name.
    /// - Throws: `Diagnostic` with file, line and column for the first error.
    package init(yaml: String, file: String, name: String) throws(Diagnostic) {
        try self.init([try RecipeFile(yaml: yaml, file: file)], name: name)
    }

    /// Merges the files of a recipe, starting with the one that extends no other.
    ///
    /// - Parameters:
    ///   - wanted: the requested version; nil for the version in the last file.
    ///   - architecture: the value for `{arch}`, and the selector if a download has several digests.
    /// - Throws: `Diagnostic` with file, line and column for the first error.
    package init(
        _ files: [RecipeFile], name: String, version wanted: Version? = nil, architecture: Architecture = .machine
    ) throws(Diagnostic) {
        let map = try YamlMap(try RecipeFile.layered(files, version: wanted, architecture: architecture), schema: Schema.recipe)
        // The name becomes part of the work tree.
        guard YamlMap.isFileName(name) else {
            throw Diagnostic(file: map.file, message: "\(name.debugDescription) is not a valid recipe name; rename the file")
        }
        self.name = name
        title = try map.text("title")
        let written: Version = try map.value("version", expected: "a version such as 1.20.2")
        version = wanted ?? written
        importPath = map.has("importPath") ? try map.path("importPath").description : nil
        source = try SourceSpec(map.map("source", schema: Schema.source))
        libraries = map.has("libraries") ? try LibrariesSpec(map.map("libraries", schema: Schema.libraries)) : nil
        var upstreams: [String: Upstream] = [:]
        for entry in try map.maps("upstreams", schema: Schema.upstream) { upstreams[entry.name] = try Upstream(entry.map) }
        self.upstreams = upstreams
        toolchain = try map.value("toolchain", expected: "a range of Go versions such as '>=1.19 <1.20'")
        target = map.has("target") ? try Target(map.map("target", schema: Schema.target)) : nil
        code = try Self.code(in: map)
        var downloads: [String: DownloadSpec] = [:]
        for entry in map.has("downloads") ? try map.maps("downloads", schema: Schema.download) : [] {
            downloads[entry.name] = try DownloadSpec(entry.map)
        }
        self.downloads = downloads
        package = map.has("package") ? try PackageSpec(map.map("package", schema: Schema.package)) : nil
        controlPlane = map.has("controlPlane") ? try ControlPlaneSpec(map.map("controlPlane", schema: Schema.controlPlane)) : nil
        node = map.has("node") ? try NodeSpec(map.map("node", schema: Schema.node)) : nil
        let named: [Layout] = try map.words("layouts")
        guard !named.isEmpty || !map.has("layouts") else { throw map.complaint("layouts", "expected at least one layout") }
        layouts = named.isEmpty ? [.root9p, .volume9p, .rootOverlay] : named
        series = try map.values("series", expected: "a patch such as cadvisor/9p-source")
        let compared = try map.values(
            "compare", as: ComparedSeries.self, expected: "'none', or comma-separated patches such as cadvisor/9p-source")
        compare = compared.map(\.patches)
        leftOut = try map.texts("leftOut").filter { $0.value != "none" }
        var measured: [Measured] = []
        for entry in try map.list("measured", schema: Schema.measured) { measured.append(try Measured(entry)) }
        self.measured = measured
        let planned = controlPlane?.series ?? []
        for (key, patch) in series.map({ ("series", $0) }) + compare.joined().map({ ("compare", $0) })
            + planned.map({ ("controlPlane", $0) })
        where upstreams[patch.upstream] == nil {
            let advice = Spelling.advice(for: patch.upstream, among: upstreams.keys)
            throw map.complaint(key, "'\(patch)' is for '\(patch.upstream)', which is not one of this recipe's upstreams: \(advice)")
        }
        guard importPath != "." else { throw map.complaint("importPath", "expected an import path such as k8s.io/kubernetes, found '.'") }
        guard (target == nil) == (node == nil) else {
            throw map.complaint(
                target == nil ? "node" : "target", "a recipe needs both 'target' and 'node', or neither if it is for a library")
        }
    }
}

/// A series in a recipe's `compare`.
private struct ComparedSeries: LosslessStringConvertible {
    let patches: [PatchName]

    init?(_ text: String) {
        if text == "none" {
            patches = []
            return
        }
        let words = text.split(separator: ",", omittingEmptySubsequences: false)
        let names = words.compactMap { PatchName(String($0.drop { $0 == " " })) }
        guard names.count == words.count else { return nil }
        patches = names
    }

    var description: String { patches.isEmpty ? "none" : patches.map(\.description).joined(separator: ",") }
}

extension Upstream {
    fileprivate init(_ map: YamlMap) throws(Diagnostic) {
        path = try map.path("path").description
        version = map.has("version") ? try map.value("version", expected: "a version such as 0.38.6") : nil
        module = map.has("module") ? try map.path("module").description : nil
    }
}

extension Target {
    /// - Parameter mayBeTop: whether the package may be at the top of the tree.
    init(_ map: YamlMap, mayBeTop: Bool = false) throws(Diagnostic) {
        package = try map.path("package").description
        flags = try map.values("flags", expected: "a flag of go build")
        environment = try map.texts("environment", mayBeEmpty: true)
        // A recipe that extends another cannot remove one of its values.
        let isTold = map.has("mode") ? try map.text("mode") == "tree" : true
        mode = isTold ? nil : try map.word("mode")
        guard package != "." || mayBeTop else { throw map.complaint("package", "expected a path such as cmd/kubelet, found '.'") }
        for (name, text, place) in try map.placedPairs("environment", mayBeEmpty: true) {
            guard GoSettings.isVariable(name) else {
                throw place.complaint(
                    "'environment': expected a variable's name, such as CGO_ENABLED, found \(ContainedPath.quoted(name.utf8))")
            }
            guard !text.utf8.contains(0) else { throw place.complaint("'environment': expected text without NUL") }
        }
        for (text, place) in try map.placedTexts("flags") where text.utf8.contains(0) {
            throw place.complaint("'flags': expected text without NUL")
        }
    }

    /// The parts of a target that are more than Go settings.
    static func code(in map: YamlMap) throws(Diagnostic) -> [Diagnostic] {
        let words = try map.placedTexts("flags")
        // The placeholders are replaced only when the tree is available. The final flags are checked again then.
        let flags = words.map { Target.placed($0.text, importPath: "path", vendored: "") }
        var found = GoSettings.code(inFlags: flags).map { index, code in
            words[index].place.complaint("'flags': \(code)")
        }
        for (name, text, place) in try map.placedPairs("environment", mayBeEmpty: true) {
            if let code = GoSettings.code(inVariable: name, text) { found.append(place.complaint("'environment': \(code)")) }
        }
        return found
    }
}

extension Recipe {
    /// The parts of all targets that are more than Go settings.
    private static func code(in map: YamlMap) throws(Diagnostic) -> [Diagnostic] {
        var maps: [YamlMap] = []
        if map.has("target") { maps.append(try map.map("target", schema: Schema.target)) }
        if map.has("package") {
            let package = try map.map("package", schema: Schema.package)
            maps.append(try package.map("wrapper", schema: Schema.target))
            for entry in package.has("programs") ? try package.maps("programs", schema: Schema.program) : [] {
                maps.append(try entry.map.map("target", schema: Schema.target))
            }
        }
        var found: [Diagnostic] = []
        for map in maps { found += try Target.code(in: map) }
        return found
    }
}

/// The error for a recipe that contains more than Go settings without the user's permission.
package struct RecipeIsCode: ExitStatusError, Hashable, Sendable, CustomStringConvertible {
    /// The settings and their positions.
    package let places: [String]

    /// Checks whether a recipe may be built.
    ///
    /// - Parameter isAllowed: whether the user trusts the recipe.
    /// - Throws: `RecipeIsCode` with all positions.
    package static func check(_ recipe: Recipe, isAllowed: Bool) throws(RecipeIsCode) {
        guard !isAllowed, !recipe.code.isEmpty else { return }
        throw RecipeIsCode(places: recipe.code.map(\.description))
    }

    /// Checks the final flags and environment again, which now include values from the lock.
    ///
    /// - Throws: `RecipeIsCode`.
    package static func check(_ target: Target) throws(RecipeIsCode) {
        let found =
            GoSettings.code(inFlags: target.flags).map(\.code)
            + target.environment.sorted { $0.key < $1.key }.compactMap { GoSettings.code(inVariable: $0.key, $0.value) }
        guard found.isEmpty else { throw RecipeIsCode(places: found.map { "\(target.package): \($0)" }) }
    }

    /// The settings, their positions, the reasons, and what to do.
    package var description: String {
        """
        the recipe counts as code: these settings could run any program as you
            \(places.joined(separator: "\n    "))
            Read the recipe. Remove these settings or, if you trust it, use --allow-recipe-code.
        """
    }

    package var exitStatus: ExitStatus { .data }
}

extension NodeSpec {
    fileprivate init(_ map: YamlMap) throws(Diagnostic) {
        profile = try map.word("profile")
        warmUp = map.has("warmUp") ? try map.seconds("warmUp") : Self.kubelet.warmUp
        observe = map.has("observe") ? try map.seconds("observe") : Self.kubelet.observe
        startTimeout = map.has("startTimeout") ? try map.seconds("startTimeout") : Self.kubelet.startTimeout
        joinTimeout = map.has("joinTimeout") ? try map.seconds("joinTimeout") : Self.kubelet.joinTimeout
        kubelet = try map.texts("kubelet")
        runtime = map.has("runtime") ? try map.word("runtime") : nil
        containerd = map.has("containerd") ? try ContainerdSpec(map.map("containerd", schema: Recipe.Schema.containerd)) : nil
        guard observe > warmUp else {
            throw map.complaint("observe", "must be longer than warmUp (\(warmUp) s), or nothing is observed")
        }
    }
}
