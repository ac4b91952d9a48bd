/// The exit codes of the command line, from sysexits(3) where it has a suitable one.
package enum ExitStatus: Int32, CaseIterable, Sendable {
    /// The verdict is clean, or the work is done.
    case good = 0
    /// The result is negative: a verdict that is not clean, a patch that does not apply, or a source that does not compile.
    case no = 1
    /// The command line is wrong.
    case usage = 64
    /// A recipe, a patch or data is wrong.
    case data = 65
    /// A prerequisite is missing or cannot be reached.
    case missing = 69
    /// A fault of Ninepin, or of a program that it ran.
    case fault = 70
    /// An answer or a file could not be written.
    case output = 74
    /// The command did not end within the time that it was given, as with timeout(1).
    case timeout = 124

    /// What it means, for the manual pages.
    package var about: String {
        switch self {
        case .good: "Clean or done."
        case .no: "The answer is no."
        case .usage: "Usage error."
        case .data: "Bad recipe, patch, or data."
        case .missing: "Something is missing or unreachable."
        case .fault: "Internal error, or a program that Ninepin ran failed."
        case .output: "Output could not be written."
        case .timeout: "Not finished within --timeout."
        }
    }

    /// The exit code for an error; `fault` if the error does not define one.
    package init(for error: any Error) {
        self = (error as? any ExitStatusError)?.exitStatus ?? (error is DecodingError ? .data : .fault)
    }
}

/// An error that determines the exit code of a command that ends with it. Every error that can reach the command line conforms;
/// `ExitStatusTests` checks that.
package protocol ExitStatusError: Error {
    /// The exit code of a command that ends with this error.
    var exitStatus: ExitStatus { get }
}
