import ExitCodes
import Host
import Model
import SystemPackage
import struct Crypto.SHA256

/// The part of a root file system that is the same for all: the machine's programs with their libraries, and links. It is made once, kept
/// under the digest of all that is in it, and read by many; who cannot mount it gets a copy.
package struct SharedRoot: Sendable {
    private var programs: [String: FilePath] = [:]
    private var links: [String: String] = [:]
    private let host: Host

    /// Makes an empty one.
    package init(on host: Host) { self.host = host }

    /// Takes a program of the machine's.
    package mutating func program(_ source: FilePath, as path: String) { programs[path] = source }

    /// Takes the shared libraries that programs need, to where they are on the machine.
    ///
    /// - Throws: `LibraryError`; `FileError`.
    package mutating func libraries(of programs: [FilePath]) async throws {
        for path in try MachineLibraries().paths(of: programs) { self.programs[path] = FilePath(path) }
    }

    /// Takes a symbolic link, unless a program has its place.
    package mutating func link(_ path: String, to target: String) { links[path] = target }

    /// A bundle whose root file system has it: under the bundle's own files, or, where the machine cannot do that, among them.
    ///
    /// - Parameters:
    ///   - folder: the bundle's folder.
    ///   - cache: the folder in which shared parts are kept.
    /// - Returns: the bundle, and why it got a copy; nil when it got none.
    /// - Throws: `FileError`; `SourceChanged`; `CancellationError`.
    package func bundle(at folder: FilePath, cache: FilePath) async throws -> (bundle: Bundle, refusal: String?) {
        if let refusal = try await Overlay.refusal(in: folder.appending("trial"), on: host) {
            return (try copied(at: folder), refusal)
        }
        let bundle = try Bundle(at: folder, over: try kept(in: cache, making: folder.appending("shared")))
        return (bundle, nil)
    }

    /// A bundle that has a copy of it.
    ///
    /// - Throws: `FileError`; `SourceChanged`.
    package func copied(at folder: FilePath) throws -> Bundle {
        let bundle = try Bundle(at: folder)
        try write(into: bundle.root, as: try digests())
        return bundle
    }

    /// Where it is kept; it is made when it is not there.
    func kept(in cache: FilePath, making unfinished: FilePath) throws -> FilePath {
        let digests = try digests()
        let place = cache.appending(key(digests).description)
        guard !Files.exists(place) else { return place }
        try Files.makeDirectory(unfinished)
        try write(into: unfinished, as: digests)
        try Files.makeDirectory(cache)
        do { try Files.rename(unfinished, to: place) } catch {
            // Somebody else was faster: what has this name is the same.
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
        /// The program.
        package let path: FilePath

        /// What happened, and what to do.
        package var description: String { "\(path) changed while it was being copied\n    Try again." }

        package var exitStatus: ExitStatus { .fault }
    }
}
