/// One key that a section of a YAML file may have. The readers and the reference in `docs/` are both made from these, so they agree.
public struct YamlField: Sendable {
    /// The key.
    public let name: String
    /// What its value looks like, in words: `text`, `version`, `list of text`.
    public let form: String
    /// Whether a file without it is refused.
    public let isRequired: Bool
    /// What it is for, in one sentence.
    public let about: String

    init(_ name: String, _ form: String, required: Bool = true, _ about: String) {
        self.name = name
        self.form = form
        self.isRequired = required
        self.about = about
    }
}

/// One mapping of a YAML file: its name, as a path of keys, and the keys that it may have.
public struct YamlSection: Sendable {
    /// The path of keys to it; empty for the whole file.
    public let path: String
    /// The keys that it may have.
    public let fields: [YamlField]
}
