import Git
import GitHistory
import Model
import Patches
import UnifiedDiff

/// A patch as the plain diff of an upstream's code, for somebody who needs nothing else.
package struct UpstreamDiff: Sendable {
    /// The variant whose text it is.
    package let variant: String
    /// What it is for: the source, or the variant's versions.
    package let madeFor: String
    /// The diff, with paths in the upstream's own tree. With a source it has the blobs' IDs, so that `git am -3` and `git apply -3` can use them.
    package let bytes: [UInt8]

    /// Makes the diff of a patch.
    ///
    /// - Parameters:
    ///   - base: a source to which it is applied; nil for the text of the newest variant, unchanged.
    /// - Throws: `PatchesError` if no variant applies to the source; `FileError`; `GitError`.
    package init(_ entry: PatchEntry, for base: PullRequestBase?, registry: Registry) throws {
        guard case .source(let source, let place, let label, _) = base else {
            guard let newest = entry.variants.last else { throw PullRequestError.noVariant(entry.name, "", advice: "it has none") }
            variant = newest.name
            madeFor = "\(entry.name.upstream) \(newest.versions)"
            // Without the message that came with it, which is not part of the diff.
            bytes =
                try registry.message(newest, of: entry) == nil
                ? try registry.text(newest, of: entry) : try registry.patch(newest, of: entry).text { $0 }
            return
        }
        let chosen = try PatchMatcher(entry, at: place, in: source, registry: registry).chosen().match
        variant = chosen.variant.name
        madeFor = label + (place.version.map { ", \(entry.name.upstream) \($0)" } ?? "")
        bytes = try Self.text(chosen.patch, applied: place, in: source, as: Home(path: ".", version: nil))
    }

    /// The diff between a source's files and the patched ones.
    ///
    /// - Parameter home: where the diff's paths begin.
    static func text(_ patch: Patch, applied place: Home, in source: SourceText, as home: Home) throws -> [UInt8] {
        try patch.applied { try source.standing($0, in: place) }.flatMap { changed in
            let (old, new) = (home.place(of: changed.file.oldPath), home.place(of: changed.file.path))
            if changed.file.isBinary { return changed.file.text(old: old, new: new) }
            return try FileDiff.text(changed.file.change, from: old, to: new, before: changed.before, after: changed.after)
        }
    }
}
