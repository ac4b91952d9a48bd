import ArgumentParser
import Building
import ExitCodes
import Proving
import Report
import Sanitizing

/// The JSON document of a failed command.
private struct FailureDocument: Encodable {
    let error: String
    let exit: Int32
}

/// A command line that makes no sense, and the command whose help says more.
struct UsageError: Error {
    let message: String
    /// The words of the command, beginning with the program.
    let command: String
}

/// The process's two output streams, and how errors in writing to them affect the exit code.
struct Streams {
    /// How a command ends, apart from its streams.
    enum Ending {
        /// With an answer on standard output; standard error has progress and notes.
        case answered(Int32)
        /// With an error message on standard error.
        case failed(Int32)
    }

    let output: Terminal
    let errors: Terminal
    /// Secrets in the command line and the environment, because an error may quote a part of an argument.
    let secrets: Secrets

    init(_ environment: [String: String]) {
        output = .output(environment)
        errors = .error(environment)
        var secrets = Secrets()
        secrets.note(environment: environment)
        for word in CommandLine.arguments where word.contains("://") { secrets.note(address: word) }
        self.secrets = secrets
    }

    /// Writes a message of the argument parser: help, a version, a completion script, or an error in the command line.
    ///
    /// - Returns: the exit code.
    func say(_ error: any Error) -> Int32 {
        let (text, code) = (NinepinCommand.fullMessage(for: error), NinepinCommand.exitCode(for: error))
        if !text.isEmpty { (code.isSuccess ? output : errors).lines(text) }
        return exitCode(for: code.isSuccess ? .answered(code.rawValue) : .failed(code.rawValue))
    }

    /// Writes what is wrong with a command line, for people and, if the result was to be JSON or YAML, as such a document.
    ///
    /// - Returns: the exit code.
    func complain(_ error: UsageError, as format: OutputFormat) -> Int32 {
        document(error.message, .usage, as: format)
        errors.lines("Error: \(error.message)\n  See '\(error.command) --help' for more information.")
        return exitCode(for: .failed(ExitStatus.usage.rawValue))
    }

    /// Writes the document of a failed command, if its result was to be one.
    func document(_ message: String, _ status: ExitStatus, as format: OutputFormat) {
        let (document, report) = (FailureDocument(error: message, exit: status.rawValue), Report(on: output))
        do {
            switch format {
            case .json: try report.json(document)
            case .yaml: try report.yaml(document)
            case .table: break
            }
        } catch {
            // A string and a number can be written in both forms, so this does not happen; the message itself follows in any case.
            errors.line("\(String(describing: error))")
        }
    }

    /// Writes why a command failed.
    ///
    /// - Returns: the exit code.
    func tell(_ error: any Error, more: String = "") -> Int32 {
        errors.message("\("ninepin: error:", .bad) ", words(of: error) + more)
        return exitCode(for: .failed(ExitStatus(for: error).rawValue))
    }

    /// An error's text without secrets, limited to a readable length, because it may quote external input.
    func words(of error: any Error) -> String {
        let text = (error as? DecodingError).map(Self.words) ?? "\(error)"
        return Visible.excerpt(secrets.removed(from: text), most: 1 << 16)
    }

    /// What is wrong in a document, without the names of Swift's types.
    private static func words(of error: DecodingError) -> String {
        let context: DecodingError.Context
        switch error {
        case .dataCorrupted(let found), .keyNotFound(_, let found), .typeMismatch(_, let found), .valueNotFound(_, let found):
            context = found
        @unknown default: return "a document cannot be read"
        }
        let place = context.codingPath.map(\.stringValue).joined(separator: ".")
        return "a document cannot be read\(place.isEmpty ? "" : " at '\(place)'"): \(context.debugDescription)"
    }

    /// The exit code. An answer that could not be written does not count, and neither does an unwritten error message. Lost progress does
    /// not change a nonzero code, but it replaces 0, which would mean that there was no error.
    func exitCode(for ending: Ending) -> Int32 {
        if let reason = output.failure {
            errors.message("\("ninepin: error:", .bad) ", "cannot write to standard output: \(reason)")
            return ExitStatus.output.rawValue
        }
        switch ending {
        case .answered(let code) where code != 0: return code
        case .answered(let code), .failed(let code): return errors.failure == nil ? code : ExitStatus.output.rawValue
        }
    }
}
