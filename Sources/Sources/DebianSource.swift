import Host
import Model
import SystemPackage
import Transfer

/// How far a source has come.
package enum SourceProgress: Hashable, Sendable {
    /// Bytes of a file received, and of how many.
    case receiving(file: String, bytes: Int64, of: Int64)
    /// The package is being unpacked, and Debian's series applied.
    case unpacking(file: String)
    /// Objects of a repository received, of how many, and their bytes.
    case objects(Int, of: Int, bytes: Int64)
    /// Somebody else does the same just now.
    case waiting(for: String)
    /// What somebody should know of the source.
    case remark(String)
}

/// A locked Debian source package on its way to a folder.
package struct DebianSource: Sendable {
    private let lock: Lock
    private let folder: FilePath
    private let host: Host

    /// - Parameters:
    ///   - lock: what to fetch.
    ///   - mirrors: the folder in which fetched files are kept, package by package.
    package init(_ lock: Lock, mirrors: FilePath, on host: Host) {
        self.lock = lock
        folder = mirrors.appending("\(lock.name)_\(lock.version.filter { $0 != ":" })")
        self.host = host
    }

    /// Fetches what is not there yet.
    ///
    /// - Throws: `TransferError`; `CancellationError`.
    package func fetch(from addresses: [String: String], progress: @escaping @Sendable (SourceProgress) -> Void) async throws {
        let downloader = Downloader(
            environment: host.environment, connectTimeout: host.deadlines.duration(.connection),
            stall: host.deadlines.duration(.transferSilence)
        )
        for file in lock.files {
            let download = Download(
                addresses: try addresses[file.name].map { [try MachineSources.asked($0, on: host)] } ?? [], name: file.name,
                size: file.bytes, sha256: file.sha256.hex,
                destination: folder.appending(file.name))
            _ = try await downloader.fetch(download) { progress(.receiving(file: file.name, bytes: $0.received, of: file.bytes)) }
        }
    }

    /// Unpacks the package with dpkg-source(1), which applies Debian's own series.
    ///
    /// - Parameter unpacked: where to; made, and not to be there before.
    /// - Throws: `SourceError.unpack`; `FileError`; `CancellationError`.
    package func unpack(into unpacked: FilePath, progress: @escaping @Sendable (SourceProgress) -> Void) async throws {
        guard let description = lock.files.first(where: { $0.name.hasSuffix(".dsc") }) else {
            throw SourceError.unpack(file: lock.name, reason: "the lock lists no .dsc file")
        }
        progress(.unpacking(file: description.name))
        let arguments = ["--no-copy", "-x", folder.appending(description.name).string, unpacked.string]
        var command = Command("/usr/bin/dpkg-source", arguments, environment: host.plainEnvironment, on: host)
        command.directory = unpacked.removingLastComponent()
        do { _ = try await command.output() } catch let error as CommandError {
            throw SourceError.unpack(file: description.name, reason: error.description)
        }
        // quilt's note of what it applied, and no part of the source.
        try Files.remove(unpacked.appending(".pc"))
    }
}
