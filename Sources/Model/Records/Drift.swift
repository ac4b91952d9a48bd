/// A change between two nights that a person should know about.
package struct Drift: Hashable, Codable, Sendable {
    /// The kind of change.
    package enum Kind: String, Codable, Sendable, CaseIterable {
        /// A cell has another verdict than before.
        case verdictChanged = "verdict changed"
        /// A patch that applied to the previous source does not apply to the new one.
        case patchNoLongerApplies = "patch no longer applies"
        /// A node without the patch is clean where it was not before.
        case patchNoLongerNeeded = "patch no longer needed"
        /// The new source contains the patch's change.
        case patchMerged = "patch merged upstream"
        /// The same inputs gave another binary.
        case buildNotReproducible = "build no longer reproducible"
        /// A node logged an error that no earlier run of the recipe logged.
        case newErrorLine = "error line never seen before"
        /// A boot took at least 30% longer than its own history.
        case slowerBoot = "boot slower than its history"
    }

    package let kind: Kind
    /// The recipe's name.
    package let recipe: String
    /// The cells concerned, in the order of the manifest.
    package let cells: [CellKey]
    /// The patch concerned; nil if the change is not about one patch.
    package let patch: PatchName?
    /// What changed, in one sentence.
    package let what: String
    /// The start of the last run before the change, in ISO 8601 format, UTC; nil if there is none.
    package let since: String?
    /// The source before the change, such as `kubernetes 1.20.2-1`; nil if unknown.
    package let before: String?
    /// The source after the change.
    package let after: String?
    /// What to do about it, in one sentence or one command.
    package let advice: String
    /// The runs before and after the change, by ID, as far as there are any.
    package let runs: [String]

    package init(
        _ kind: Kind, recipe: String, cells: [CellKey] = [], patch: PatchName? = nil, what: String, since: String? = nil,
        before: String? = nil, after: String? = nil, advice: String, runs: [String] = []
    ) {
        self.kind = kind
        self.recipe = recipe
        self.cells = cells
        self.patch = patch
        self.what = what
        self.since = since
        self.before = before
        self.after = after
        self.advice = advice
        self.runs = runs
    }
}

extension Drift: CustomStringConvertible {
    /// The change on one line: what, since when, between which sources, what to do.
    package var description: String {
        let sources = before == after ? nil : [before, after].map { $0 ?? "nothing" }.joined(separator: " -> ")
        let facts = [since.map { "last otherwise \($0)" }, sources].compactMap(\.self)
        return "\(kind.rawValue): \(what)\(facts.isEmpty ? "" : " (\(facts.joined(separator: "; ")))"). \(advice)"
    }
}
