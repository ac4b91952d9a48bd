/// The exit codes of the command line: sysexits(3) where it has one.
package enum ExitStatus: Int32, Sendable {
    /// Clean, or done.
    case good = 0
    /// The answer is no: a verdict that is not clean, a patch that does not apply, a source that does not compile.
    case no = 1
    /// The command line is wrong.
    case usage = 64
    /// A recipe, a patch or data is wrong.
    case data = 65
    /// Something needed is missing or cannot be reached.
    case missing = 69
    /// A fault of Ninepin's, or of a program that it ran.
    case fault = 70
    /// An answer or a file could not be written.
    case output = 74

    /// The exit code for an error. One that says nothing is a fault.
    package init(for error: any Error) { self = (error as? any ExitStatusError)?.exitStatus ?? .fault }
}

/// An error that decides the exit code when it ends a command. Every error that can reach the command line is one; `ExitStatusTests` checks that.
package protocol ExitStatusError: Error {
    /// The exit code of a command that ends with this error.
    var exitStatus: ExitStatus { get }
}
