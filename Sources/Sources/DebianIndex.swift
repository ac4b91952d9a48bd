import FileSystem
import Host
import Model
import Paths
import Sanitizing
import SystemPackage

import struct Crypto.SHA256

/// The resolution of a recipe's source, with the current addresses of its files.
package struct Resolution: Hashable, Codable, Sendable {
    /// The exact version and digests.
    package var lock: Lock
    /// Addresses by file name; a file with several addresses has one per line.
    package var addresses: [String: String]
    /// The key of a repository's address.
    package static let repository = "repository"

    package init(lock: Lock, addresses: [String: String]) {
        self.lock = lock
        self.addresses = addresses
    }
}

/// A suite's signed index of source packages, read with a private apt folder, so that the machine's own apt state does not change.
///
/// The folder is kept. Each time, apt asks the mirror whether the index is still current, checks its signature, and fetches the rest only
/// if it is not: a second lookup takes a fraction of a second.
package struct DebianIndex: Sendable {
    let suite: String
    private let folder: FilePath
    private let list: FilePath
    private let host: Host
    private let lock: FileLock

    /// Creates or opens a private apt folder (apt.conf(5)) for a suite of the machine's Debian mirror, and locks it for the lifetime of this
    /// value.
    ///
    /// - Parameters:
    ///   - parent: the folder that holds the apt folders of all suites and mirrors.
    ///   - scratch: a folder for temporary data: the mirror's address, which may contain a password.
    ///   - waiting: called once if another process is using the folder.
    /// - Throws: the errors of `MachineSources`; `FileError` if the folder cannot be created; `CancellationError`.
    package init(suite: String, in parent: FilePath, scratch: FilePath, on host: Host, waiting: () -> Void = {}) async throws {
        self.suite = suite
        self.host = host
        let machine = try MachineSources(host)
        let place = "[signed-by=\(machine.keyring)] \(machine.address) \(suite) main\n"
        let lines = "deb \(place)deb-src \(place)"
        // The suite's name comes from a recipe, so it is not used as a folder name.
        folder = parent.appending(Digest(bytes: SHA256.hash(data: Array(lines.utf8))).hex)
        list = scratch.appending("private.list")
        try Files.makeDirectory(parent)
        try Files.makeDirectory(scratch)
        lock = try await FileLock.take(FilePath("\(folder).lock"), waiting: waiting)
        for name in ["lists/partial", "cache/archives/partial"] { try Files.makeDirectory(folder.appending(name)) }
        let status = folder.appending("status")
        // apt rebuilds its cache if this file is newer.
        if !Files.exists(status) { try Files.write("", to: status) }
        try Files.write(lines, to: list, mode: 0o600)
    }

    /// Fetches the index, lets apt verify its signature, and looks up a source package.
    ///
    /// - Throws: `SourceError`; `CommandError` if apt cannot be started; `CancellationError`.
    package func resolve(_ spec: DebianSpec) async throws -> Resolution {
        try await update()
        if spec.isBuilt { return try await resolveBuilt(spec) }
        let version = try await exactVersion(spec)
        let printed: String
        do {
            printed = try await apt("apt-get", ["source", "--print-uris", "--only-source", "\(spec.package)=\(version)"])
        } catch let error as CommandError { throw SourceError.index(suite: suite, reason: error.lastLines.joined(separator: "\n    ")) }
        let files = printed.split(separator: "\n").compactMap(PrintedFile.init)
        guard files.contains(where: { $0.file.name.hasSuffix(".dsc") }) else {
            throw SourceError.index(suite: suite, reason: "apt lists no .dsc file with a SHA-256 for \(spec.package) \(version)")
        }
        let lock = Lock(kind: .debian, name: spec.package, version: version, files: files.map(\.file).sorted { $0.name < $1.name })
        return Resolution(lock: lock, addresses: Dictionary(files.map { ($0.file.name, $0.address) }) { first, _ in first })
    }

    /// Resolves a built package that contains the same source.
    private func resolveBuilt(_ spec: DebianSpec) async throws -> Resolution {
        let only = try await resolve(LibrariesSpec(suite: spec.suite, packages: [spec.package]))
        let own = only.files.filter { $0.name.hasPrefix("\(spec.package)_") }
        let version = own.first?.name.split(separator: "_").dropFirst().first.map { String($0).replacing("%3a", with: ":") } ?? ""
        guard DebianVersionRule(spec.version)?.contains(Self.upstreamPart(of: version)) == true else {
            throw SourceError.notListed(package: spec.package, version: spec.version, suite: suite, found: version.isEmpty ? [] : [version])
        }
        let lock = Lock(kind: .debian, name: spec.package, version: version, files: own)
        return Resolution(lock: lock, addresses: only.addresses.filter { name, _ in own.contains { $0.name == name } })
    }

    func update() async throws {
        // Without this setting, apt continues with an older index, or none, if it cannot fetch the new one.
        let settings = ["-o", "APT::Update::Error-Mode=any", "-o", "pkgCacheFile::Generate=false"]
        do { _ = try await apt("apt-get", settings + ["update"]) } catch let error as CommandError {
            // The stored lists may be the problem, so the next attempt starts without them.
            try Files.remove(folder.appending("lists"))
            throw SourceError.index(suite: suite, reason: error.lastLines.joined(separator: "\n    "))
        }
    }

    /// The newest version in the index whose upstream part is the requested one.
    private func exactVersion(_ spec: DebianSpec) async throws -> String {
        // For an unknown package, apt-cache prints nothing and does not fail.
        let shown = try await apt("apt-cache", ["showsrc", "--only-source", spec.package])
        let listed = shown.split(separator: "\n").filter { $0.hasPrefix("Version: ") }.map { String($0.dropFirst("Version: ".count)) }
        return try await newest(of: spec.package, like: spec.version, among: listed)
    }

    /// The newest version whose upstream part equals the requested one or is in the requested range; the newest of all if none is
    /// requested.
    func newest(of package: String, like version: String?, among listed: [String]) async throws -> String {
        let fitting = listed.filter { one in
            version.map { DebianVersionRule($0)?.contains(Self.upstreamPart(of: one)) == true } ?? true
        }
        guard var newest = fitting.first else {
            throw SourceError.notListed(package: package, version: version ?? "any", suite: suite, found: listed)
        }
        for version in fitting.dropFirst() {
            let newer = Command(
                "/usr/bin/dpkg", ["--compare-versions", version, "gt", newest], environment: host.plainEnvironment, on: host)
            do {
                _ = try await newer.output()
                newest = version
            } catch let error as CommandError where error.ended == .exited(1) { continue }
        }
        return newest
    }

    /// The part before the last `-`, without an epoch (Debian Policy 5.6.12).
    static func upstreamPart(of version: String) -> String {
        var rest = Substring(version)
        if let colon = rest.firstIndex(of: ":") { rest = rest[rest.index(after: colon)...] }
        if let dash = rest.lastIndex(of: "-") { rest = rest[..<dash] }
        return String(rest)
    }

    func apt(_ program: String, _ arguments: [String]) async throws -> String {
        let settings = [
            "Dir::Etc::sourcelist=\(list)", "Dir::Etc::sourceparts=-",
            "Dir::State::lists=\(folder.appending("lists"))",
            "Dir::State::status=\(folder.appending("status"))", "Dir::Cache=\(folder.appending("cache"))", "APT::Sandbox::User=root",
            // Retry if the mirror is busy (apt.conf(5)).
            "Acquire::Retries=3",
            // Container images disable this cache.
            "Dir::Cache::pkgcache=pkgcache.bin", "Dir::Cache::srcpkgcache=srcpkgcache.bin",
        ]
        var environment = host.plainEnvironment
        for name in ["http_proxy", "https_proxy", "no_proxy"] { environment[name] = host.environment[name] }
        let path = host.program(program) ?? FilePath("/usr/bin/\(program)")
        return try await Command(path, settings.flatMap { ["-o", $0] } + arguments, environment: environment, on: host).output()
    }
}

/// One line of `apt-get source --print-uris`: `'ADDRESS' NAME BYTES SHA256:DIGITS`.
struct PrintedFile {
    let address: String
    let file: LockedFile

    init?(_ line: Substring) {
        let words = line.split(separator: " ")
        guard words.count == 4, words[0].hasPrefix("'"), words[0].hasSuffix("'"), let bytes = Int64(words[2]), bytes >= 0,
            words[3].hasPrefix("SHA256:"),
            let digest = Digest(String(words[3].dropFirst("SHA256:".count))), ContainedPath(String(words[1]))?.parts.count == 1,
            !words[1].hasPrefix(".")
        else { return nil }
        address = Redaction.bare(String(words[0].dropFirst().dropLast()))
        file = LockedFile(name: String(words[1]), bytes: bytes, sha256: digest)
    }
}
