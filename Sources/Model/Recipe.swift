/// What to build and how to prove it: one file of `recipes/`.
public struct Recipe: Hashable, Codable, Sendable {
    /// The file's name without its ending.
    public let name: String
    /// One line for people.
    public let title: String
    /// The version of what is built.
    public let version: Version
    /// Where the source comes from.
    public let source: SourceSpec
    /// Which upstream projects lie in the source tree: a patch of `cadvisor` applies where this says that cAdvisor is.
    public let upstreams: [String: Upstream]
    /// Which Go releases build it.
    public let toolchain: VersionRange
    /// What Go is told to build.
    public let target: Target
    /// How the node is booted and watched.
    public let node: NodeSpec
    /// Which layouts `matrix` boots.
    public let layouts: [Layout]
    /// Which patches make the node good, in the order in which they are applied.
    public let series: [PatchName]
    /// Other series that `matrix` boots beside it, to be compared; an empty one is the stock source.
    public let compare: [[PatchName]]
}

/// Where a source comes from. So far one kind is known: a Debian source package.
public struct SourceSpec: Hashable, Codable, Sendable {
    /// The source package's name.
    public let package: String
    /// The suite, by its code name, whose index is asked.
    public let suite: String
    /// The upstream part of the package's version: all before the last `-` (Debian Policy 5.6.12).
    public let version: String

    /// Makes a source of a Debian source package.
    public init(package: String, suite: String, version: String) {
        self.package = package
        self.suite = suite
        self.version = version
    }
}

/// An upstream project inside a source tree.
public struct Upstream: Hashable, Codable, Sendable {
    /// The directory below the tree's top; `.` for the top itself.
    public let path: String
    /// The project's version, which decides the variant of a patch.
    public let version: Version
}

/// What Go is told to build.
public struct Target: Hashable, Codable, Sendable {
    /// The import path at which the tree stands in `GOPATH`.
    public let importPath: String
    /// The package to build, below the import path; its last part names the binary.
    public let package: String
    /// Flags of `go build`.
    public let flags: [String]
    /// Settings of the environment, beside those that Ninepin sets itself.
    public let environment: [String: String]

    /// The binary's file name.
    public var binary: String { package.split(separator: "/").last.map(String.init) ?? package }
}

/// How a node is booted and watched.
public struct NodeSpec: Hashable, Codable, Sendable {
    /// Which programs make up the node.
    public enum Profile: String, Codable, Sendable, CaseIterable {
        /// containerd and a kubelet that runs standalone.
        case kubelet
    }

    /// Which programs make up the node.
    public let profile: Profile
    /// Seconds after the node's start in which a forbidden line may still come.
    public let warmUp: Double
    /// Seconds after the node's start at which it must still be alive.
    public let observe: Double
    /// Seconds after the sandbox's start by which the node must have started.
    public let startTimeout: Double

    /// Makes a node's description; times are in seconds.
    public init(profile: Profile, warmUp: Double = 10, observe: Double = 30, startTimeout: Double = 60) {
        self.profile = profile
        self.warmUp = warmUp
        self.observe = observe
        self.startTimeout = startTimeout
    }

    /// What a kubelet from anywhere is held to, when no recipe says more.
    public static let kubelet = NodeSpec(profile: .kubelet)
}

