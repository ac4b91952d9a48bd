/// A binary that was booted.
package struct Artifact: Hashable, Codable, Sendable {
    /// The SHA-256 digest of its bytes.
    package let digest: Digest
    package let path: String
    /// Its length in bytes.
    package let bytes: Int64

    package init(digest: Digest, path: String, bytes: Int64) {
        self.digest = digest
        self.path = path
        self.bytes = bytes
    }
}

/// A completed step of a run.
package struct StepRecord: Hashable, Codable, Sendable {
    /// The step's name: `resolve`, `fetch`, `patch`, `build`, `verify`.
    package let name: String
    /// The key of its result, derived from all its inputs.
    package let key: Digest
    /// Whether the result was already available.
    package let cached: Bool
    /// The duration in seconds.
    package let seconds: Double

    package init(name: String, key: Digest, cached: Bool, seconds: Double) {
        self.name = name
        self.key = key
        self.cached = cached
        self.seconds = seconds
    }
}

/// How long a node is observed, in seconds from its start. A verdict is only valid for these times.
package struct WatchTimes: Hashable, Codable, Sendable {
    /// How long forbidden lines are tolerated.
    package let warmUp: Double
    /// How long the node is observed, including the warm-up.
    package let observe: Double

    package init(warmUp: Double, observe: Double) {
        self.warmUp = warmUp
        self.observe = observe
    }
}

/// A part of a boot other than the node itself.
package enum BootPart: String, Sendable {
    /// Populating the root file system and writing the bundle.
    case preparing
    /// From the sandbox's start until its first program starts the node's own.
    case starting
    /// Removing the files.
    case clearing
}

/// Something that a boot reaches, as a run records it.
package enum Milestone: String, Sendable, CaseIterable {
    /// The sandbox is started. The time is 0.
    case sandbox
    /// The sandbox's first program starts containerd.
    case containerd
    /// The sandbox's first program starts the node's own.
    case kubelet
    /// The node reports the file system's capacity for the first time, for which its first housekeeping must be over.
    case housekeeping
    /// The API server reports the node as Ready for the first time.
    case ready = "Ready"
}

/// A complete run: its inputs and the resulting verdict.
package struct Run: Hashable, Codable, Sendable {
    /// The name of the run's directory in the workspace; begins with the time.
    package let id: String
    /// The start time in ISO 8601 format, UTC.
    package let started: String
    /// The recipe's name; empty if an external binary was verified.
    package let recipe: String
    /// The version that the recipe asked for, without a leading `v`; nil for an external binary, and in a record from an older version.
    package let version: String?
    /// The patches, in order.
    package let series: [PatchName]
    /// The probes that were run at level `component`, in order; nil if a node was booted, and in a record from an older version.
    package let probes: [PatchName]?
    /// How the node saw its file systems.
    package let layout: RunLayout
    /// The resolved source; nil if there was none.
    package let lock: Lock?
    /// The tree ID of the patched source.
    package let tree: String?
    /// The binary that was booted.
    package let artifact: Artifact
    /// The steps, in order.
    package let steps: [StepRecord]
    /// The versions of the tools: `runsc`, `go`, `ninepin`, `kernel`, `containerd`.
    package let tools: [String: String]
    /// The versions of the upstreams in the source, by name, as read from the tree; nil in a record from an older version and for an
    /// external binary.
    package let upstreams: [String: Version]?
    /// Seconds from the deciding event to the end of the sandbox.
    package let secondsToVerdict: Double
    /// Seconds spent on the boot apart from the node itself, by part name; nil in a record from an older version.
    package let overhead: [String: Double]?
    /// When the boot reached its milestones (``Milestone``), by name, in seconds after the boot began. A milestone that was not reached, or
    /// not seen, is missing. nil if no node was booted, and in a record from an older version.
    package let milestones: [String: Double]?
    /// How long the node was observed; nil if none was booted, and in a record from an older version.
    package let watched: WatchTimes?
    /// How the rest of the machine disturbed the boot; nil if no node was booted, and in a record from an older version.
    package let conditions: BootConditions?
    /// The ID of the run that this one repeats, alone on the machine; nil for a first boot.
    package let repeats: String?
    /// The factor for timeouts on this machine (``Deadlines/patience``); nil in a record from an older version.
    package let patience: Double?
    package let verdict: Verdict
    /// Why the verdict is not trusted: the boot was repeated alone, and that run counts instead. nil for a run that counts.
    package var setAside: String?
    /// The patches that the environment needs according to the registry's rules; nil if the environment or the source is unknown, and in a
    /// record from an older version. Does not affect the verdict.
    package let needs: [Need]?

    package init(
        id: String, started: String, recipe: String, version: String? = nil, series: [PatchName], probes: [PatchName]? = nil,
        layout: RunLayout, lock: Lock?, tree: String?, artifact: Artifact, steps: [StepRecord], tools: [String: String],
        upstreams: [String: Version]? = nil, secondsToVerdict: Double, overhead: [String: Double]? = nil,
        milestones: [String: Double]? = nil, watched: WatchTimes? = nil, conditions: BootConditions? = nil, repeats: String? = nil,
        patience: Double? = nil, verdict: Verdict, setAside: String? = nil, needs: [Need]? = nil
    ) {
        self.id = id
        self.started = started
        self.recipe = recipe
        self.version = version
        self.series = series
        self.probes = probes
        self.layout = layout
        self.lock = lock
        self.tree = tree
        self.artifact = artifact
        self.steps = steps
        self.tools = tools
        self.upstreams = upstreams
        self.secondsToVerdict = secondsToVerdict
        self.overhead = overhead
        self.milestones = milestones
        self.watched = watched
        self.conditions = conditions
        self.repeats = repeats
        self.patience = patience
        self.verdict = verdict
        self.setAside = setAside
        self.needs = needs
    }
}

