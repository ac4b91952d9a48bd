import Glibc
import SystemPackage

/// Reads a growing file piece by piece. When another file takes its name, reads the rest and then the new file.
package struct FileTail: ~Copyable {
    private let path: FilePath
    private var file: FileDescriptor

    /// Opens the file at its beginning.
    ///
    /// - Throws: `FileError`.
    package init(_ path: FilePath) throws(FileError) {
        self.path = path
        file = try Self.open(path)
    }

    private static func open(_ path: FilePath) throws(FileError) -> FileDescriptor {
        do { return try FileDescriptor.open(path, .readOnly, options: .closeOnExec) } catch {
            throw FileError("read", path, (error as? Errno) ?? .ioError)
        }
    }

    /// Returns the next piece; nil if there is nothing more for now.
    ///
    /// - Throws: `FileError`.
    package mutating func next() throws(FileError) -> [UInt8]? {
        // Check this first: whatever was written before the file was replaced still has to be read.
        let isOld = isOld
        if let piece = try read() { return piece }
        // During rotation the path may briefly not exist.
        guard isOld, Files.exists(path) else { return nil }
        let other = try Self.open(path)
        try? file.close()
        file = other
        return try read()
    }

    private var isOld: Bool {
        var (own, named) = (stat(), stat())
        guard fstat(file.rawValue, &own) == 0, stat(path.string, &named) == 0 else { return false }
        return own.st_ino != named.st_ino || own.st_dev != named.st_dev
    }

    private func read() throws(FileError) -> [UInt8]? {
        do {
            let piece = try [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
                count = try file.read(into: UnsafeMutableRawBufferPointer(buffer))
            }
            return piece.isEmpty ? nil : piece
        } catch { throw FileError("read", path, (error as? Errno) ?? .ioError) }
    }

    deinit { try? file.close() }
}
