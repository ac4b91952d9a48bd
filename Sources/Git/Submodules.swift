import CLibgit2
import Paths

/// The submodules of a tree: entries that name a commit of another repository. The tree does not contain their files.
package struct Submodules: Hashable, Sendable, Codable {
    /// The paths of submodules that `.gitmodules` lists, quoted if necessary. Together with ``stray``, there are at most 10 paths.
    package private(set) var named: [String] = []
    /// The paths of submodules that `.gitmodules` does not list; `git add` of a folder that contains a repository leaves them.
    package private(set) var stray: [String] = []
    /// The number of all submodules.
    package private(set) var count = 0

    /// The maximum number of paths in ``named`` and ``stray`` together.
    static let most = 10

    /// Notes for a user who builds the tree; empty if it has no submodules.
    package var notes: [String] {
        var notes: [String] = []
        let rest = count - named.count - stray.count
        let more = rest > 0 ? ", and \(rest) more" : ""
        if !named.isEmpty {
            notes.append(
                "submodules are not fetched: \(named.joined(separator: ", "))\(more); each is an empty folder"
            )
        }
        if !stray.isEmpty {
            notes.append(
                "\(stray.joined(separator: ", "))\(named.isEmpty ? more : "") is a submodule entry that .gitmodules does not list: it is an empty folder, as in git"
            )
        }
        return notes
    }
}

extension Repository {
    /// Finds the submodules of a tree that has been checked before.
    ///
    /// - Throws: `GitError` if a tree is not in the repository.
    package func submodules(of tree: ObjectID) throws -> Submodules {
        var found: [[UInt8]] = []
        var seen: Set<ObjectID> = []
        try collect(tree, [], &found, &seen)
        guard !found.isEmpty else { return Submodules() }
        let modules = (try? plainFile(at: ".gitmodules", of: tree, most: 1 << 20)) ?? nil
        return Submodules(found, modules: modules ?? [])
    }

    /// A tree that occurs at several paths is visited once, so only one of its paths is reported.
    private func collect(_ tree: ObjectID, _ path: [UInt8], _ found: inout [[UInt8]], _ seen: inout Set<ObjectID>) throws {
        guard seen.insert(tree).inserted else { return }
        for entry in try namedEntries(of: tree) {
            let place = path.isEmpty ? entry.name : path + [UInt8(ascii: "/")] + entry.name
            if entry.mode == GIT_FILEMODE_TREE { try collect(entry.id, place, &found, &seen) }
            if entry.mode == GIT_FILEMODE_COMMIT { found.append(place) }
        }
    }
}

extension Submodules {
    init(_ paths: [[UInt8]], modules: [UInt8]) {
        let listed = Self.paths(in: modules)
        count = paths.count
        for path in paths.prefix(Self.most) {
            if listed.contains(path) { named.append(ContainedPath.quoted(path)) } else { stray.append(ContainedPath.quoted(path)) }
        }
    }

    /// The values of `path = …` in a `.gitmodules` file (gitmodules(5)). They only affect the wording of messages, so a rough parser is
    /// enough.
    private static func paths(in modules: [UInt8]) -> Set<[UInt8]> {
        let space: Set<UInt8> = [UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\"")]
        let trim = { (part: ArraySlice<UInt8>) in
            Array(part.drop(while: space.contains).reversed().drop(while: space.contains).reversed())
        }
        return Set(
            modules.split(separator: UInt8(ascii: "\n")).compactMap { line in
                let sides = line.split(separator: UInt8(ascii: "="), maxSplits: 1)
                guard sides.count == 2, trim(sides[0]) == Array("path".utf8) else { return nil }
                return trim(sides[1])
            })
    }
}
