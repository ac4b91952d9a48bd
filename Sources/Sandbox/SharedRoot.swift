import ExitCodes
import FileSystem
import Host
import Model
import SystemPackage

import struct Crypto.SHA256

/// The part of a root file system that all bundles share: the machine's programs, their libraries, and links. It is created once, stored
/// under the digest of its contents, and mounted by many bundles; where mounting is impossible, the bundle gets a copy.
package struct SharedRoot: Sendable {
    private var programs: [String: FilePath] = [:]
    private var links: [String: String] = [:]
    private let host: Host

    package init(on host: Host) { self.host = host }

    /// Adds a program of the machine.
    package mutating func program(_ source: FilePath, as path: String) { programs[path] = source }

    /// Adds the shared libraries that programs need, at the same paths as on the machine.
    ///
    /// - Throws: `LibraryError`; `FileError`.
    package mutating func libraries(of programs: [FilePath]) async throws {
        for path in try MachineLibraries().paths(of: programs) { self.programs[path] = FilePath(path) }
    }

    /// Adds a symbolic link, unless a program has the same path.
    package mutating func link(_ path: String, to target: String) { links[path] = target }

    /// Creates a bundle whose root file system includes the shared part: as a lower layer, or as a copy if the machine does not support
    /// that.
    ///
    /// - Parameters:
    ///   - folder: the bundle's directory.
    ///   - cache: the directory for shared parts.
    /// - Returns: the bundle, and why it has a copy; nil if it does not.
    /// - Throws: `FileError`; `SourceChanged`; `CancellationError`.
    package func bundle(at folder: FilePath, cache: FilePath) async throws -> (bundle: Bundle, refusal: String?) {
        if let refusal = try await Overlay.refusal(in: folder.appending("trial"), on: host) {
            return (try copied(at: folder), refusal)
        }
        let bundle = try Bundle(at: folder, over: try kept(in: cache, making: folder.appending("shared")))
        return (bundle, nil)
    }

    /// Creates a bundle with a copy of the shared part.
    ///
    /// - Throws: `FileError`; `SourceChanged`.
    package func copied(at folder: FilePath) throws -> Bundle {
        let bundle = try Bundle(at: folder)
        try write(into: bundle.root, as: try digests())
        return bundle
    }

    /// The directory of the shared part; created if necessary.
    func kept(in cache: FilePath, making unfinished: FilePath) throws -> FilePath {
        let digests = try digests()
        let place = cache.appending(key(digests).description)
        guard !Files.exists(place) else { return place }
        try Files.makeDirectory(unfinished)
        try write(into: unfinished, as: digests)
        try Files.makeDirectory(cache)
        do { try Files.rename(unfinished, to: place) } catch {
            // Another process was faster. A directory with this name has the same content.
            guard Files.exists(place) else { throw error }
            try Files.remove(unfinished)
        }
        return place
    }

    private func digests() throws(FileError) -> [String: Digest] {
        var digests: [String: Digest] = [:]
        for (path, source) in programs { digests[path] = try Files.digest(of: source) }
        return digests
    }

    private func key(_ digests: [String: Digest]) -> Digest {
        let lines = digests.map { "file \($0.key) \($0.value)" } + links.map { "link \($0.key) \($0.value)" }
        return Digest(bytes: SHA256.hash(data: Array(lines.sorted().joined(separator: "\n").utf8)))
    }

    private func write(into folder: FilePath, as digests: [String: Digest]) throws {
        let root = RootFileSystem(at: folder, on: host)
        for (path, source) in programs {
            let copied = try root.program(source, as: path)
            guard copied == digests[path] else { throw SourceChanged(path: source) }
        }
        for (path, target) in links { try root.link(path, to: target) }
    }

    /// A program was replaced while it was being copied.
    package struct SourceChanged: ExitStatusError, Sendable, CustomStringConvertible {
        package let path: FilePath

        /// What happened, and what to do.
        package var description: String { "\(path) changed while it was being copied\n    Try again." }

        package var exitStatus: ExitStatus { .fault }
    }
}
