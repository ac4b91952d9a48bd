import FileSystem
import FoundationEssentials
import Host
import Model
import Paths
import Sanitizing
import SystemPackage
import Transfer

/// Debian packages of Go libraries, with their current addresses.
package struct ResolvedLibraries: Sendable {
    /// The packages' files.
    package let files: [LockedFile]
    /// Addresses by file name.
    package let addresses: [String: String]
}

extension DebianIndex {
    /// Resolves Go libraries with all of their dependencies. Only `golang-…` packages for architecture `all` contain Go source.
    ///
    /// - Throws: `SourceError`; `CommandError` if apt cannot be started; `CancellationError`.
    package func resolve(_ spec: LibrariesSpec) async throws -> ResolvedLibraries {
        try await update()
        let planned: String
        do {
            // apt runs against an empty system, so it lists all dependencies; nothing is installed.
            planned = try await apt("apt-get", ["install", "--print-uris", "-qq", "-y", "--no-install-recommends"] + spec.packages)
        } catch let error as CommandError { throw SourceError.index(suite: suite, reason: error.lastLines.joined(separator: "\n    ")) }
        let addresses = planned.split(separator: "\n").compactMap(PlannedFile.init).filter(\.isGoSource)
        // apt-get prints only MD5 sums; the index has SHA-256.
        let shown = try await apt("apt-cache", ["show", "--no-all-versions"] + addresses.map(\.package))
        let listed = shown.components(separatedBy: "\n\n").compactMap(ListedFile.init)
        var files: [LockedFile] = []
        for planned in addresses {
            guard let listed = listed.first(where: { $0.package == planned.package }) else {
                throw SourceError.index(suite: suite, reason: "apt lists no SHA-256 for \(planned.name)")
            }
            files.append(LockedFile(name: planned.name, bytes: listed.bytes, sha256: listed.sha256))
        }
        guard !files.isEmpty else { throw SourceError.index(suite: suite, reason: "none of \(spec.packages) contains Go source") }
        return ResolvedLibraries(
            files: files.sorted { $0.name < $1.name }, addresses: Dictionary(addresses.map { ($0.name, $0.address) }) { one, _ in one })
    }
}

/// Built Debian packages to fetch and unpack.
package struct DebianPackages: Sendable {
    private let files: [LockedFile]
    private let folder: FilePath
    private let host: Host
    var title: String { files.map(\.name).joined(separator: ", ") }

    /// - Parameters:
    ///   - files: the packages' files.
    ///   - mirrors: the folder for fetched files.
    package init(_ files: [LockedFile], mirrors: FilePath, on host: Host) {
        self.files = files
        folder = mirrors.appending("packages")
        self.host = host
    }

    /// Where Debian's Go library packages install their source (Debian Go team, packaging policy).
    package static let goPath: FilePath = "usr/share/gocode"

    /// Fetches the files that are missing.
    ///
    /// - Throws: `TransferError`; `CancellationError`.
    package func fetch(from addresses: [String: String], progress: @escaping @Sendable (SourceProgress) -> Void) async throws {
        let downloader = Downloader(
            environment: host.environment, connectTimeout: host.deadlines.duration(.connection),
            stall: host.deadlines.duration(.transferSilence)
        )
        for file in files {
            let download = Download(
                addresses: try addresses[file.name].map { [try MachineSources.asked($0, on: host)] } ?? [], name: file.name,
                size: file.bytes, sha256: file.sha256.hex,
                destination: folder.appending(file.name))
            _ = try await downloader.fetch(download) { progress(.receiving(file: file.name, bytes: $0.received, of: file.bytes)) }
        }
    }

    /// Unpacks all packages into one folder.
    ///
    /// - Throws: `SourceError.unpack`; `FileError`; `CancellationError`.
    package func unpack(into unpacked: FilePath, progress: @escaping @Sendable (SourceProgress) -> Void) async throws {
        try Files.makeDirectory(unpacked)
        for file in files {
            progress(.unpacking(file: file.name))
            let command = Command(
                "/usr/bin/dpkg-deb", ["--extract", folder.appending(file.name).string, unpacked.string],
                environment: host.plainEnvironment, on: host)
            do { _ = try await command.output() } catch let error as CommandError {
                throw SourceError.unpack(file: file.name, reason: error.description)
            }
        }
    }

    /// Unpacks a package, and moves the folder of its only project to `unpacked`.
    ///
    /// - Throws: `SourceError.unpack`; `FileError`; `CancellationError`.
    package func unpackProject(into unpacked: FilePath, scratch: FilePath, progress: @escaping @Sendable (SourceProgress) -> Void)
        async throws
    {
        try await unpack(into: scratch, progress: progress)
        var project = scratch.pushing(Self.goPath).appending("src")
        // github.com/OWNER/NAME: descend until a folder has more than one entry.
        while case let names = Files.names(in: project), let only = names.first, names.count == 1,
            Files.isDirectory(project.appending(only))
        {
            project = project.appending(only)
        }
        guard Files.isDirectory(project) else {
            throw SourceError.unpack(file: files.first?.name ?? "", reason: "it has no folder \(Self.goPath)/src")
        }
        try Files.rename(project, to: unpacked)
    }
}

/// One line of `apt-get install --print-uris`: `'ADDRESS' NAME BYTES MD5Sum:DIGITS`.
struct PlannedFile {
    let address: String
    let name: String

    var package: String { String(name.prefix { $0 != "_" }) }
    var isGoSource: Bool { name.hasPrefix("golang-") && name.hasSuffix("_all.deb") }

    init?(_ line: Substring) {
        let words = line.split(separator: " ")
        guard words.count >= 3, words[0].hasPrefix("'"), words[0].hasSuffix("'"), ContainedPath(String(words[1]))?.parts.count == 1,
            !words[1].hasPrefix(".")
        else {
            return nil
        }
        address = Redaction.bare(String(words[0].dropFirst().dropLast()))
        name = String(words[1])
    }
}

/// One paragraph of `apt-cache show`.
struct ListedFile {
    let package: String
    let bytes: Int64
    let sha256: Digest

    init?(_ paragraph: String) {
        var fields: [Substring: Substring] = [:]
        for line in paragraph.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2, !line.hasPrefix(" ") { fields[parts[0]] = parts[1].drop { $0 == " " } }
        }
        guard let package = fields["Package"], let bytes = fields["Size"].flatMap({ Int64($0) }), bytes >= 0,
            let digest = fields["SHA256"].flatMap({ Digest(String($0)) })
        else { return nil }
        (self.package, self.bytes, sha256) = (String(package), bytes, digest)
    }
}
