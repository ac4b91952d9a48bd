import CLibgit2
import ExitCodes

/// Why libgit2, or a file that it works on, refused.
package struct GitError: ExitStatusError, Sendable, CustomStringConvertible {
    /// What was tried, such as `open` or `write tree`.
    package let operation: String
    /// What it was tried on: a path or an id.
    package let subject: String
    /// What libgit2 or the system said.
    package let message: String

    package init(_ operation: String, _ subject: String, _ message: String) {
        self.operation = operation
        self.subject = subject
        self.message = message
    }

    /// `cannot OPERATION SUBJECT: MESSAGE`.
    package var description: String { "cannot \(operation) \(subject): \(message)" }

    /// Turns a return code of libgit2's into an error at once: the message is kept per thread, and only until the next call.
    package static func check(_ code: Int32, _ operation: String, _ subject: String) throws(GitError) {
        guard code < 0 else { return }
        let message = git_error_last().map { String(cString: $0.pointee.message) } ?? "libgit2 error \(code)"
        throw GitError(operation, subject, message)
    }

    package var exitStatus: ExitStatus { .fault }
}

/// libgit2's own set-up, done once for the process.
package enum Libgit2 {
    /// How many times the library was set up, as it says; reading it sets it up.
    package static let started: Int32 = {
        let count = git_libgit2_init()
        // Without it every entry of a tree is looked up before the tree is written; ours were written a moment before.
        ninepin_git_set_strict_object_creation(0)
        return count
    }()
}
