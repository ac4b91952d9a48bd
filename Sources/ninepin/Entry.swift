import ExitCodes
import ArgumentParser
import Building
import FoundationEssentials
import Glibc
import Proving
import Sanitizing

/// Where the process begins.
///
/// The first thread waits here, and does not become the main queue's own as it would with an `async` main: that ends the thread with
/// pthread_exit(3), for which the C library wants libgcc_s.so.1 on the machine. In a sandbox there may be nothing but the C library.
@main
enum Entry {
    static func main() {
        holdStreams()
        Task.detached {
            let code = await run(Array(CommandLine.arguments.dropFirst()))
            // Some file systems tell only now that there is no room (close(2)).
            guard close(STDOUT_FILENO) == 0 || ![EIO, ENOSPC, EDQUOT].contains(errno) else { exit(ExitStatus.output.rawValue) }
            exit(code)
        }
        while true { pause() }
    }

    /// Takes the numbers of standard streams that are closed, so that no file gets one of them: what is meant for a person would be written into it.
    /// Each is opened the wrong way round, so that using it is an error.
    private static func holdStreams() {
        for number in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(number, F_GETFD) < 0 {
            // open(2) gives the lowest number that is free.
            _ = open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
    }

    /// Reads the command line, runs the command, and tells the exit code. ArgumentParser's own main does the same, and looks at no stream.
    private static func run(_ arguments: [String]) async -> Int32 {
        let streams = Streams(ProcessInfo.processInfo.environment)
        var command: any ParsableCommand
        do { command = try await NinepinCommand.asyncParseAsRoot(arguments) } catch {
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

    /// What the parser says of a command line: it quotes words of it, and so gets them in the form in which they may be shown.
    private static func complaint(about arguments: [String]) async -> (any Error)? {
        do { _ = try await NinepinCommand.asyncParseAsRoot(arguments.map { Visible.line(Redaction.text($0)) }) } catch { return error }
        return nil
    }
}
