import Git
import Host
import Model
import SystemPackage

/// Replaced in the next commits by the git, archive and folder sources.
struct NotThereYet: Error {}

public struct GitSource: Sendable {
    public init(_ url: String, mirrors: FilePath, on host: Host) {}
    public static func shown(_ url: String) -> String { url }
    public func resolve(_ reference: String, progress: @escaping @Sendable (SourceProgress) -> Void) async throws -> Lock {
        throw NotThereYet()
    }
    public func copyTree(
        of lock: Lock, into repository: Repository, progress: @escaping @Sendable (SourceProgress) -> Void
    ) async throws -> ObjectID { throw NotThereYet() }
}

public struct ArchiveSource: Sendable {
    public init(_ lock: Lock, mirrors: FilePath, on host: Host) {}
    public func fetch(from addresses: [String: String], progress: @escaping @Sendable (SourceProgress) -> Void) async throws {
        throw NotThereYet()
    }
    public func unpack(into unpacked: FilePath, progress: @escaping @Sendable (SourceProgress) -> Void) async throws { throw NotThereYet() }
}

public struct FolderSource: Sendable {
    public init(_ folder: FilePath) {}
    public func importTree(into repository: Repository, progress: (Int) throws -> Void) throws -> (tree: ObjectID, lock: Lock) {
        throw NotThereYet()
    }
}

/// Packages of libraries, and where they are to be had.
public struct ResolvedLibraries: Sendable {
    public let files: [LockedFile]
    public let addresses: [String: String]
}

extension DebianIndex {
    public func resolve(_ spec: LibrariesSpec) async throws -> ResolvedLibraries { throw NotThereYet() }
}
