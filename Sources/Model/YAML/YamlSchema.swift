/// One key that a section of a YAML file may have. The readers and the reference in `docs/` are both made from these, so they agree.
package struct YamlField: Sendable {
    /// The key.
    package let name: String
    /// What its value looks like, in words: `text`, `version`, `list of text`.
    package let form: String
    /// Whether a file without it is refused.
    package let isRequired: Bool
    /// What it is for, in one sentence.
    package let about: String

    package init(_ name: String, _ form: String, required: Bool = true, _ about: String) {
        self.name = name
        self.form = form
        self.isRequired = required
        self.about = about
    }
}

/// One mapping of a YAML file: its name, as a path of keys, and the keys that it may have.
package struct YamlSection: Sendable {
    /// The path of keys to it; empty for the whole file.
    package let path: String
    /// The keys that it may have.
    package let fields: [YamlField]

    package init(path: String, fields: [YamlField]) {
        self.path = path
        self.fields = fields
    }
}
