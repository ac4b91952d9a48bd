import Paths

/// A project that accepts pull requests, and its requirements for them. `patches/projects/NAME.yaml`.
package struct Project: Hashable, Sendable {
    /// The location of an upstream's code in the project's own tree.
    package struct Home: Hashable, Sendable {
        /// The upstream's name in patches.
        package let upstream: String
        /// The directory; `.` for the top.
        package let path: String
    }

    /// The style of a commit's subject line.
    package enum SubjectStyle: String, Sendable, CaseIterable {
        /// `Tolerate a missing file`
        case capitalised
        /// `fs: tolerate a missing file`
        case area
    }

    /// The checks that Ninepin can perform itself.
    package enum Check: String, Sendable, CaseIterable {
        /// The form and length of the subject.
        case subject
        /// The form of the message body.
        case message
        /// The message has no mentions and no keywords that close an issue.
        case keywords
        /// The author's sign-off.
        case signOff
        /// A test in the same commit.
        case test
        /// Recorded runs without and with the patch.
        case evidence
    }

    /// A rule of the project.
    package struct Rule: Hashable, Sendable {
        /// What the project requires.
        package let rule: String
        /// How it is checked; nil if a person must do it.
        package let check: Check?
        /// What the person must know or do.
        package let note: String?
    }

    /// The project's name on the command line.
    package let name: String
    /// `OWNER/REPOSITORY`.
    package let title: String
    /// The locations of the upstreams whose code it contains.
    package let homes: [Home]
    /// Whether that code is vendored from another project.
    package let isVendored: Bool
    /// The header of each new file, with `{year}` as a placeholder; nil if the project requires none.
    package let header: String?
    /// The style of a commit's subject line.
    package let subjectStyle: SubjectStyle
    /// The maximum number of characters in the subject line.
    package let longestSubject: Int
    /// Whether commits end with the author's sign-off.
    package let signsOff: Bool
    /// The commit message body, with placeholders `{problem}`, `{solution}` and `{validation}`.
    package let message: String
    /// The pull request text, with placeholders `{problem}`, `{solution}`, `{subject}`, `{tests}`, `{evidence}` and `{related}`.
    package let text: String
    package let rules: [Rule]
}

extension Project {
    /// The keys of a project's file. `docs/patch.md` is generated from these.
    package enum Schema {
        package static let project = YamlSection(
            path: "projects/NAME.yaml",
            fields: [
                YamlField("title", "text", "the repository, `OWNER/NAME`"),
                YamlField("homes", "list of mappings", "where an upstream's code is in the project's tree"),
                YamlField("isVendored", "`true` or `false`", "whether that code is copied from another project"),
                YamlField("subject", "mapping", "the form of a commit's first line"),
                YamlField("signsOff", "`true` or `false`", "whether a commit ends with `Signed-off-by`"),
                YamlField("header", "text", required: false, "the header of each new file; `{year}` is the commit's year"),
                YamlField("message", "text", "the commit message's body, with `{problem}`, `{solution}` and `{validation}`"),
                YamlField(
                    "text", "text",
                    "the pull request, with `{problem}`, `{solution}`, `{subject}`, `{tests}`, `{evidence}` and `{related}`"),
                YamlField("rules", "list of mappings", "the project's requirements for a pull request"),
            ])
        package static let home = YamlSection(
            path: "homes",
            fields: [
                YamlField("upstream", "word", "the upstream's name in patches"),
                YamlField("path", "relative path", "the directory; `.` for the top"),
            ])
        package static let subject = YamlSection(
            path: "subject",
            fields: [
                YamlField("style", "`capitalised` or `area`", "`Tolerate a missing file`, or `fs: tolerate a missing file`"),
                YamlField("longest", "number", "the maximum length in characters"),
            ])
        package static let rule = YamlSection(
            path: "rules",
            fields: [
                YamlField("rule", "text", "the project's requirement"),
                YamlField(
                    "check", "`subject`, `message`, `keywords`, `signOff`, `test` or `evidence`", required: false,
                    "what Ninepin checks by itself"),
                YamlField("note", "text", required: false, "what the author must know or do"),
            ])

        /// All sections, starting with the file itself.
        package static let all = [project, home, subject, rule]
    }

    /// Parses a project's file.
    ///
    /// - Throws: `Diagnostic` with file, line and column for the first error.
    package init(yaml: String, file: String, name: String) throws(Diagnostic) {
        let map = try YamlMap.parse(yaml, file: file, schema: Schema.project)
        self.name = name
        title = try map.text("title")
        isVendored = try map.value("isVendored", expected: "true or false")
        header = map.has("header") ? try map.text("header") : nil
        signsOff = try map.value("signsOff", expected: "true or false")
        message = try map.text("message")
        text = try map.text("text")
        let subject = try map.map("subject", schema: Schema.subject)
        subjectStyle = try subject.word("style")
        longestSubject = try subject.value("longest", expected: "a number")
        var homes: [Home] = []
        for home in try map.list("homes", schema: Schema.home) {
            homes.append(Home(upstream: try home.text("upstream"), path: try home.path("path").description))
        }
        self.homes = homes
        var rules: [Rule] = []
        for rule in try map.list("rules", schema: Schema.rule) {
            let check: Check? = rule.has("check") ? try rule.word("check") : nil
            let note = rule.has("note") ? try rule.text("note") : nil
            guard (check == nil) != (note == nil) else {
                throw rule.complaint("rule", "expected exactly one of 'check' and 'note': a rule is either checked or explained")
            }
            rules.append(Rule(rule: try rule.text("rule"), check: check, note: note))
        }
        self.rules = rules
    }
}
