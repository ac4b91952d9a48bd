/// What a report shows: the cells with their history, and what changed. It is made from the ledger, and every format is made from it.
package struct ReportDocument: Hashable, Codable, Sendable {
    /// What was measured: `Nightly`, `run kubelet-1.20`, `matrix kubelet-1.20`.
    package let title: String
    /// When the report was made, in ISO 8601 format, UTC.
    package let created: String
    /// The start of the earliest run in it; nil if there is none.
    package let since: String?
    /// The night that it is about; nil for a report on runs that no night made.
    package let night: Night?
    /// The cells, in the order of the manifest or of their runs.
    package let cells: [Cell]
    /// What changed, the most important first.
    package let drift: [Drift]
    /// The durations of builds, oldest first.
    package let builds: [Timing]

    package init(
        title: String, created: String, since: String? = nil, night: Night? = nil, cells: [Cell], drift: [Drift] = [], builds: [Timing] = []
    ) {
        self.title = title
        self.created = created
        self.since = since
        self.night = night
        self.cells = cells
        self.drift = drift
        self.builds = builds
    }

    /// A nightly's own facts.
    package struct Night: Hashable, Codable, Sendable {
        /// The name of the night in the ledger; begins with the time.
        package let id: String
        /// The start in ISO 8601 format, UTC.
        package let started: String
        /// The end; nil if it was interrupted and not resumed.
        package let ended: String?
        /// Its time budget in seconds; nil if it had none.
        package let budget: Double?
        /// How often it was interrupted and resumed.
        package let resumed: Int

        package init(id: String, started: String, ended: String?, budget: Double? = nil, resumed: Int = 0) {
            self.id = id
            self.started = started
            self.ended = ended
            self.budget = budget
            self.resumed = resumed
        }
    }

    /// How a cell compares with what was expected of it.
    package enum State: String, Codable, Sendable, CaseIterable {
        /// It was measured, and is as expected.
        case asExpected = "as expected"
        /// It was measured, and is not as expected.
        case broken
        /// It was measured, and nothing was expected of it.
        case measured
        /// Its boots disagree.
        case flaky
        /// Nothing changed since its last verdict, which still counts.
        case unchanged
        /// The budget was spent before its turn.
        case postponed
        /// The harness failed, so nothing is known.
        case harness
    }

    /// A cell, with its newest result and its history.
    package struct Cell: Hashable, Codable, Sendable {
        package let key: CellKey
        /// The series with the shortest patch names, or `none`.
        package let label: String
        /// The version that was measured last; nil if unknown.
        package let version: String?
        package let state: State
        /// The expected result, such as `fatal, memory cache`; nil if nothing was expected.
        package let expected: String?
        /// The result: `clean`, `fatal, memory cache`, `patch does not apply`, `does not build`, or `not measured`.
        package let result: String
        /// The grade; nil if no boot decided the result.
        package let grade: Grade?
        /// The reason for the result, in one sentence.
        package let summary: String
        /// How many boots of the night came to each result. More than one result means that the cell does not repeat.
        package let counts: [String: Int]
        /// The run that the cell shows; nil if there is none.
        package let run: RunDetail?
        /// Earlier results and the newest one, oldest first.
        package let history: [Point]

        package init(
            key: CellKey, label: String, version: String?, state: State, expected: String?, result: String, grade: Grade?,
            summary: String, counts: [String: Int] = [:], run: RunDetail? = nil, history: [Point] = []
        ) {
            self.key = key
            self.label = label
            self.version = version
            self.state = state
            self.expected = expected
            self.result = result
            self.grade = grade
            self.summary = summary
            self.counts = counts
            self.run = run
            self.history = history
        }
    }

    /// An earlier result of a cell.
    package struct Point: Hashable, Codable, Sendable {
        /// The run's ID.
        package let run: String
        /// The run's start in ISO 8601 format, UTC.
        package let started: String
        package let grade: Grade
        /// The result: `clean`, `fatal, memory cache`.
        package let result: String
        /// The locked source, such as `kubernetes 1.20.2-1`; nil if there was none.
        package let source: String?
        /// Seconds from the sandbox's start until the node's program started; nil if unknown.
        package let bootSeconds: Double?

        package init(run: String, started: String, grade: Grade, result: String, source: String?, bootSeconds: Double?) {
            self.run = run
            self.started = started
            self.grade = grade
            self.result = result
            self.source = source
            self.bootSeconds = bootSeconds
        }
    }

    /// The evidence of a run.
    package struct RunDetail: Hashable, Codable, Sendable {
        /// The run's ID.
        package let id: String
        /// The run's start in ISO 8601 format, UTC.
        package let started: String
        package let verdict: Verdict
        /// The locked source; nil if there was none.
        package let source: String?
        /// The digest of the binary that was booted.
        package let artifact: Digest
        /// The versions of the tools, by name.
        package let tools: [String: String]
        /// The boot's milestones, in the order of their times.
        package let timeline: [Milestone]
        /// The part of the log around the deciding line; nil if no line decided, or if the log is gone.
        package let excerpt: LogExcerpt?
        /// Commands that repeat the run, one line each.
        package let commands: [String]

        package init(
            id: String, started: String, verdict: Verdict, source: String?, artifact: Digest, tools: [String: String],
            timeline: [Milestone] = [], excerpt: LogExcerpt? = nil, commands: [String] = []
        ) {
            self.id = id
            self.started = started
            self.verdict = verdict
            self.source = source
            self.artifact = artifact
            self.tools = tools
            self.timeline = timeline
            self.excerpt = excerpt
            self.commands = commands
        }
    }

    /// Something that happened in a boot.
    package struct Milestone: Hashable, Codable, Sendable {
        /// What happened: `sandbox`, `containerd`, `kubelet`, `first housekeeping`, `Ready`, `deciding line`.
        package let name: String
        /// Seconds after the boot began.
        package let seconds: Double

        package init(name: String, seconds: Double) {
            self.name = name
            self.seconds = seconds
        }
    }

    /// Consecutive lines of a log.
    package struct LogExcerpt: Hashable, Codable, Sendable {
        /// The log's file name in the run's folder.
        package let log: String
        /// The number of the first line, counted from 1.
        package let first: Int
        /// The lines, without line breaks. Their text comes from outside.
        package let lines: [String]
        /// The number of the line that decided; nil if none of them did.
        package let deciding: Int?

        package init(log: String, first: Int, lines: [String], deciding: Int?) {
            self.log = log
            self.first = first
            self.lines = lines
            self.deciding = deciding
        }
    }

    /// The duration of a step.
    package struct Timing: Hashable, Codable, Sendable {
        /// The run's ID.
        package let run: String
        /// The run's start in ISO 8601 format, UTC.
        package let started: String
        /// What was built: the recipe and the series.
        package let subject: String
        /// The duration in seconds.
        package let seconds: Double

        package init(run: String, started: String, subject: String, seconds: Double) {
            self.run = run
            self.started = started
            self.subject = subject
            self.seconds = seconds
        }
    }
}
