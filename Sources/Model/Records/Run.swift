/// What is known of a binary that was booted.
package struct Artifact: Hashable, Codable, Sendable {
    /// The SHA-256 of its bytes.
    package let digest: Digest
    /// Where it is.
    package let path: String
    /// Its length.
    package let bytes: Int64

    /// Makes an artifact.
    package init(digest: Digest, path: String, bytes: Int64) {
        self.digest = digest
        self.path = path
        self.bytes = bytes
    }
}

/// One step of a run, as it went.
package struct StepRecord: Hashable, Codable, Sendable {
    /// The step's name: `resolve`, `fetch`, `patch`, `build`, `verify`.
    package let name: String
    /// The identity of its result, made of all that went in.
    package let key: Digest
    /// Whether the result was there already.
    package let cached: Bool
    /// How long it took.
    package let seconds: Double

    /// Makes a record of a step.
    package init(name: String, key: Digest, cached: Bool, seconds: Double) {
        self.name = name
        self.key = key
        self.cached = cached
        self.seconds = seconds
    }
}

/// How long a node is watched, in seconds from its start. A verdict says no more than these times allow.
package struct WatchTimes: Hashable, Codable, Sendable {
    /// How long a forbidden line may still come.
    package let warmUp: Double
    /// How long the node is observed, the warm-up included.
    package let observe: Double

    /// Makes times.
    package init(warmUp: Double, observe: Double) {
        self.warmUp = warmUp
        self.observe = observe
    }
}

/// A part of a boot that is not the node's own.
package enum BootPart: String, Sendable {
    /// Filling the root file system and writing the bundle.
    case preparing
    /// From the sandbox's start until its first program starts the node's own.
    case starting
    /// Removing the files.
    case clearing
}

/// One way through the whole house: what went in, and the verdict that came out.
package struct Run: Hashable, Codable, Sendable {
    /// Names the run's folder in the workspace; begins with the time.
    package let id: String
    /// When it began, as ISO 8601 in UTC.
    package let started: String
    /// The recipe's name; empty when a binary from elsewhere was verified.
    package let recipe: String
    /// The patches, in order.
    package let series: [PatchName]
    /// How the node saw its file systems.
    package let layout: Layout
    /// What the source was resolved to.
    package let lock: Lock?
    /// The id of the patched tree.
    package let tree: String?
    /// What was booted.
    package let artifact: Artifact
    /// The steps, in order.
    package let steps: [StepRecord]
    /// The versions of what it ran on: `runsc`, `go`, `ninepin`, `kernel`, `containerd`.
    package let tools: [String: String]
    /// The versions of the upstreams in the source, by their names, as the tree itself tells them; nil in a record of an older version, and for a
    /// binary from elsewhere.
    package let upstreams: [String: Version]?
    /// Seconds from the deciding event to the end of the sandbox.
    package let secondsToVerdict: Double
    /// Seconds that the boot took beside the node itself, by the parts' names; what a record of an older version does not tell.
    package let overhead: [String: Double]?
    /// How long the node was watched; nil where none was booted, and in a record of an older version.
    package let watched: WatchTimes?
    /// What the boot suffered from the rest of the machine; nil where no node was booted, and in a record of an older version.
    package let conditions: BootConditions?
    /// The id of the run that this one repeats, alone on the machine; nil for a first boot.
    package let repeats: String?
    /// How many times longer than usual was waited for this machine (``Deadlines/patience``); nil in a record of an older version.
    package let patience: Double?
    /// What came of it.
    package let verdict: Verdict
    /// Why the verdict is not believed: the boot was repeated alone, and that run counts. Nil for a run that counts.
    package var setAside: String?
    /// Which patches the place needs, by the registry's rules; nil where nothing is known of the place or the source, and in a record of an older
    /// version. It has no part in the verdict.
    package let needs: [Need]?

    /// Makes a run.
    package init(
        id: String, started: String, recipe: String, series: [PatchName], layout: Layout, lock: Lock?, tree: String?, artifact: Artifact,
        steps: [StepRecord], tools: [String: String], upstreams: [String: Version]? = nil, secondsToVerdict: Double,
        overhead: [String: Double]? = nil, watched: WatchTimes? = nil, conditions: BootConditions? = nil, repeats: String? = nil,
        patience: Double? = nil, verdict: Verdict, setAside: String? = nil, needs: [Need]? = nil
    ) {
        self.id = id
        self.started = started
        self.recipe = recipe
        self.series = series
        self.layout = layout
        self.lock = lock
        self.tree = tree
        self.artifact = artifact
        self.steps = steps
        self.tools = tools
        self.upstreams = upstreams
        self.secondsToVerdict = secondsToVerdict
        self.overhead = overhead
        self.watched = watched
        self.conditions = conditions
        self.repeats = repeats
        self.patience = patience
        self.verdict = verdict
        self.setAside = setAside
        self.needs = needs
    }
}

/// All runs of a recipe's series and layouts, side by side.
package struct Matrix: Hashable, Codable, Sendable {
    /// One series in one layout.
    package struct Cell: Hashable, Codable, Sendable {
        /// The patches, in order.
        package let series: [PatchName]
        /// The series as the command line takes it: the patches' shortest names, or `none`.
        package let label: String
        /// The probe that was asked; nil when a node was booted.
        package let probe: PatchName?
        /// How the node saw its file systems.
        package let layout: Layout
        /// The grade that all its runs agree on; `inconclusive` when they do not.
        package let grade: Grade
        /// The name of the known fault that decided it; nil when it was none of those, or not the same in all runs.
        package let cause: Cause?
        /// What decided the first run.
        package let evidence: [Evidence]
        /// One sentence: why this grade.
        package let summary: String
        /// The first run's notes.
        package let notes: [String]
        /// Every run of the cell that counts: its id and its grade.
        package let runs: [Attempt]
        /// The runs that were repeated alone, and do not count; nil when there was none.
        package let setAside: [Attempt]?
        /// How the grade contradicts what the registry's rules say of such a node; nil when it does not, or when they say nothing.
        package let contradiction: String?
    }

    /// One run of a cell.
    package struct Attempt: Hashable, Codable, Sendable {
        /// The run's id.
        package let id: String
        /// Its grade.
        package let grade: Grade
        /// Its one sentence.
        package let summary: String
        /// Why it does not count; nil when it does.
        package let setAside: String?

        /// Makes an attempt of a run.
        package init(_ run: Run) {
            id = run.id
            grade = run.verdict.grade
            summary = run.verdict.summary
            setAside = run.setAside
        }
    }

    /// The recipe's name.
    package let recipe: String
    /// The cells, series by series.
    package let cells: [Cell]
    /// What went before the boots, over all series.
    package let steps: [StepRecord]

    /// Makes a matrix.
    package init(recipe: String, cells: [Cell], steps: [StepRecord]) {
        self.recipe = recipe
        self.cells = cells
        self.steps = steps
    }
}

extension Matrix.Cell {
    /// Makes a cell of its runs; nil when none of them counts. Runs that disagree make it `inconclusive`, whatever the best of them says.
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
        // Of a probe no rule says anything.
        let expected = probe == nil ? first.needs.map { Expectation($0, series: first.series) } : nil
        contradiction = expected?.contradiction(of: grade, at: first.verdict.level)
    }
}
