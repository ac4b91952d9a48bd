import ExitCodes
import ArgumentParser
import Building
import Proving
import Report
import Sanitizing

/// The process's two output streams, and what an exit code is worth when one of them does not take what is written.
struct Streams {
    /// How a command ends, apart from its streams.
    enum Ending {
        /// With an answer on standard output; what is on standard error is progress and notes.
        case answered(Int32)
        /// With words on standard error.
        case failed(Int32)
    }

    let output: Terminal
    let errors: Terminal
    /// Of the command line and the environment: an error may quote a part of a word.
    let secrets: Secrets

    init(_ environment: [String: String]) {
        output = .output(environment)
        errors = .error(environment)
        var secrets = Secrets()
        secrets.note(environment: environment)
        for word in CommandLine.arguments where word.contains("://") { secrets.note(address: word) }
        self.secrets = secrets
    }

    /// Writes what the argument parser has to say: help, a version, a script; or what is wrong with the command line.
    ///
    /// - Returns: the exit code.
    func say(_ error: any Error) -> Int32 {
        let (text, code) = (NinepinCommand.fullMessage(for: error), NinepinCommand.exitCode(for: error))
        if !text.isEmpty { (code.isSuccess ? output : errors).lines(text) }
        return exitCode(for: code.isSuccess ? .answered(code.rawValue) : .failed(code.rawValue))
    }

    /// Writes why a command failed.
    ///
    /// - Returns: the exit code.
    func tell(_ error: any Error) -> Int32 {
        errors.message("\("ninepin: error:", .bad) ", words(of: error))
        return exitCode(for: .failed(ExitStatus(for: error).rawValue))
    }

    /// What an error says, without what is secret, and not more than a person reads: an error's text quotes what comes from outside.
    func words(of error: any Error) -> String { Visible.excerpt(secrets.removed(from: "\(error)"), most: 1 << 16) }

    /// The exit code. An answer that did not arrive is none, and neither are the words of a failure. Progress that was lost makes no answer worse, but
    /// a 0 says that all is well, and it is not.
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
