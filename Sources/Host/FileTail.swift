import SystemPackage

/// Reads a file that grows, piece by piece.
public struct FileTail: ~Copyable {
    private let path: FilePath
    private let file: FileDescriptor

    /// Opens the file at its beginning.
    ///
    /// - Throws: `FileError`.
    public init(_ path: FilePath) throws(FileError) {
        self.path = path
        do { file = try FileDescriptor.open(path, .readOnly, options: .closeOnExec) } catch {
            throw FileError("read", path, (error as? Errno) ?? .ioError)
        }
    }

    /// What comes next; nil when there is nothing more for now.
    ///
    /// - Throws: `FileError`.
    public mutating func next() throws(FileError) -> [UInt8]? {
        do {
            let piece = try [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
                count = try file.read(into: UnsafeMutableRawBufferPointer(buffer))
            }
            return piece.isEmpty ? nil : piece
        } catch { throw FileError("read", path, (error as? Errno) ?? .ioError) }
    }

    deinit { try? file.close() }
}
