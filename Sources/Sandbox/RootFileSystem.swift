import Glibc
import Host
import Model
import Paths
import SystemPackage

/// A root file system in the making.
package struct RootFileSystem: Sendable {
    private let root: FilePath

    /// Works in a folder that is there.
    package init(at root: FilePath, on host: Host) {
        self.root = root
    }

    /// Makes directories.
    ///
    /// - Throws: `FileError`.
    package func directories(_ paths: [String]) throws(FileError) {
        for path in paths { try Files.makeDirectory(inside(path, "make")) }
    }

    /// Writes a file.
    ///
    /// - Throws: `FileError`.
    package func file(_ path: String, _ text: String, mode: UInt16 = 0o644) throws(FileError) {
        try file(path, Array(text.utf8), mode: mode)
    }

    /// Writes a file of bytes.
    ///
    /// - Throws: `FileError`.
    package func file(_ path: String, _ bytes: [UInt8], mode: UInt16 = 0o644) throws(FileError) {
        try Files.write(bytes, to: try placed(path, "write"), mode: mode)
    }

    /// Makes a symbolic link; one that is there is left alone.
    ///
    /// - Throws: `FileError`.
    package func link(_ path: String, to target: String) throws(FileError) {
        let place = try inside(path, "link")
        guard symlink(target, place.string) == 0 || errno == EEXIST else { throw Files.error("link", place, errno) }
    }

    /// Copies a program, and tells the SHA-256 of what was copied.
    ///
    /// - Throws: `FileError`.
    @discardableResult
    package func program(_ source: FilePath, as path: String) throws(FileError) -> Digest {
        try Files.copy(source, to: try placed(path, "write"), mode: 0o755)
    }

    /// Copies the shared libraries that programs need, to where they are on the host. A static program needs none. Nothing of a program is run.
    ///
    /// - Throws: `LibraryError` for a program that is damaged, or asks for a library by a path; `FileError`; `CancellationError`.
    package func libraries(of programs: [FilePath]) async throws {
        for path in try MachineLibraries().paths(of: programs) where try !Files.exists(inside(path, "inspect")) {
            try Task.checkCancellation()
            try self.program(FilePath(path), as: path)
        }
    }

    /// The host's path of a file that is to be made by another program, with the folder that it goes into.
    ///
    /// - Throws: `FileError`.
    package func prepared(_ path: String) throws(FileError) -> FilePath { try placed(path, "make") }

    /// The host's path of a file that is to be made, in a folder that is there. A link that has its name is removed: it would be written through.
    private func placed(_ path: String, _ operation: String) throws(FileError) -> FilePath {
        let place = try inside(path, operation)
        try Files.makeDirectory(place.removingLastComponent())
        if Files.linkTarget(place) != nil { try Files.remove(place) }
        return place
    }

    /// The host's path of a path of the root file system.
    ///
    /// - Throws: `FileError` for one that leads out, by itself or through a link that is there.
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
