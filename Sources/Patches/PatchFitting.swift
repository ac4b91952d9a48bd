import Git
import Model

/// What decided which variant of a patch is meant.
public enum Choice: String, Hashable, Codable, Sendable {
    /// Only one fits what stands in the files.
    case content
    /// More than one fits, and one was written for this version.
    case version
}

/// One variant of a patch, held against an upstream's files.
public struct VariantFit: Sendable {
    /// The variant.
    public let variant: PatchEntry.Variant
    /// Its text.
    public let patch: Patch
    /// How it fits.
    public let fit: Fit
    /// Whether it was written for the version that is there; nil when that is not known.
    public let agrees: Bool?
}

/// All variants of a patch, held against an upstream's files.
public struct PatchFitting: Sendable {
    /// The patch.
    public let entry: PatchEntry
    /// Where.
    public let home: Home
    /// Its variants, in the order of the entry.
    public let variants: [VariantFit]

    /// Holds every variant against the files.
    ///
    /// - Throws: `FileError`, `GitError`, `PatchesError.malformed`.
    public init(_ entry: PatchEntry, at home: Home, in source: SourceText, registry: Registry) throws {
        self.entry = entry
        self.home = home
        variants = try entry.variants.map { variant in
            let patch = try registry.patch(variant, of: entry)
            let fit = try patch.fit { try source.standing($0, in: home) }
            return VariantFit(variant: variant, patch: patch, fit: fit, agrees: home.version.map(variant.versions.contains))
        }
    }

    /// The variant that is meant: the one that fits; the version only has a say where two do.
    ///
    /// - Throws: `PatchesError` with the nearest variant and the difference.
    public func chosen() throws(PatchesError) -> (fit: VariantFit, by: Choice) {
        let fitting = variants.filter { $0.fit.state == .applies }
        if fitting.count == 1, let only = fitting.first { return (only, .content) }
        let meant = fitting.filter { $0.agrees == true }
        if meant.count == 1, let only = meant.first { return (only, .version) }
        guard fitting.isEmpty else { throw .ambiguous(entry.name, variants: fitting.map(\.variant.name)) }
        if let there = variants.first(where: { $0.fit.state == .upstream }) {
            throw .inUpstream(entry.name, variant: there.variant.name, upstreamPath: home.path)
        }
        guard let nearest, let error = nearest.fit.error else {
            throw .unknown(name: entry.name.description, advice: "it has no variant")
        }
        let nearness = "\(variants.count > 1 ? "the nearest: " : "")\(nearest.fit.matched) of its \(nearest.fit.wanted) lines are there"
        throw .doesNotApply(entry.name, variant: nearest.variant.name, nearness: nearness, upstreamPath: home.path, error)
    }

    /// The variant of whose lines most are there; of two that are alike the one for this version.
    public var nearest: VariantFit? {
        variants.max { one, other in
            let (left, right) = (one.fit.matched * max(1, other.fit.wanted), other.fit.matched * max(1, one.fit.wanted))
            return (left, one.agrees == true ? 1 : 0) < (right, other.agrees == true ? 1 : 0)
        }
    }

    /// What `status` in the entry says and the files do not, or the other way round.
    public var statusNote: String? {
        let applies = variants.contains { $0.fit.state == .applies }
        let isThere = !applies && variants.contains { $0.fit.state == .upstream }
        if isThere, entry.status != .merged {
            return "its status is '\(entry.status.rawValue)', but it is in upstream here"
        }
        if applies, entry.status == .merged, let version = home.version, !entry.versions.contains(version) {
            return "its status is 'merged', and \(version) is said to have it, but it still applies here"
        }
        return nil
    }
}
