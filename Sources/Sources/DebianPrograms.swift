import FileSystem
import Host
import Model
import SystemPackage

/// A built package from a suite's signed index, with its current address.
package struct ResolvedPackage: Hashable, Codable, Sendable {
    package let lock: LockedPackage
    /// The address of the package's file.
    package let address: String
}

extension DebianIndex {
    /// Fetches the index, lets apt verify its signature, and looks up the containerd package that a node requires, for this machine's
    /// architecture.
    ///
    /// - Throws: `SourceError`; `CommandError` if apt cannot be started; `CancellationError`.
    package func resolve(_ spec: ContainerdSpec) async throws -> ResolvedPackage {
        try await update()
        let name = ContainerdSpec.package
        // The output is `NAME | VERSION | SOURCE`, one per line. For an unknown package, it is empty and apt-cache does not fail
        // (apt-cache(8), madison).
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
    /// Unpacks only the named programs from the packages' `/usr/bin`; links are refused.
    ///
    /// - Throws: `SourceError.unpack`, also for a program that the packages do not contain; `FileError`; `CancellationError`.
    package func unpackPrograms(
        _ names: [String], into folder: FilePath, scratch: FilePath, progress: @escaping @Sendable (SourceProgress) -> Void
    ) async throws {
        try await unpack(into: scratch, progress: progress)
        try Files.makeDirectory(folder)
        // A link could lead to one of the machine's own programs.
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
