import CLibgit2
import ExitCodes

/// Why an operation of libgit2, or on a file that it uses, failed.
package struct GitError: ExitStatusError, Sendable, CustomStringConvertible {
    /// The attempted operation, such as `open` or `write tree`.
    package let operation: String
    /// What the operation was for: a path or an ID.
    package let subject: String
    /// The message from libgit2 or the system.
    package let message: String

    package init(_ operation: String, _ subject: String, _ message: String) {
        self.operation = operation
        self.subject = subject
        self.message = message
    }

    /// `cannot OPERATION SUBJECT: MESSAGE`.
    package var description: String { "cannot \(operation) \(subject): \(message)" }

    /// Turns a libgit2 return code into an error immediately: libgit2 keeps the message per thread and only until the next call.
    package static func check(_ code: Int32, _ operation: String, _ subject: String) throws(GitError) {
        guard code < 0 else { return }
        let message = git_error_last().map { String(cString: $0.pointee.message) } ?? "libgit2 error \(code)"
        throw GitError(operation, subject, message)
    }

    package var exitStatus: ExitStatus { .fault }
}

/// libgit2's initialization, done once per process.
package enum Libgit2 {
    /// The number of initializations that libgit2 reports; reading it initializes the library.
    package static let started: Int32 = {
        let count = git_libgit2_init()
        // With strict creation, libgit2 would look up every entry before it writes a tree; our entries have just been written.
        ninepin_git_set_strict_object_creation(0)
        return count
    }()
}
