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
        // The parser's own help shows that of the program for a word that it does not know.
        if arguments.first == "help", let unknown = CommandPath.unknownCommand(in: arguments) {
            return streams.complain(unknown, as: askedFormat(in: arguments))
        }
        var command: any ParsableCommand
        do { command = try await NinepinCommand.asyncParseAsRoot(arguments) } catch { return await refuse(arguments, error, streams) }
        do {
            if var command = command as? any AsyncParsableCommand { try await command.run() } else { try command.run() }
            return EXIT_SUCCESS
        } catch let code as ExitCode {
            return code.rawValue
        } catch {
            return NinepinCommand.exitCode(for: error).isSuccess ? streams.say(error) : streams.tell(error)
        }
    }

    /// Writes why a command line cannot be parsed, or the help that it asks for.
    private static func refuse(_ arguments: [String], _ error: any Error, _ streams: Streams) async -> Int32 {
        let format = askedFormat(in: arguments)
        let isHelp = NinepinCommand.exitCode(for: error).isSuccess
        if let unknown = CommandPath.unknownCommand(in: arguments) ?? (isHelp ? nil : CommandPath.misplacedOptions(in: arguments)) {
            return streams.complain(unknown, as: format)
        }
        let shown = await complaint(about: arguments) ?? error
        if !isHelp { streams.document(streams.secrets.removed(from: NinepinCommand.message(for: shown)), .usage, as: format) }
        return streams.say(shown)
    }

    /// The form of the result that a command line asks for, even if the rest of it cannot be parsed.
    private static func askedFormat(in arguments: [String]) -> OutputFormat {
        let words = Array(arguments.prefix { $0 != "--" })
        for (index, word) in words.enumerated() {
            if word == "--json" { return .json }
            let value: String? =
                if ["-o", "--format"].contains(word) {
                    index + 1 < words.count ? words[index + 1] : nil
                } else { ["--format=", "-o=", "-o"].first(where: word.hasPrefix).map { String(word.dropFirst($0.count)) } }
            if let format = value.flatMap(OutputFormat.init(rawValue:)) { return format }
        }
        return .table
    }

    /// The parser's error message for a command line. It quotes arguments, so they are sanitized first.
    private static func complaint(about arguments: [String]) async -> (any Error)? {
        do { _ = try await NinepinCommand.asyncParseAsRoot(arguments.map { Visible.line(Redaction.text($0)) }) } catch { return error }
        return nil
    }
}
