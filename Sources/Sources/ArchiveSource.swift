import Archive
import FileSystem
import Host
import Model
import SystemPackage
import Transfer

/// An archive locked by its digest. The digest identifies it, so any of its addresses will do.
package struct ArchiveSource: Sendable {
    private let file: LockedFile
    private let isSized: Bool
    private let place: FilePath
    /// The archive's path after it is fetched.
    package var path: FilePath { place }
    private let host: Host

    /// - Parameters:
    ///   - name: the archive's name in messages.
    ///   - bytes: its size in bytes; nil if unknown.
    ///   - mirrors: the folder for fetched files. The archive gets its own folder there, named by its digest.
    package init(name: String, bytes: Int64?, sha256: Digest, mirrors: FilePath, on host: Host) {
        file = LockedFile(name: name, bytes: bytes ?? 0, sha256: sha256)
        isSized = bytes != nil
        place = Self.place(sha256, in: mirrors)
        self.host = host
    }

    private static func place(_ sha256: Digest, in mirrors: FilePath) -> FilePath {
        mirrors.appending("archives").appending(sha256.hex).appending("archive")
    }

    /// Fetches an archive whose digest is unknown, and stores it under its actual digest.
    ///
    /// - Parameters:
    ///   - addresses: tried in order; the first that provides a complete file decides.
    ///   - scratch: a working folder.
    /// - Returns: the archive and its digest.
    /// - Throws: `TransferError`; `FileError`; `CancellationError`.
    package static func receive(
        name: String, bytes: Int64?, from addresses: [String], mirrors: FilePath, scratch: FilePath, on host: Host,
        progress: @escaping @Sendable (SourceProgress) -> Void
    ) async throws -> (source: ArchiveSource, sha256: Digest) {
        try Files.makeDirectory(scratch)
        let received = scratch.appending("received")
        let download = Download(
            addresses: addresses.map(host.settings.mirrors.address), name: name, size: bytes, sha256: nil, destination: received,
            schemes: ["https", "http", "file"])
        _ = try await Downloader(
            environment: host.environment, connectTimeout: host.deadlines.duration(.connection),
            stall: host.deadlines.duration(.transferSilence)
        ).fetch(download) { progress(.receiving(file: name, bytes: $0.received, of: $0.total ?? $0.received)) }
        let digest = try Files.digest(of: received)
        let kept = place(digest, in: mirrors)
        try Files.makeDirectory(kept.removingLastComponent())
        try Files.rename(received, to: kept)
        return (ArchiveSource(name: name, bytes: bytes, sha256: digest, mirrors: mirrors, on: host), digest)
    }

    /// Fetches the archive, unless it already exists. The addresses are tried in order, and an interrupted download is resumed.
    ///
    /// - Throws: `TransferError`; `CancellationError`.
    package func fetch(from addresses: [String], progress: @escaping @Sendable (SourceProgress) -> Void) async throws {
        let download = Download(
            addresses: addresses.map(host.settings.mirrors.address), name: file.name, size: isSized ? file.bytes : nil,
            sha256: file.sha256.hex, destination: place,
            schemes: ["https", "http", "file"])
        let name = file.name
        _ = try await Downloader(
            environment: host.environment, connectTimeout: host.deadlines.duration(.connection),
            stall: host.deadlines.duration(.transferSilence)
        ).fetch(download) {
            progress(.receiving(file: name, bytes: $0.received, of: $0.total ?? $0.received))
        }
    }

    /// Unpacks the archive, by default without its common top folder.
    ///
    /// - Parameter unpacked: the target, which must not exist yet.
    /// - Throws: `ArchiveError`; `CancellationError`.
    package func unpack(
        into unpacked: FilePath, limits: Limits = Limits(), strip: Strip = .commonTop,
        progress: @escaping @Sendable (SourceProgress) -> Void
    ) throws {
        progress(.unpacking(file: file.name))
        try Archive.unpack(place, into: unpacked, limits: limits, strip: strip) { _ in try Task.checkCancellation() }
    }
}
