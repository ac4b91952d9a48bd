/// A key of a section in a YAML file. The parsers and the reference in `docs/` both use these, so they agree.
package struct YamlField: Sendable {
    package let name: String
    /// The form of its value, in words: `text`, `version`, `list of text`.
    package let form: String
    /// Whether the key is required.
    package let isRequired: Bool
    /// A one-sentence description.
    package let about: String

    package init(_ name: String, _ form: String, required: Bool = true, _ about: String) {
        self.name = name
        self.form = form
        self.isRequired = required
        self.about = about
    }
}

/// A mapping in a YAML file: its path of keys, and its allowed keys.
package struct YamlSection: Sendable {
    /// The path of keys to the section; empty for the whole file.
    package let path: String
    package let fields: [YamlField]

    package init(path: String, fields: [YamlField]) {
        self.path = path
        self.fields = fields
    }
}
