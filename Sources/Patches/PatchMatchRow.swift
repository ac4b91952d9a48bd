import Git
import Model
import UnifiedDiff

/// One variant of one patch at one place in one source: a row of the table that `patches check` shows.
package struct PatchMatchRow: Hashable, Codable, Sendable {
    /// The result of the comparison.
    package enum State: String, Codable, Sendable {
        /// The variant applies.
        case applies
        /// The source already contains the variant's change.
        case upstream
        /// The source has other lines there.
        case differs
        /// The source does not contain the patch's upstream.
        case absent
        /// The source has not been fetched.
        case unfetched
    }

    /// The name of the recipe or folder.
    package let source: String
    package let patch: PatchName
    /// The variant; nil if none was tried.
    package var variant: String?
    /// The upstream's path in the source.
    package var home: String?
    /// The upstream's version there, if known.
    package var version: String?
    /// Whether the variant was written for that version.
    package var versionAgrees: Bool?
    /// Whether the variant applies.
    package var fits: Bool { state == .applies }
    /// The files that the variant touches, by their paths in the source.
    package var files: [String] = []
    package let state: State
    /// Why this variant was chosen; nil if it was not.
    package var chosenBy: Choice?
    /// Why the variant does not apply.
    package var reason: String?
    /// Other notes for the user.
    package var notes: [String] = []

    init(source: String, patch: PatchName, state: State, reason: String? = nil) {
        self.source = source
        self.patch = patch
        self.state = state
        self.reason = reason
    }

    /// A row for a patch whose source has not been fetched.
    package static func unfetched(_ source: String, _ patch: PatchName) -> PatchMatchRow {
        PatchMatchRow(source: source, patch: patch, state: .unfetched, reason: "not fetched: run 'ninepin fetch \(source)'")
    }

    /// A row for a patch whose upstream is not in the source.
    package static func absent(_ source: String, _ patch: PatchName, reason: String) -> PatchMatchRow {
        PatchMatchRow(source: source, patch: patch, state: .absent, reason: reason)
    }
}

extension PatchMatchRow {
    private enum Keys: String, CodingKey {
        case source, patch, variant, home, version, versionAgrees, fits, files, state, chosenBy, reason, notes
    }

    /// Encodes all fields, null if there is no value, so that readers of the JSON can rely on every key.
    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Keys.self)
        try values.encode(source, forKey: .source)
        try values.encode(patch, forKey: .patch)
        try values.encode(variant, forKey: .variant)
        try values.encode(home, forKey: .home)
        try values.encode(version, forKey: .version)
        try values.encode(versionAgrees, forKey: .versionAgrees)
        try values.encode(fits, forKey: .fits)
        try values.encode(files, forKey: .files)
        try values.encode(state, forKey: .state)
        try values.encode(chosenBy, forKey: .chosenBy)
        try values.encode(reason, forKey: .reason)
        try values.encode(notes, forKey: .notes)
    }
}

extension PatchMatcher {
    /// One row for each variant.
    package func rows(source: String) -> [PatchMatchRow] {
        var meant: (match: VariantMatch, by: Choice)?
        var doubt: String?
        do throws(PatchesError) { meant = try chosen() } catch {
            // Each row gives the reason if its variant does not apply. Ambiguity must be added.
            if case .ambiguous = error { doubt = error.description }
        }
        return variants.map { [meant, doubt] tried in
            var row = PatchMatchRow(source: source, patch: entry.name, state: tried.match.state.rowState)
            row.variant = tried.variant.name
            row.home = home.path
            row.version = home.version?.description
            row.versionAgrees = tried.agrees
            row.files = tried.patch.paths.map { home.place(of: $0) }
            if let meant, meant.match.variant == tried.variant { row.chosenBy = meant.by }
            row.reason = tried.match.state == .upstream ? "the source already contains this change" : tried.match.error?.description
            if row.chosenBy != nil || tried.match.state == .upstream { row.notes = [statusNote].compactMap(\.self) }
            if row.fits, let doubt { row.notes.append(doubt) }
            return row
        }
    }
}

extension PatchMatch.State {
    fileprivate var rowState: PatchMatchRow.State {
        switch self {
        case .applies: .applies
        case .upstream: .upstream
        case .differs: .differs
        }
    }
}

extension Registry {
    /// Compares patches with a source that has no recipe: finds where their upstreams are in it.
    ///
    /// - Parameters:
    ///   - names: the patches; empty for all.
    ///   - label: the source's name in the rows.
    /// - Throws: `PatchesError` for an unknown name; `FileError`, `GitError`.
    package func rows(_ names: [String], in source: SourceText, label: String) throws -> [PatchMatchRow] {
        let wanted = names.isEmpty ? entries : try names.map { try entry(named: $0) }
        return try wanted.flatMap { entry -> [PatchMatchRow] in
            guard let upstream = upstreams[entry.name.upstream] else {
                let reason = "patches/\(entry.name.upstream)/upstream.yaml, which lists where that upstream can be, does not exist"
                return [.absent(label, entry.name, reason: reason)]
            }
            let homes = try upstream.found(in: source)
            guard !homes.isEmpty else {
                let tried = upstream.homes.map { $0 == "." ? "at the top" : $0 }.joined(separator: ", ")
                let reason = "no \(upstream.marks.joined(separator: " or ")) in any of its homes: \(tried)"
                return [.absent(label, entry.name, reason: reason)]
            }
            return try homes.flatMap { home in
                try PatchMatcher(entry, at: home, in: source, registry: self).rows(source: label)
            }
        }
    }
}
