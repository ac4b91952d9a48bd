import Glibc
import Host
import Model
import SystemPackage

/// A root file system in the making.
public struct RootFileSystem: Sendable {
    private let root: FilePath
    private let host: Host

    /// Works in a folder that is there.
    public init(at root: FilePath, on host: Host) {
        self.root = root
        self.host = host
    }

    /// Makes directories.
    ///
    /// - Throws: `FileError`.
    public func directories(_ paths: [String]) throws(FileError) {
        for path in paths { try Files.makeDirectory(inside(path)) }
    }

    /// Writes a file.
    ///
    /// - Throws: `FileError`.
    public func file(_ path: String, _ text: String, mode: UInt16 = 0o644) throws(FileError) {
        try file(path, Array(text.utf8), mode: mode)
    }

    /// Writes a file of bytes.
    ///
    /// - Throws: `FileError`.
    public func file(_ path: String, _ bytes: [UInt8], mode: UInt16 = 0o644) throws(FileError) {
        try Files.makeDirectory(inside(path).removingLastComponent())
        try Files.write(bytes, to: inside(path), mode: mode)
    }

    /// Makes a symbolic link; one that is there is left alone.
    ///
    /// - Throws: `FileError`.
    public func link(_ path: String, to target: String) throws(FileError) {
        guard symlink(target, inside(path).string) == 0 || errno == EEXIST else { throw Files.error("link", inside(path), errno) }
    }

    /// Copies a program, and tells the SHA-256 of what was copied.
    ///
    /// - Throws: `FileError`.
    @discardableResult
    public func program(_ source: FilePath, as path: String) throws(FileError) -> Digest {
        try Files.makeDirectory(inside(path).removingLastComponent())
        return try Files.copy(source, to: inside(path), mode: 0o755)
    }

    /// Copies the shared libraries that programs need, to where they are on the host. A static program needs none.
    ///
    /// - Throws: `FileError`; `CommandError` when ldd(1) cannot be started; `CancellationError`.
    public func libraries(of programs: [FilePath]) async throws {
        for path in try await Self.libraries(of: programs, on: host) where !Files.exists(inside(path)) {
            try self.program(FilePath(path), as: path)
        }
    }

    /// The shared libraries that programs need, by their paths on the host.
    static func libraries(of programs: [FilePath], on host: Host) async throws -> [String] {
        var command = Command("/usr/bin/ldd", programs.map(\.string), environment: host.plainEnvironment, on: host)
        command.isContained = false
        // ldd's status is bad when one of the files is no dynamic executable, which is no fault here.
        let (listed, _) = try await command.watch([String]()) { lines, event, _ in
            if case .line(.output, let line) = event { lines.append(String(decoding: line, as: UTF8.self)) }
            return .proceed
        }
        return listed.filter { !$0.hasSuffix(":") }.compactMap { line in
            line.split(whereSeparator: \.isWhitespace).first { $0.hasPrefix("/") }.map(String.init)
        }
    }

    /// The host's path of a file that is to be made by another program, with the folder that it goes into.
    ///
    /// - Throws: `FileError`.
    public func prepared(_ path: String) throws(FileError) -> FilePath {
        try Files.makeDirectory(inside(path).removingLastComponent())
        return inside(path)
    }

    private func inside(_ path: String) -> FilePath { root.appending(path.drop { $0 == "/" }.description) }
}
