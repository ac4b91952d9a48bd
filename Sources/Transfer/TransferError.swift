import ExitCodes
import Sanitizing
import SystemPackage

/// What came of one address.
package struct Attempt: Sendable, Hashable, CustomStringConvertible {
    /// The address, its secrets hidden.
    package let address: String
    /// Why it gave nothing, the last time it was asked.
    package let reason: String
    /// How often it was asked.
    package let tries: Int

    init(address: String, reason: String, tries: Int, secrets: Secrets = Secrets()) {
        var secrets = secrets
        secrets.note(address: address)
        self.address = Redaction.address(address)
        self.reason = secrets.removed(from: reason)
        self.tries = tries
    }

    /// The address and the reason.
    package var description: String { "\(address): \(reason)" + (tries > 1 ? " (tried \(tries) times)" : "") }
}

/// Why a file did not come. No secret of an address is in any of its texts.
package enum TransferError: ExitStatusError, Sendable, Hashable, CustomStringConvertible {
    /// The task was cancelled. What had come is kept in `.part`.
    case cancelled
    /// The wish itself is wrong: no address, or a digest that is none.
    case invalid(name: String, reason: String)
    /// No address gave the file.
    case unreachable(name: String, attempts: [Attempt])
    /// An address gave other bytes, and no later one gave the right ones. The bytes are kept at `setAside`; `attempts` tells of
    /// every address, this one included.
    case digestDiffers(
        name: String, expected: String, actual: String, setAside: FilePath, address: String, attempts: [Attempt])
    /// The disk, or the user's share of it, is full.
    case noSpace(path: FilePath)
    /// This user may not write (or read) there: EACCES, EPERM or EROFS, in words.
    case denied(path: FilePath, reason: String)
    /// Something else is wrong with a file.
    case file(path: FilePath, reason: String)

    init(_ error: Errno, at path: FilePath) {
        self =
            switch error {
            case .noSpace, .diskQuotaExceeded: .noSpace(path: path)
            case .permissionDenied, .notPermitted, .readOnlyFileSystem: .denied(path: path, reason: error.description)
            default: .file(path: path, reason: error.description)
            }
    }

    /// One sentence for the user, and a line for each address where there is more than one.
    package var description: String {
        switch self {
        case .cancelled: "cancelled"
        case .invalid(let name, let reason): "cannot fetch \(name): \(reason)"
        case .unreachable(let name, let attempts): "cannot fetch \(name):" + Self.lines(attempts)
        case .digestDiffers(let name, let expected, let actual, let aside, let address, let attempts):
            "\(name) from \(address) has SHA-256 \(actual), expected \(expected); kept as \(aside)"
                + (attempts.count > 1 ? "; every address tried:" + Self.lines(attempts) : "")
        case .noSpace(let path): "no space left for \(path)"
        case .denied(let path, let reason), .file(let path, let reason): "\(path): \(reason)"
        }
    }

    private static func lines(_ attempts: [Attempt]) -> String {
        attempts.count == 1 ? " \(attempts[0])" : attempts.map { "\n  \($0)" }.joined()
    }

    package var exitStatus: ExitStatus { .missing }
}

/// Does something with a file; a system call that fails there becomes a `TransferError` that names the file.
func touching<T>(_ path: FilePath, _ body: () throws -> T) throws(TransferError) -> T {
    do {
        return try body()
    } catch {
        throw TransferError(error as? Errno ?? .ioError, at: path)
    }
}
