import SystemPackage

/// A log that grows on the disk, so that a run that is cut off still has it.
public final class LineFile: Sendable {
    private let file: FileDescriptor

    /// Makes an empty file.
    ///
    /// - Throws: `FileError`.
    public init(_ path: FilePath) throws(FileError) { file = try Files.create(path) }

    /// Writes a line. A log that cannot be written must not end a boot: the verdict does not come from the file.
    public func append(_ line: [UInt8]) { _ = try? file.writeAll(line + [UInt8(ascii: "\n")]) }

    deinit { try? file.close() }
}
