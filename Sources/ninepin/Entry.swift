import ArgumentParser
import Building
import ExitCodes
import FoundationEssentials
import Glibc
import Model
import Proving
import Sanitizing

/// The entry point of the process.
///
/// The first thread waits here instead of serving the main queue, as it would with an `async` main. An `async` main ends that thread with
/// pthread_exit(3), for which the C library needs libgcc_s.so.1. A sandbox may contain nothing but the C library.
@main
enum Entry {
    static func main() {
        holdStreams()
        widenHelp()
        Task.detached {
            let code = await run(Array(CommandLine.arguments.dropFirst()))
            // Some file systems report only at this point that the disk is full (close(2)).
            guard close(STDOUT_FILENO) == 0 || ![EIO, ENOSPC, EDQUOT].contains(errno) else { exit(ExitStatus.output.rawValue) }
            exit(code)
        }
        while true { pause() }
    }

    /// Occupies the descriptors of closed standard streams, so that no file gets one of them and receives output meant for the user. Each
    /// is opened in the wrong direction, so that any use of it fails.
    private static func holdStreams() {
        for number in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(number, F_GETFD) < 0 {
            // open(2) returns the lowest free descriptor.
            _ = open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
    }

    /// Makes ArgumentParser believe in at least 40 columns: with fewer than its indentation it ends the process.
    private static func widenHelp() {
        let wanted = ProcessInfo.processInfo.environment["COLUMNS"].flatMap { Int($0) }
        var size = winsize()
        let width = wanted ?? (ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 ? Int(size.ws_col) : 0)
        if wanted != nil || width > 0, width < 40 { setenv("COLUMNS", "40", 1) }
    }

    /// Parses the command line, runs the command, and returns the exit code. ArgumentParser's own main does the same, but does not check
    /// whether the streams can be written.
    private static func run(_ arguments: [String]) async -> Int32 {
        let streams = Streams(ProcessInfo.processInfo.environment)
        var command: any ParsableCommand
        do { command = try await NinepinCommand.asyncParseAsRoot(arguments) } catch {
            if let unknown = unknownCommand(in: arguments) { return streams.say(unknown) }
            return streams.say(await complaint(about: arguments) ?? error)
        }
        do {
            if var command = command as? any AsyncParsableCommand { try await command.run() } else { try command.run() }
            return EXIT_SUCCESS
        } catch let code as ExitCode {
            return code.rawValue
        } catch {
            return NinepinCommand.exitCode(for: error).isSuccess ? streams.say(error) : streams.tell(error)
        }
    }

    /// The error for a word in the place of a command that is none; nil if there is no such word.
    private static func unknownCommand(in arguments: [String]) -> (any Error)? {
        var (command, path): (any ParsableCommand.Type, [String]) = (NinepinCommand.self, [])
        for word in arguments.prefix(while: { !$0.hasPrefix("-") }) {
            let all = command.configuration.subcommands
            guard !all.isEmpty else { return nil }
            if let next = all.first(where: { names(of: $0).contains(word) }) {
                (command, path) = (next, path + [word])
                continue
            }
            // A command with a default one may mean the word for that.
            let near = Spelling.nearest(to: word, among: all.filter { $0.configuration.shouldDisplay }.flatMap(names) + ["help"])
            guard word != "help", near != nil || command.configuration.defaultSubcommand == nil else { return nil }
            let place = (["ninepin"] + path).joined(separator: " ")
            let shown = Visible.line(Redaction.text(word))
            return ValidationError(
                "'\(shown)' is no command of \(place): \(near.map { "did you mean '\($0)'?" } ?? "'\(place) --help' lists them")")
        }
        return nil
    }

    private static func names(of command: any ParsableCommand.Type) -> [String] {
        [command._commandName] + command.configuration.aliases
    }

    /// The parser's error message for a command line. It quotes arguments, so they are sanitized first.
    private static func complaint(about arguments: [String]) async -> (any Error)? {
        do { _ = try await NinepinCommand.asyncParseAsRoot(arguments.map { Visible.line(Redaction.text($0)) }) } catch { return error }
        return nil
    }
}
