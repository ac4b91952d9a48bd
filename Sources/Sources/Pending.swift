import Host
import Model
import SystemPackage

/// Packages of libraries, and where they are to be had.
public struct ResolvedLibraries: Sendable {
    public let files: [LockedFile]
    public let addresses: [String: String]
}

struct NotThereYet: Error {}

extension DebianIndex {
    public func resolve(_ spec: LibrariesSpec) async throws -> ResolvedLibraries { throw NotThereYet() }
}
