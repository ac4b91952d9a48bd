import Paths

/// A project that takes pull requests, and how it wants them. `patches/projects/NAME.yaml`.
package struct Project: Hashable, Sendable {
    /// Where the code of a patch's upstream lies in the project's own tree.
    package struct Home: Hashable, Sendable {
        /// The upstream, as patches name it.
        package let upstream: String
        /// The directory; `.` for the top.
        package let path: String
    }

    /// How a commit's first line is written.
    package enum SubjectStyle: String, Sendable, CaseIterable {
        /// `Tolerate a missing file`
        case capitalised
        /// `fs: tolerate a missing file`
        case area
    }

    /// What Ninepin can see for itself.
    package enum Check: String, Sendable, CaseIterable {
        /// The form and the length of the subject.
        case subject
        /// The form of the message's body.
        case message
        /// No mention and no keyword that closes an issue stands in the message.
        case keywords
        /// A sign-off by the author.
        case signOff
        /// A test in the same commit.
        case test
        /// Recorded runs, without and with the patch.
        case evidence
    }

    /// One rule of the project.
    package struct Rule: Hashable, Sendable {
        /// What the project wants.
        package let rule: String
        /// How it is checked; nil for what a person must do.
        package let check: Check?
        /// What the person must know or do.
        package let note: String?
    }

    /// Its name, as the command line has it.
    package let name: String
    /// `OWNER/REPOSITORY`.
    package let title: String
    /// The upstreams whose code it has.
    package let homes: [Home]
    /// Whether that code is a copy of another project's.
    package let isVendored: Bool
    /// What each new file begins with, with `{year}` in it; nil when the project wants nothing.
    package let header: String?
    /// How a commit's first line is written.
    package let subjectStyle: SubjectStyle
    /// How many characters the first line may have.
    package let longestSubject: Int
    /// Whether a commit ends with the author's sign-off.
    package let signsOff: Bool
    /// The commit message's body, with `{problem}`, `{solution}` and `{validation}`.
    package let message: String
    /// The pull request's text, with `{problem}`, `{solution}`, `{subject}`, `{tests}`, `{evidence}` and `{related}`.
    package let text: String
    /// Its rules.
    package let rules: [Rule]
}

extension Project {
    /// The keys of a project's file. `docs/patch.md` is written from these.
    package enum Schema {
        /// The whole file.
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
        /// One place.
        package static let home = YamlSection(
            path: "homes",
            fields: [
                YamlField("upstream", "word", "the upstream's name in patches"),
                YamlField("path", "relative path", "the directory; `.` for the top"),
            ])
        /// A commit's first line.
        package static let subject = YamlSection(
            path: "subject",
            fields: [
                YamlField("style", "`capitalised` or `area`", "`Tolerate a missing file`, or `fs: tolerate a missing file`"),
                YamlField("longest", "number", "the maximum length in characters"),
            ])
        /// One rule.
        package static let rule = YamlSection(
            path: "rules",
            fields: [
                YamlField("rule", "text", "the project's requirement"),
                YamlField(
                    "check", "`subject`, `message`, `keywords`, `signOff`, `test` or `evidence`", required: false,
                    "what Ninepin checks by itself"),
                YamlField("note", "text", required: false, "what the author must know or do"),
            ])

        /// All sections, the file itself first.
        package static let all = [project, home, subject, rule]
    }

    /// Reads a project.
    ///
    /// - Throws: `Diagnostic` with file, line and column for the first thing that is wrong.
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