extension Run {
    /// What was measured. A run follows no line of releases. A run of several probes is of none of them.
    package var cell: CellKey {
        CellKey(
            recipe: recipe, series: series, layout: layout, level: verdict.level, probe: probes?.count == 1 ? probes?.first : nil)
    }
}

/// The runs of a recipe for all series and layouts.
package struct Matrix: Hashable, Codable, Sendable {
    /// A series in a layout.
    package struct Cell: Hashable, Codable, Sendable {
        /// The patches, in order.
        package let series: [PatchName]
        /// The series in command-line notation: the shortest patch names, or `none`.
        package let label: String
        /// The probe that was run; nil if a node was booted.
        package let probe: PatchName?
        /// How the node saw its file systems.
        package let layout: RunLayout
        /// The grade that all its runs agree on; `inconclusive` when they do not.
        package let grade: Grade
        /// The known fault that decided it; nil if there was none, or if the runs differ.
        package let cause: Cause?
        /// The evidence of the first run.
        package let evidence: [Evidence]
        /// A one-sentence reason for the grade.
        package let summary: String
        /// The first run's notes.
        package let notes: [String]
        /// The runs of the cell that count, each with ID and grade.
        package let runs: [Attempt]
        /// The runs that were repeated alone and do not count; nil if there are none.
        package let setAside: [Attempt]?
        /// How the grade contradicts the registry's rules for such a node; nil if it does not, or if no rule applies.
        package let contradiction: String?
    }

    /// A run of a cell.
    package struct Attempt: Hashable, Codable, Sendable {
        /// The run's ID.
        package let id: String
        package let grade: Grade
        /// Its one-sentence summary.
        package let summary: String
        /// Why it does not count; nil if it does.
        package let setAside: String?

        package init(_ run: Run) {
            id = run.id
            grade = run.verdict.grade
            summary = run.verdict.summary
            setAside = run.setAside
        }
    }

    package let recipe: String
    /// The cells, grouped by series.
    package let cells: [Cell]
    /// The steps before the boots, for all series.
    package let steps: [StepRecord]

    package init(recipe: String, cells: [Cell], steps: [StepRecord]) {
        self.recipe = recipe
        self.cells = cells
        self.steps = steps
    }
}

extension Matrix.Cell {
    /// Combines runs into a cell; nil if none of them counts. Runs with different grades make it `inconclusive`, even if one of them is
    /// clean.
    package init?(label: String, probe: PatchName? = nil, runs all: [Run]) {
        let runs = all.filter { $0.setAside == nil }
        guard let first = runs.first else { return nil }
        series = first.series
        self.label = label
        self.probe = probe
        layout = first.layout
        let grades = Set(runs.map(\.verdict.grade))
        let grade = grades.count == 1 ? first.verdict.grade : .inconclusive
        self.grade = grade
        let titles = runs.map(\.verdict.title)
        let isOne = Set(titles).count == 1
        summary = isOne ? first.verdict.summary : "the repeated runs disagree: \(titles.joined(separator: ", "))"
        cause = isOne ? first.verdict.cause : nil
        evidence = first.verdict.evidence
        notes = first.verdict.notes
        self.runs = runs.map(Matrix.Attempt.init)
        setAside = runs.count == all.count ? nil : all.filter { $0.setAside != nil }.map(Matrix.Attempt.init)
        // The rules do not apply to probes.
        let expected = probe == nil ? first.needs.map { Expectation($0, series: first.series) } : nil
        contradiction = expected?.contradiction(of: grade, at: first.verdict.level)
    }
}
