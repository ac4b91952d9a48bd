import ExitCodes
import Paths
import SystemPackage

/// Why an archive was not unpacked. In that case, nothing of it is kept.
package enum ArchiveError: ExitStatusError, Sendable, Hashable, CustomStringConvertible {
    /// An entry would leave the folder, or has a type that does not occur in source archives.
    case refused(archive: FilePath, entry: String, reason: String)
    /// The archive exceeds a limit, or claims to.
    case tooMuch(archive: FilePath, entry: String?, reason: String)
    /// The archive is truncated or corrupt, or is not an archive.
    case damaged(archive: FilePath, reason: String)
    /// The disk is full, or would become full.
    case noSpace(folder: FilePath, reason: String)
    /// A system call failed.
    case file(operation: String, path: FilePath, reason: String)

    /// What failed, where, why, and what to do.
    package var description: String {
        switch self {
        case .refused(let archive, let entry, let reason):
            """
            \(archive) is rejected: its entry \(entry) \(reason)
                Nothing was unpacked. Check the archive's origin: no source archive needs this.
            """
        case .tooMuch(let archive, let entry, let reason):
            """
            \(archive) is rejected: \(entry.map { "at its entry \($0) it " } ?? "it ")\(reason)
                Nothing was unpacked.
            """
        case .damaged(let archive, let reason):
            "\(archive) cannot be unpacked: \(reason)\n    Nothing was unpacked. Fetch it again, or check its type with file(1)."
        case .noSpace(let folder, let reason):
            "no space to unpack into \(folder): \(reason)\n    Free some space, or move the workspace with --workspace DIR or NINEPIN_WORKSPACE."
        case .file(let operation, let path, let reason): "cannot \(operation) \(path): \(reason)"
        }
    }

    package var exitStatus: ExitStatus {
        // Only the writer's operation is this word alone.
        if case .file("write", _, _) = self { .output } else { .data }
    }
}

/// A problem with one entry, before the archive is known.
enum Fault: Error {
    /// The entry is refused, with the reason.
    case refused(String)
    /// The archive exceeds a limit, with the reason.
    case tooMuch(String)
    /// The disk is full, or would become full.
    case noSpace(String)
    /// A system call on a file failed.
    case system(operation: String, Errno)

    /// Converts an error about a name or from the folder writer; nil for any other error.
    init?(_ error: any Error) {
        switch error {
        case let fault as Fault: self = fault
        case let fault as PathFault: self = .refused(fault.description)
        case FolderFault.refused(let reason): self = .refused(reason)
        case FolderFault.system(let operation, let errno): self = .system(operation: operation, errno)
        default: return nil
        }
    }

    /// The error for an entry of an archive.
    func error(archive: FilePath, folder: FilePath, entry: [UInt8]) -> ArchiveError {
        switch self {
        case .refused(let reason): .refused(archive: archive, entry: ContainedPath.quoted(entry), reason: reason)
        case .tooMuch(let reason): .tooMuch(archive: archive, entry: entry.isEmpty ? nil : ContainedPath.quoted(entry), reason: reason)
        case .noSpace(let reason): .noSpace(folder: folder, reason: reason)
        case .system(_, .noSpace), .system(_, .diskQuotaExceeded):
            .noSpace(folder: folder, reason: "the disk or your disk quota is full")
        case .system(let operation, let errno):
            .file(operation: "\(operation) \(ContainedPath.quoted(entry)) in", path: folder, reason: errno.description)
        }
    }
}
