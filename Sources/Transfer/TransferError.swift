import ExitCodes
import Sanitizing
import SystemPackage

/// The failure of one address.
package struct Attempt: Sendable, Hashable, CustomStringConvertible {
    /// The address, without secrets.
    package let address: String
    /// Why the last request to it failed.
    package let reason: String
    /// How many times it was requested.
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

/// Why a download failed. No message contains a secret from an address.
package enum TransferError: ExitStatusError, Sendable, Hashable, CustomStringConvertible {
    /// The task was canceled. The received data is kept in `.part`.
    case cancelled
    /// The download is not valid: it has no address, or its digest has the wrong format.
    case invalid(name: String, reason: String)
    /// No address provided the file.
    case unreachable(name: String, attempts: [Attempt])
    /// An address sent wrong bytes, and no later one sent the right ones. The wrong bytes are kept at `setAside`; `attempts` lists every
    /// address, including this one.
    case digestDiffers(
        name: String, expected: String, actual: String, setAside: FilePath, address: String, attempts: [Attempt])
    /// The disk is full, or the user's quota is exceeded.
    case noSpace(path: FilePath)
    /// The user lacks write (or read) permission: EACCES, EPERM or EROFS, in words.
    case denied(path: FilePath, reason: String)
    /// Another error with a file.
    case file(path: FilePath, reason: String)

    init(_ error: Errno, at path: FilePath) {
        self =
            switch error {
            case .noSpace, .diskQuotaExceeded: .noSpace(path: path)
            case .permissionDenied, .notPermitted, .readOnlyFileSystem: .denied(path: path, reason: error.description)
            default: .file(path: path, reason: error.description)
            }
    }

    /// One sentence for the user, plus a line for each address if there are several.
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

/// Performs an operation on a file; a failed system call becomes a `TransferError` that names the file.
func touching<T>(_ path: FilePath, _ body: () throws -> T) throws(TransferError) -> T {
    do {
        return try body()
    } catch {
        throw TransferError(error as? Errno ?? .ioError, at: path)
    }
}
