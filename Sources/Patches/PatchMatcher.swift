import Git
import Model
import UnifiedDiff

/// What decided which variant of a patch is meant.
package enum Choice: String, Hashable, Codable, Sendable {
    /// Only one fits what stands in the files.
    case content
    /// More than one fits, and one was written for this version.
    case version
}

/// One variant of a patch, held against an upstream's files.
package struct VariantMatch: Sendable {
    /// The variant.
    package let variant: PatchEntry.Variant
    /// Its text.
    package let patch: Patch
    /// How it fits.
    package let match: PatchMatch
    /// Whether it was written for the version that is there; nil when that is not known.
    package let agrees: Bool?
}

/// All variants of a patch, held against an upstream's files.
package struct PatchMatcher: Sendable {
    /// The patch.
    package let entry: PatchEntry
    /// Where.
    package let home: Home
    /// Its variants, in the order of the entry.
    package let variants: [VariantMatch]

    /// Holds every variant against the files.
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

    /// The variant that is meant: the one that fits; the version only has a say where two do.
    ///
    /// - Throws: `PatchesError` with the nearest variant and the difference.
    package func chosen() throws(PatchesError) -> (match: VariantMatch, by: Choice) {
        let matcher = variants.filter { $0.match.state == .applies }
        if matcher.count == 1, let only = matcher.first { return (only, .content) }
        let meant = matcher.filter { $0.agrees == true }
        if meant.count == 1, let only = meant.first { return (only, .version) }
        guard matcher.isEmpty else { throw .ambiguous(entry.name, variants: matcher.map(\.variant.name)) }
        if let there = variants.first(where: { $0.match.state == .upstream }) {
            throw .inUpstream(entry.name, variant: there.variant.name, upstreamPath: home.path)
        }
        guard let nearest, let error = nearest.match.error else {
            throw .unknown(name: entry.name.description, advice: "it has no variant")
        }
        let nearness = "\(variants.count > 1 ? "the nearest: " : "")\(nearest.match.matched) of its \(nearest.match.wanted) lines match"
        throw .doesNotApply(entry.name, variant: nearest.variant.name, nearness: nearness, upstreamPath: home.path, error)
    }

    /// The variant of whose lines most are there; of two that are alike the one for this version.
    package var nearest: VariantMatch? {
        variants.max { one, other in
            let (left, right) = (one.match.matched * max(1, other.match.wanted), other.match.matched * max(1, one.match.wanted))
            return (left, one.agrees == true ? 1 : 0) < (right, other.agrees == true ? 1 : 0)
        }
    }

    /// What `status` in the entry says and the files do not, or the other way round.
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
