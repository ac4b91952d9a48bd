import FileSystem
import Host
import Model
import SystemPackage
import Transfer

/// The progress of fetching a source.
package enum SourceProgress: Hashable, Sendable {
    /// Bytes received of a file, and its size.
    case receiving(file: String, bytes: Int64, of: Int64)
    /// The package is being unpacked, and Debian's patch series applied.
    case unpacking(file: String)
    /// Git objects received, their total number, and their bytes.
    case objects(Int, of: Int, bytes: Int64)
    /// Another process is doing the same work.
    case waiting(for: String)
    /// A remark about the source for the user.
    case remark(String)
}

/// A locked Debian source package to fetch and unpack.
package struct DebianSource: Sendable {
    private let lock: Lock
    private let folder: FilePath
    private let host: Host

    /// - Parameters:
    ///   - lock: what to fetch.
    ///   - mirrors: the folder for fetched files, with one subfolder per package.
    package init(_ lock: Lock, mirrors: FilePath, on host: Host) {
        self.lock = lock
        folder = mirrors.appending("\(lock.name)_\(lock.version.filter { $0 != ":" })")
        self.host = host
    }

    /// Fetches the files that are missing.
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

    /// Unpacks the package with dpkg-source(1), which applies Debian's own patch series.
    ///
    /// - Parameter unpacked: the target, which must not exist yet.
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
        // quilt's record of applied patches is not part of the source.
        try Files.remove(unpacked.appending(".pc"))
    }
}
