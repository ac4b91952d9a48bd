import Git
import Model
import UnifiedDiff

/// Why a variant of a patch was chosen.
package enum Choice: String, Hashable, Codable, Sendable {
    /// Only this variant matches the content of the files.
    case content
    /// Several variants match, and only this one was written for the upstream's version.
    case version
}

/// The result of comparing one variant of a patch with an upstream's files.
package struct VariantMatch: Sendable {
    package let variant: PatchEntry.Variant
    /// The variant's text.
    package let patch: Patch
    /// How the variant relates to the files.
    package let match: PatchMatch
    /// Whether the variant was written for the upstream's version; nil if the version is unknown.
    package let agrees: Bool?
}

/// The results of comparing all variants of a patch with an upstream's files.
package struct PatchMatcher: Sendable {
    /// The patch.
    package let entry: PatchEntry
    /// Where the upstream is.
    package let home: Home
    /// The variants in the entry's order.
    package let variants: [VariantMatch]

    /// Compares every variant with the files.
    ///
    /// - Throws: `FileError`, `GitError`, `PatchesError.malformed`.
    package init(_ entry: PatchEntry, at home: Home, in source: SourceText, registry: Registry) throws {
        self.entry = entry
        self.home = home
        variants = try entry.variants.map { variant in
            let patch = try registry.patch(variant, of: entry)
            let match = try patch.match { try source.standing($0, in: home) }
            return VariantMatch(variant: variant, patch: patch, match: match, agrees: home.version.map(variant.versions.contains))
        }
    }

    /// The variant to use: the one that applies. The version decides only if several do.
    ///
    /// - Throws: `PatchesError` with the nearest variant and the difference.
    package func chosen() throws(PatchesError) -> (match: VariantMatch, by: Choice) {
        let matching = variants.filter { $0.match.state == .applies }
        if matching.count == 1, let only = matching.first { return (only, .content) }
        let meant = matching.filter { $0.agrees == true }
        if meant.count == 1, let only = meant.first { return (only, .version) }
        guard matching.isEmpty else { throw .ambiguous(entry.name, variants: matching.map(\.variant.name)) }
        if let there = variants.first(where: { $0.match.state == .upstream }) {
            throw .inUpstream(entry.name, variant: there.variant.name, upstreamPath: home.path)
        }
        guard let nearest, let error = nearest.match.error else {
            throw .unknown(name: entry.name.description, advice: "it has no variant")
        }
        let nearness = "\(variants.count > 1 ? "the nearest: " : "")\(nearest.match.matched) of its \(nearest.match.wanted) lines match"
        throw .doesNotApply(entry.name, variant: nearest.variant.name, nearness: nearness, upstreamPath: home.path, error)
    }

    /// The variant with the largest share of matching lines; of equal ones, the one for this version.
    package var nearest: VariantMatch? {
        variants.max { one, other in
            let (left, right) = (one.match.matched * max(1, other.match.wanted), other.match.matched * max(1, one.match.wanted))
            return (left, one.agrees == true ? 1 : 0) < (right, other.agrees == true ? 1 : 0)
        }
    }

    /// A note if `status` in the entry contradicts the files.
    package var statusNote: String? {
        let applies = variants.contains { $0.match.state == .applies }
        let isThere = !applies && variants.contains { $0.match.state == .upstream }
        if isThere, entry.status != .merged {
            return "its status is '\(entry.status.rawValue)', but this source already contains the change"
        }
        if applies, entry.status == .merged, let version = home.version, !entry.versions.contains(version) {
            return "its status is 'merged', and \(version) should contain it, but it still applies here"
        }
        return nil
    }
}
