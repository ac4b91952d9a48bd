import Host
import Model
import SystemPackage

/// A built package as a suite's signed index lists it, and where it is to be had just now.
package struct ResolvedPackage: Hashable, Codable, Sendable {
    /// The package.
    package let lock: LockedPackage
    /// Its file's address.
    package let address: String
}

extension DebianIndex {
    /// Fetches the index, lets apt check its signature, and looks the containerd up that a node asks for, for this machine's architecture.
    ///
    /// - Throws: `SourceError`; `CommandError` when apt cannot be started; `CancellationError`.
    package func resolve(_ spec: ContainerdSpec) async throws -> ResolvedPackage {
        try await update()
        let name = ContainerdSpec.package
        // NAME | VERSION | where, one line each; of a package that is not there nothing, which is no failure (apt-cache(8), madison).
        let lines = try await apt("apt-cache", ["madison", name]).split(separator: "\n").filter { $0.hasSuffix(" Packages") }
        let listed = lines.map { $0.split(separator: "|") }.filter { $0.count == 3 }.map { $0[1].filter { $0 != " " } }
        let version = try await newest(of: name, like: spec.version, among: listed)
        let printed: String
        do { printed = try await apt("apt-get", ["download", "--print-uris", "\(name)=\(version)"]) } catch let error as CommandError {
            throw SourceError.index(suite: suite, reason: error.lastLines.joined(separator: "\n    "))
        }
        let files = printed.split(separator: "\n").compactMap(PrintedFile.init)
        guard files.count == 1, let found = files.first, found.file.name.hasSuffix(".deb") else {
            throw SourceError.index(suite: suite, reason: "apt lists no package with a SHA-256 for \(name) \(version)")
        }
        return ResolvedPackage(
            lock: LockedPackage(name: name, suite: suite, version: version, file: found.file), address: found.address)
    }
}

extension DebianPackages {
    /// Unpacks some programs of the packages and nothing else: the files of `/usr/bin` that are named, no links.
    ///
    /// - Throws: `SourceError.unpack`, also for a program that the packages do not have; `FileError`; `CancellationError`.
    package func unpackPrograms(
        _ names: [String], into folder: FilePath, scratch: FilePath, progress: @escaping @Sendable (SourceProgress) -> Void
    ) async throws {
        try await unpack(into: scratch, progress: progress)
        try Files.makeDirectory(folder)
        // What a link leads to would be a program of the machine's.
        let programs = try Files.realPath(scratch).appending("usr/bin")
        for name in names {
            let program = programs.appending(name)
            guard let real = try? Files.realPath(program), real == program, !Files.isDirectory(program) else {
                throw SourceError.unpack(file: title, reason: "it has no program /usr/bin/\(name)")
            }
            try Files.rename(program, to: folder.appending(name))
        }
    }
}
