import Host
import Model
import SystemPackage

/// A log that grows on the disk, so that a run that is cut off still has it.
final class LogFile: Sendable {
    private let file: FileDescriptor

    init(_ path: FilePath) throws(FileError) { file = try Files.create(path) }

    /// Writes a line. A log that cannot be written must not end a boot: the verdict does not come from the file.
    func append(_ line: [UInt8]) { _ = try? file.writeAll(line + [UInt8(ascii: "\n")]) }

    deinit { try? file.close() }
}

/// The binary is not the one that was built or hashed: its bytes changed in between.
struct ArtifactChanged: Error, CustomStringConvertible {
    let path: FilePath
    let expected: Digest
    let found: Digest

    var description: String { "\(path) has changed: its digest is \(found), expected \(expected)" }
}

extension Duration {
    /// The duration in seconds.
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
