import Paths

/// The content of a patch's pull request, for any project. `patches/UPSTREAM/NAME/pull-request.yaml`.
package struct Proposal: Hashable, Sendable {
    /// A test to submit with the patch, for one project.
    package struct Test: Hashable, Sendable {
        package let project: String
        /// The variants of the patch that the test fits.
        package let variants: [String]
        /// The file with the test, in the same directory as this file.
        package let file: String
        /// The test's path in the upstream's code.
        package let path: String
        /// The results without and with the patch; nil if the test was never run.
        package let seen: String?
    }

    /// What is to be told of some variants only.
    package struct Remark: Hashable, Sendable {
        /// The variants that it is about.
        package let variants: [String]
        /// What else fails without the patch; nil for nothing.
        package let problem: String?
        /// What else to know of the solution; nil for nothing.
        package let solution: String?
    }

    /// The area of the code for subject lines: `fs`.
    package let area: String
    /// What the commit does, in the imperative and starting in lower case.
    package let subject: String
    /// The problem without the patch.
    package private(set) var problem: String
    /// How the patch solves the problem.
    package private(set) var solution: String
    /// What is to be told of some variants only.
    package let remarks: [Remark]
    /// What was measured by hand, with dates and versions; nil if nothing was.
    package let measured: String?
    /// Related threads of the projects.
    package let related: [String]
    /// Tests that fail without the patch.
    package let tests: [Test]
}

extension Proposal {
    /// The keys of a `pull-request.yaml`. `docs/patch.md` is generated from these.
    package enum Schema {
        package static let proposal = YamlSection(
            path: "pull-request.yaml",
            fields: [
                YamlField("area", "word", "the part of the code as named in commit subjects, such as `fs`"),
                YamlField("subject", "text", "what the commit does, in the imperative and in lowercase"),
                YamlField("problem", "text", "what fails without the patch; an empty line starts a new paragraph"),
                YamlField("solution", "text", "how the patch fixes it"),
                YamlField("remarks", "list of mappings", required: false, "more on problem and solution, for some variants only"),
                YamlField(
                    "measured", "text", required: false,
                    "what was measured by hand, with dates and versions; it stands behind the recorded runs"),
                YamlField("related", "list of texts", required: false, "related threads: `OWNER/NAME#NUMBER` and a short comment"),
                YamlField("tests", "list of mappings", required: false, "new test files that fail without the patch"),
            ])
        package static let remark = YamlSection(
            path: "remarks",
            fields: [
                YamlField("variants", "list of names", "the variants that it is about"),
                YamlField("problem", "text", required: false, "what else fails without the patch: paragraphs that follow `problem`"),
                YamlField("solution", "text", required: false, "what else to know of the solution: paragraphs that follow `solution`"),
            ])
        package static let test = YamlSection(
            path: "tests",
            fields: [
                YamlField("project", "word", "the project that the test is written for"),
                YamlField("variants", "list of names", "the variants that the test works with"),
                YamlField("file", "relative path", "the test's file, in the same folder"),
                YamlField("path", "relative path", "the test's path in the upstream's code, as in a patch"),
                YamlField(
                    "seen", "text", required: false,
                    "the results without and with the patch, and where they were seen; omitted if the test was never run"
                ),
            ])

        /// All sections, starting with the file itself.
        package static let all = [proposal, remark, test]
    }

    /// A proposal without a file, and so without tests.
    package init(area: String, subject: String, problem: String, solution: String) {
        self.area = area
        self.subject = subject
        self.problem = problem
        self.solution = solution
        remarks = []
        measured = nil
        related = []
        tests = []
    }

    /// The proposal as it is for one variant, with the remarks that are about it.
    package func told(of variant: String) -> Proposal {
        var told = self
        for remark in remarks where remark.variants.contains(variant) {
            if let more = remark.problem { told.problem += "\n\n\(more)" }
            if let more = remark.solution { told.solution += "\n\n\(more)" }
        }
        return told
    }

    /// Parses a proposal.
    ///
    /// - Throws: `Diagnostic` with file, line and column for the first error.
    package init(yaml: String, file: String) throws(Diagnostic) {
        let map = try YamlMap.parse(yaml, file: file, schema: Schema.proposal)
        area = try map.text("area")
        subject = try map.text("subject")
        guard !subject.contains(where: \.isNewline) else { throw map.complaint("subject", "expected one line") }
        problem = try map.text("problem")
        solution = try map.text("solution")
        var remarks: [Remark] = []
        for remark in try map.list("remarks", schema: Schema.remark) {
            let variants = try remark.values("variants", as: String.self, expected: "a variant's name")
            let texts = (
                remark.has("problem") ? try remark.text("problem") : nil, remark.has("solution") ? try remark.text("solution") : nil
            )
            remarks.append(Remark(variants: variants, problem: texts.0, solution: texts.1))
        }
        self.remarks = remarks
        measured = map.has("measured") ? try map.text("measured") : nil
        related = try map.values("related", expected: "text")
        var tests: [Test] = []
        for test in try map.list("tests", schema: Schema.test) {
            let variants = try test.values("variants", as: String.self, expected: "a variant's name")
            let seen = test.has("seen") ? try test.text("seen") : nil
            tests.append(
                Test(
                    project: try test.text("project"), variants: variants, file: try test.path("file").description,
                    path: try test.path("path").description,
                    seen: seen))
        }
        self.tests = tests
    }
}
