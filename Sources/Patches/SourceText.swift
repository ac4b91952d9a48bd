import FileSystem
import Git
import Host
import Model
import SystemPackage
import UnifiedDiff

/// The files of a source, read in place and cached.
package final class SourceText {
    private let read: (String) throws -> [UInt8]?
    private let look: Lookup
    private var kept: [String: [UInt8]?] = [:]
    /// The keys are bytes, because two file names that are different bytes can be equal as Swift strings.
    private var seen: [[UInt8]: Standing] = [:]

    /// The files of a folder.
    package init(folder: FilePath) {
        read = { path in
            let file = folder.appending(path)
            guard Files.exists(file), !Files.isDirectory(file) else { return nil }
            return try Files.read(try Files.confined(file, to: folder))
        }
        var files: FolderFiles?
        look = { path in
            let opened = try files ?? FolderFiles(try Files.realPath(folder).string)
            files = opened
            return try opened.standing(at: path)
        }
    }

    /// The files of a tree.
    package init(tree: ObjectID, of repository: Repository) {
        read = { try repository.blob(at: $0, of: tree) }
        look = { try repository.standing(at: $0, of: tree) }
    }

    /// What exists at a path below a home. Links are not followed, as in `git apply`.
    ///
    /// - Throws: `FileError`, `GitError`.
    package func standing(_ path: String, in home: Home) throws -> Standing {
        let place = home.place(of: path)
        if let known = seen[Array(place.utf8)] { return known }
        let found = try look(place)
        seen[Array(place.utf8)] = found
        return found
    }

    /// A file's bytes; nil if it does not exist.
    ///
    /// - Throws: `FileError`, `GitError`.
    package func content(_ path: String) throws -> [UInt8]? {
        if let known = kept[path] { return known }
        let bytes = try read(path)
        kept[path] = .some(bytes)
        return bytes
    }

    /// A file's bytes, by its path relative to a home.
    ///
    /// - Throws: `FileError`, `GitError`.
    package func content(_ path: String, in home: Home) throws -> [UInt8]? { try content(home.place(of: path)) }
}

/// The location of an upstream's code in a source.
package struct Home: Hashable, Sendable {
    /// The directory; `.` for the root.
    package let path: String
    /// The upstream's version there; nil if unknown.
    package let version: Version?

    package init(path: String, version: Version?) {
        self.path = path
        self.version = version
    }

    /// The path in the source of a file that a patch names.
    package func place(of file: String) -> String { path == "." || path.isEmpty ? file : "\(path)/\(file)" }
}

extension PatchUpstream {
    /// The places in a source that contain this upstream's code.
    ///
    /// - Throws: `FileError`, `GitError`.
    package func found(in source: SourceText) throws -> [Home] {
        try homes.compactMap { path in
            let home = Home(path: path, version: nil)
            guard try marks.contains(where: { try source.content($0, in: home) != nil }) else { return nil }
            return Home(path: path, version: try version(of: path, in: source))
        }
    }

    /// The version of a vendored module from `vendor/modules.txt` (Go Modules Reference, "Vendoring"); otherwise from a `VERSION` file, as
    /// in runc.
    fileprivate func version(of home: String, in source: SourceText) throws -> Version? {
        guard home.hasPrefix("vendor/") else {
            let lines = String(decoding: try source.content("VERSION") ?? [], as: UTF8.self).split(separator: "\n")
            return lines.first.flatMap { Version(String($0)) }
        }
        let text = String(decoding: try source.content("vendor/modules.txt") ?? [], as: UTF8.self)
        for line in text.split(separator: "\n") where line.hasPrefix("# ") {
            // `# MODULE VERSION`, followed by `=>` and a replacement if there is one.
            let words = line.split(separator: " ").map(String.init)
            let isHere = "\(home)/".hasPrefix("vendor/\(words.count > 1 ? words[1] : "")/")
            if words.count > 2, modules.contains(words[1]), isHere { return words.last.flatMap(Version.init) ?? Version(words[2]) }
        }
        return nil
    }
}

extension Registry {
    /// Why a source does not need a patch that applies nowhere in it: it does not contain the upstream, or contains a version without the
    /// fault; nil if the patch may be needed.
    ///
    /// - Throws: `FileError`, `GitError`, `PatchesError.malformed`.
    package func needlessness(of entry: PatchEntry, at upstream: Upstream, in source: SourceText) throws -> String? {
        let home = try home(of: entry, at: upstream, in: source)
        if let about = upstreams[entry.name.upstream], try !about.marks.contains(where: { try source.content($0, in: home) != nil }) {
            return "there is no \(about.marks.joined(separator: " or ")) in \(home.path)"
        }
        guard let version = home.version, !entry.versions.contains(version) else { return nil }
        guard try !PatchMatcher(entry, at: home, in: source, registry: self).variants.contains(where: { $0.match.state == .applies }) else {
            return nil
        }
        return "\(entry.name.upstream) \(version.plain) is not one of the patch's versions (\(entry.versions))"
    }

    /// The recipe's location of a patch's upstream. The source determines the version of a vendored upstream; for any other upstream, the
    /// recipe is more reliable than a file in the source's root.
    ///
    /// - Throws: `FileError`, `GitError`.
    package func home(of entry: PatchEntry, at upstream: Upstream, in source: SourceText) throws -> Home {
        let told = try upstreams[entry.name.upstream]?.version(of: upstream.path, in: source)
        let isVendored = upstream.path.hasPrefix("vendor/")
        return Home(path: upstream.path, version: isVendored ? told ?? upstream.version : upstream.version ?? told)
    }
}
