/// One file of a recipe, read but not yet put together with those that it extends.
public struct RecipeFile: Sendable {
    /// The file's path, as it was given.
    public let file: String
    /// The recipe that this one extends: a name, or a path beside this file; nil when it stands alone.
    public let parent: String?
    private let body: YamlValue
    private let ranges: [YamlValue]

    /// Reads a file.
    ///
    /// - Throws: `Diagnostic` when it is no YAML mapping, or `extends` or `ranges` is no good.
    public init(yaml: String, file: String) throws(Diagnostic) {
        self.file = file
        let root = try YamlValue(yaml, file: file, expected: "a recipe")
        guard case .mapping = root.content else { throw root.complaint("expected a mapping of keys to values, found \(root.form)") }
        switch root["extends"]?.content {
        case nil: parent = nil
        case .scalar(let name) where !name.isEmpty: parent = name
        default: throw (root["extends"] ?? root).complaint("'extends': expected a recipe's name")
        }
        switch root["ranges"]?.content {
        case nil: ranges = []
        case .sequence(let items): ranges = items
        default: throw (root["ranges"] ?? root).complaint("'ranges': expected a list of mappings, each with 'versions'")
        }
        body = root.without(["extends", "ranges"])
    }

    /// All files as one value: each lies over those before it, and its ranges over itself where the version fits.
    static func layered(_ files: [RecipeFile], version wanted: Version?) throws(Diagnostic) -> YamlValue {
        guard let first = files.first else { throw Diagnostic(file: "", message: "a recipe has at least one file") }
        let plain = files.dropFirst().reduce(first.body) { $0.overlaid(by: $1.body, whole: whole) }
        let written = try version(of: plain)
        let version = wanted ?? written
        var value = first.body
        for (index, file) in files.enumerated() {
            if index > 0 { value = value.overlaid(by: file.body, whole: whole) }
            for range in file.ranges where try Self.range(range).contains(version) {
                value = value.overlaid(by: range.without(["versions"]), whole: whole)
            }
        }
        return try value.replacing("{version}", with: version.plain)
    }

    /// A source of another kind replaces one; it does not mix with it.
    private static let whole: Set<String> = ["source", "libraries"]

    private static func version(of value: YamlValue) throws(Diagnostic) -> Version {
        guard let node = value["version"] else {
            throw value.complaint("'version' is missing: the version of what is built, when none is asked for with NAME@VERSION")
        }
        guard case .scalar(let text) = node.content, let version = Version(text) else {
            throw node.complaint("'version': expected a version such as 1.20.2, found \(node.form)")
        }
        return version
    }

    private static func range(_ value: YamlValue) throws(Diagnostic) -> VersionRange {
        guard let node = value["versions"] else { throw value.complaint("'versions' is missing: a range such as '>=1.25 <1.30'") }
        guard case .scalar(let text) = node.content, let range = VersionRange(text) else {
            throw node.complaint("'versions': expected a range such as '>=1.25 <1.30', found \(node.form)")
        }
        return range
    }
}
