import Model

/// A night of the ledger: one time that a manifest's cells were planned, run and compared.
package struct NightRecord: Hashable, Codable, Sendable {
    /// Its name; begins with the time.
    package let id: String
    /// The digest of the manifest.
    package let manifest: Digest
    /// The manifest's name.
    package let name: String
    /// The start in ISO 8601 format, UTC.
    package let started: String
    /// The end; nil while it is not finished.
    package let ended: String?
    /// Its time budget in seconds; nil if it has none.
    package let budget: Double?
    /// How often it was interrupted and resumed.
    package let resumed: Int

    package init(id: String, manifest: Digest, name: String, started: String, ended: String?, budget: Double?, resumed: Int) {
        self.id = id
        self.manifest = manifest
        self.name = name
        self.started = started
        self.ended = ended
        self.budget = budget
        self.resumed = resumed
    }
}

/// What a night found out about a cell.
package struct NightCell: Hashable, Codable, Sendable {
    package let key: CellKey
    /// Its place in the manifest, counted from 0.
    package let position: Int
    /// The version that was measured; nil if unknown.
    package let version: String?
    package let state: ReportDocument.State
    /// The result: `clean`, `fatal, memory cache`, `patch does not apply`, `not measured`.
    package let result: String
    /// The grade; nil if no boot decided the result.
    package let grade: Grade?
    package let cause: Cause?
    /// The reason for the result, in one sentence.
    package let summary: String
    /// The expected result; nil if nothing was expected.
    package let expected: String?
    /// Why it was run or not run, in one sentence.
    package let reason: String
    /// The run that decided, by ID; nil if there is none, or if it was removed. It must be recorded before the cell.
    package let run: String?
    /// All runs of the night, by ID, oldest first.
    package let runs: [String]
    /// How many boots came to each result.
    package let counts: [String: Int]
    /// What the result depends on, by name, to compare with the next night.
    package let inputs: [String: String]
    /// The resolved source; nil if there was none.
    package let lock: Lock?

    package init(
        key: CellKey, position: Int, version: String? = nil, state: ReportDocument.State, result: String, grade: Grade? = nil,
        cause: Cause? = nil, summary: String, expected: String? = nil, reason: String, run: String? = nil, runs: [String] = [],
        counts: [String: Int] = [:], inputs: [String: String] = [:], lock: Lock? = nil
    ) {
        self.key = key
        self.position = position
        self.version = version
        self.state = state
        self.result = result
        self.grade = grade
        self.cause = cause
        self.summary = summary
        self.expected = expected
        self.reason = reason
        self.run = run
        self.runs = runs
        self.counts = counts
        self.inputs = inputs
        self.lock = lock
    }
}

/// A line that a node logged as an error.
package struct ErrorLine: Hashable, Sendable {
    /// The digest of the text.
    package let signature: String
    /// The message without what differs from boot to boot, such as times, numbers and addresses. It comes from outside.
    package let text: String

    package init(signature: String, text: String) {
        self.signature = signature
        self.text = text
    }
}
