import Git
import Model
import UnifiedDiff

/// One variant of one patch against one place of one source: a row of the table that `patches check` shows.
package struct PatchMatchRow: Hashable, Codable, Sendable {
    /// What was found out.
    package enum State: String, Codable, Sendable {
        /// It applies.
        case applies
        /// What it does is done there already.
        case upstream
        /// Other lines stand there.
        case differs
        /// The upstream that it is for is not in this source.
        case absent
        /// The source was not fetched yet.
        case unfetched
    }

    /// The recipe, or the folder.
    package let source: String
    /// The patch.
    package let patch: PatchName
    /// The variant; nil where none was tried.
    package var variant: String?
    /// Where the upstream lies in the source.
    package var home: String?
    /// The upstream's version there, as far as it is known.
    package var version: String?
    /// Whether the variant was written for that version.
    package var versionAgrees: Bool?
    /// Whether it fits.
    package var fits: Bool { state == .applies }
    /// The files that it is about, by their paths in the source.
    package var files: [String] = []
    /// What was found out.
    package let state: State
    /// What decided that this variant is the one that is meant; nil when it is not.
    package var chosenBy: Choice?
    /// Why it does not fit.
    package var reason: String?
    /// What else a user must know.
    package var notes: [String] = []

    init(source: String, patch: PatchName, state: State, reason: String? = nil) {
        self.source = source
        self.patch = patch
        self.state = state
        self.reason = reason
    }

    /// A patch whose source is not here.
    package static func unfetched(_ source: String, _ patch: PatchName) -> PatchMatchRow {
        PatchMatchRow(source: source, patch: patch, state: .unfetched, reason: "not fetched: run 'ninepin fetch \(source)'")
    }

    /// A patch whose upstream is not in the source.
    package static func absent(_ source: String, _ patch: PatchName, reason: String) -> PatchMatchRow {
        PatchMatchRow(source: source, patch: patch, state: .absent, reason: reason)
    }
}

extension PatchMatchRow {
    private enum Keys: String, CodingKey {
        case source, patch, variant, home, version, versionAgrees, fits, files, state, chosenBy, reason, notes
    }

    /// Encodes all fields, null where there is nothing to say: a reader of the JSON can count on each key.
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
    /// A row for each variant.
    package func rows(source: String) -> [PatchMatchRow] {
        let chosen = try? chosen()
        return variants.map { tried in
            var row = PatchMatchRow(source: source, patch: entry.name, state: tried.match.state.rowState)
            row.variant = tried.variant.name
            row.home = home.path
            row.version = home.version?.description
            row.versionAgrees = tried.agrees
            row.files = tried.patch.paths.map { home.place(of: $0) }
            if let chosen, chosen.match.variant == tried.variant { row.chosenBy = chosen.by }
            row.reason = tried.match.state == .upstream ? "the source already contains this change" : tried.match.error?.description
            if row.chosenBy != nil || tried.match.state == .upstream { row.notes = [statusNote].compactMap(\.self) }
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
    /// Holds patches against a source of which nothing is known: finds where their upstreams lie in it.
    ///
    /// - Parameters:
    ///   - names: the patches; all when empty.
    ///   - label: what the source is called in the rows.
    /// - Throws: `PatchesError` for a name that is unknown; `FileError`, `GitError`.
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