extension Recipe {
    /// Reads a recipe.
    ///
    /// - Parameters:
    ///   - yaml: the file's text.
    ///   - file: the file's path, for messages.
    ///   - name: the recipe's name.
    /// - Throws: `Diagnostic` with file, line and column for the first thing that is wrong.
    public init(yaml: String, file: String, name: String) throws(Diagnostic) {
        let map = try YamlMap.parse(yaml, file: file, schema: Schema.recipe)
        self.name = name
        title = try map.text("title")
        version = try map.value("version", expected: "a version such as 1.20.2")
        source = try SourceSpec(map.map("source", schema: Schema.source))
        var upstreams: [String: Upstream] = [:]
        for entry in try map.maps("upstreams", schema: Schema.upstream) { upstreams[entry.name] = try Upstream(entry.map) }
        self.upstreams = upstreams
        toolchain = try map.value("toolchain", expected: "a range of Go versions such as '>=1.19 <1.20'")
        target = try Target(map.map("target", schema: Schema.target))
        node = try NodeSpec(map.map("node", schema: Schema.node))
        layouts = try map.words("layouts")
        guard !layouts.isEmpty else { throw map.complaint("layouts", "expected at least one layout") }
        series = try map.values("series", expected: "a patch such as cadvisor/9p-source")
        let compared = try map.values(
            "compare", as: ComparedSeries.self, expected: "'none', or patches such as cadvisor/9p-source, with commas between")
        compare = compared.map(\.patches)
        for (key, patch) in series.map({ ("series", $0) }) + compare.joined().map({ ("compare", $0) })
        where upstreams[patch.upstream] == nil {
            let advice = Spelling.advice(for: patch.upstream, among: upstreams.keys)
            throw map.complaint(key, "'\(patch)' is of '\(patch.upstream)', which is not among this recipe's upstreams: \(advice)")
        }
    }
}

/// A series as a recipe's `compare` has it.
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

extension SourceSpec {
    fileprivate init(_ map: YamlMap) throws(Diagnostic) {
        let debian = try map.map("debian", schema: Recipe.Schema.debian)
        package = try debian.name("package", extra: "+-.", like: "a source package's name such as kubernetes")
        suite = try debian.name("suite", extra: "-", like: "a suite's code name such as bookworm")
        version = try debian.name("version", extra: ".+~:-", like: "an upstream version such as 1.20.2")
    }
}

extension Upstream {
    fileprivate init(_ map: YamlMap) throws(Diagnostic) {
        path = try map.path("path")
        version = try map.value("version", expected: "a version such as 0.38.6")
    }
}

extension Target {
    fileprivate init(_ map: YamlMap) throws(Diagnostic) {
        importPath = try map.path("importPath")
        package = try map.path("package")
        flags = try map.values("flags", expected: "a flag of go build")
        environment = try map.texts("environment")
        guard importPath != ".", package != "." else { throw map.complaint("package", "expected a path such as cmd/kubelet, found '.'") }
    }
}

extension NodeSpec {
    fileprivate init(_ map: YamlMap) throws(Diagnostic) {
        profile = try map.word("profile")
        warmUp = map.has("warmUp") ? try map.seconds("warmUp") : Self.kubelet.warmUp
        observe = map.has("observe") ? try map.seconds("observe") : Self.kubelet.observe
        startTimeout = map.has("startTimeout") ? try map.seconds("startTimeout") : Self.kubelet.startTimeout
        guard observe > warmUp else {
            throw map.complaint("observe", "must be longer than warmUp (\(warmUp) s): nothing would be observed")
        }
    }
}

extension YamlMap {
    /// A word of ASCII letters, digits and a few signs that cannot be taken for an option or a path.
    fileprivate func name(_ key: String, extra: String, like expected: String) throws(Diagnostic) -> String {
        let text = try text(key)
        let good = text.utf8.allSatisfy {
            extra.utf8.contains($0) || Character(UnicodeScalar($0)).isLetter || Character(UnicodeScalar($0)).isNumber
        }
        guard good, text.utf8.allSatisfy({ $0 < 128 }), text.first?.isLetter == true || text.first?.isNumber == true else {
            throw complaint(key, "expected \(expected), found '\(text)'")
        }
        return text
    }

    /// A relative path that does not leave the directory that it is relative to.
    func path(_ key: String) throws(Diagnostic) -> String {
        let text = try text(key)
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard text == "." || !parts.contains(where: { ["", ".", ".."].contains($0) || $0.hasPrefix("-") }) else {
            throw complaint(key, "expected a relative path such as vendor/example.org/project, found '\(text)'")
        }
        return text
    }
}
