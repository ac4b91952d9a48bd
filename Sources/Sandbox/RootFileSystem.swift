import FileSystem
import Glibc
import Host
import Model
import Paths
import SystemPackage

/// Builds a root file system.
package struct RootFileSystem: Sendable {
    private let root: FilePath

    /// Works in an existing directory.
    package init(at root: FilePath, on host: Host) {
        self.root = root
    }

    /// Creates directories.
    ///
    /// - Throws: `FileError`.
    package func directories(_ paths: [String]) throws(FileError) {
        for path in paths { try Files.makeDirectory(inside(path, "make")) }
    }

    /// Writes a text file.
    ///
    /// - Throws: `FileError`.
    package func file(_ path: String, _ text: String, mode: UInt16 = 0o644) throws(FileError) {
        try file(path, Array(text.utf8), mode: mode)
    }

    /// Writes a binary file.
    ///
    /// - Throws: `FileError`.
    package func file(_ path: String, _ bytes: [UInt8], mode: UInt16 = 0o644) throws(FileError) {
        try Files.write(bytes, to: try placed(path, "write"), mode: mode)
    }

    /// Creates a symbolic link; an existing one is not changed.
    ///
    /// - Throws: `FileError`.
    package func link(_ path: String, to target: String) throws(FileError) {
        let place = try inside(path, "link")
        guard symlink(target, place.string) == 0 || errno == EEXIST else { throw Files.error("link", place, errno) }
    }

    /// Copies a program and returns the SHA-256 of the copy.
    ///
    /// - Throws: `FileError`.
    @discardableResult
    package func program(_ source: FilePath, as path: String) throws(FileError) -> Digest {
        try Files.copy(source, to: try placed(path, "write"), mode: 0o755)
    }

    /// Copies the shared libraries that programs need to the same paths as on the host. A static program needs none. No program is run.
    ///
    /// - Throws: `LibraryError` for a program that is damaged or that names a library by path; `FileError`; `CancellationError`.
    package func libraries(of programs: [FilePath]) async throws {
        for path in try MachineLibraries().paths(of: programs) where try !Files.exists(inside(path, "inspect")) {
            try Task.checkCancellation()
            try self.program(FilePath(path), as: path)
        }
    }

    /// The host path for a file that another program will create; creates its directory.
    ///
    /// - Throws: `FileError`.
    package func prepared(_ path: String) throws(FileError) -> FilePath { try placed(path, "make") }

    /// The host path for a new file in an existing directory. Removes an existing link with that name, because writing would follow it.
    private func placed(_ path: String, _ operation: String) throws(FileError) -> FilePath {
        let place = try inside(path, operation)
        try Files.makeDirectory(place.removingLastComponent())
        if Files.linkTarget(place) != nil { try Files.remove(place) }
        return place
    }

    /// The host path for a path in the root file system.
    ///
    /// - Throws: `FileError` if it leads outside, by itself or through an existing link.
    private func inside(_ path: String, _ operation: String) throws(FileError) -> FilePath {
        let relative = Array(path.utf8.drop { $0 == UInt8(ascii: "/") })
        let shown = root.appending(String(decoding: relative, as: UTF8.self))
        let contained: ContainedPath
        do throws(PathFault) { contained = relative.isEmpty ? .top : try ContainedPath(archived: relative) } catch {
            throw Files.refusal(operation, shown, "it \(error)")
        }
        for folder in contained.folders {
            let place = root.appending(folder.description)
            guard Files.linkTarget(place) != nil else { continue }
            guard try Files.realPath(place).starts(with: try Files.realPath(root)) else {
                throw Files.refusal(operation, shown, "/\(folder) is a link that points outside the root file system")
            }
        }
        return contained == .top ? root : root.appending(contained.description)
    }
}
