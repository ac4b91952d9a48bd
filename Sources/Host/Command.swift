import ExitCodes
import FileSystem
import Sanitizing
import Subprocess
import Synchronization
import SystemPackage

/// How a process ended.
package enum TerminationStatus: Hashable, Sendable, CustomStringConvertible {
    /// It exited with a status.
    case exited(Int32)
    /// A signal killed it.
    case signalled(Int32)

    /// `exit status 1`, `signal 9`.
    package var description: String {
        switch self {
        case .exited(let status): "exit status \(status)"
        case .signalled(let number): "signal \(number)"
        }
    }
}

/// The failure of a program, with everything needed to reproduce it by hand.
package struct CommandError: ExitStatusError, Sendable, CustomStringConvertible {
    /// The program and its arguments.
    package let command: [String]
    /// The working directory.
    package let directory: String?
    /// How it ended; nil if it did not start.
    package let ended: TerminationStatus?
    /// The last lines of its output, or the reason why it did not start.
    package let lastLines: [String]

    /// `go build … ended with exit status 1 (in DIR)`, followed by the last lines.
    package var description: String {
        let place = directory.map { " (in \($0))" } ?? ""
        let end = ended.map { "ended with \($0)" } ?? "did not start"
        return (["\(command.joined(separator: " ")) \(end)\(place)"] + lastLines.map { "    \($0)" }).joined(separator: "\n")
    }

    package var exitStatus: ExitStatus { ended == nil ? .missing : .fault }
}

/// A program to run, with arguments that no shell interprets.
///
/// The program and all its descendants end with the task, and with this process, however that ends. As root, the program runs in its own
/// PID namespace (pid_namespaces(7): when the first process of a namespace dies, the kernel kills all others) with its own mount namespace.
package struct Command: Sendable {
    /// The stream of a line.
    package enum Stream: Sendable {
        case output
        case error
    }

    /// An event of a running program.
    package enum Event: Sendable {
        /// A line, or the beginning of one that is too long for one piece (`LineSplitter`).
        case line(Stream, [UInt8])
        /// The next piece of a stream's last line. The first `overlap` bytes repeat the end of the previous piece.
        case more(Stream, [UInt8], overlap: Int)
        /// Time has passed.
        case tick
    }

    /// What to do after an event.
    package enum Directive: Sendable {
        /// Continue.
        case proceed
        /// Kill the program and all its descendants now.
        case stop
    }

    package var program: FilePath
    package var arguments: [String]
    /// Its complete environment, except for ``settings``. The system programs that start it see this environment too.
    package var environment: [String: String]
    /// Variables that only the program itself gets, overriding its environment. They contain values chosen by others, which the programs
    /// that start it must not see. A name consists of letters, digits and `_`.
    package var settings: [String: String] = [:]
    /// The working directory; nil for this process's directory.
    package var directory: FilePath?
    /// Whether it runs in its own namespaces.
    package var isContained: Bool
    /// Its network namespace; nil for this process's.
    package var network: NetworkNamespace?

    /// Creates a command that runs in its own namespaces if the host allows it.
    package init(_ program: FilePath, _ arguments: [String], environment: [String: String], directory: FilePath? = nil, on host: Host) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.directory = directory
        isContained = host.isRoot
    }

    /// A command without namespaces of its own, for a program of the system that leaves no processes behind. It starts faster, and this process
    /// can use its process ID.
    package static func uncontained(
        _ program: FilePath, _ arguments: [String], environment: [String: String], directory: FilePath? = nil, on host: Host
    ) -> Command {
        var command = Command(program, arguments, environment: environment, directory: directory, on: host)
        command.isContained = false
        return command
    }

    /// Runs the program to completion and returns its standard output.
    ///
    /// - Throws: `CommandError` unless it exits with 0; `CancellationError` if the task is canceled, after all processes have ended.
    package func output() async throws -> String {
        struct Heard: Sendable {
            var output = ""
            var last = RecentLines()
        }
        let (heard, ended) = try await watch(Heard()) { heard, event, _ in
            guard case .line(let stream, let bytes) = event else { return .proceed }
            let line = String(decoding: bytes, as: UTF8.self)
            if stream == .output { heard.output += line + "\n" } else { heard.last.append(line) }
            return .proceed
        }
        guard ended == .exited(0) else { throw failure(ended, heard.last.lines) }
        return heard.output
    }

    /// Runs the program and passes the lines of both streams and regular ticks to a function, one at a time.
    ///
    /// - Parameters:
    ///   - state: the state that the function updates.
    ///   - tick: the interval between ticks; nil for none.
    ///   - handle: receives the state, the event, and the time since the start.
    /// - Throws: `CommandError` if the program cannot be started; `CancellationError` if the task is canceled.
    package func watch<State: Sendable>(
        _ state: State, tick: Duration? = nil, _ handle: @escaping @Sendable (inout State, Event, Duration) -> Directive
    ) async throws -> (State, TerminationStatus) {
        let handler = EventHandler(state, handle)
        let (program, arguments) = contained
        let environment = environment.merging(Self.carried(settings)) { _, carried in carried }
        var options = PlatformOptions()
        options.createSession = true
        options.teardownSequence = [.send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .milliseconds(1))]
        let status: Subprocess.TerminationStatus
        do {
            status = try await Subprocess.run(
                .path(program), arguments: Arguments(arguments), environment: .custom(environment.asKeys), workingDirectory: directory,
                platformOptions: options, input: .none, output: .sequence, error: .sequence
            ) { execution in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    let kill: @Sendable () -> Void = { try? execution.send(signal: .kill, toProcessGroup: true) }
                    group.addTask { try await handler.read(execution.standardOutput, as: .output, stop: kill) }
                    group.addTask { try await handler.read(execution.standardError, as: .error, stop: kill) }
                    let ticking = tick.map { tick in Task { await handler.beat(every: tick, stop: kill) } }
                    defer { ticking?.cancel() }
                    try await group.waitForAll()
                }
            }.terminationStatus
        } catch let error as SubprocessError {
            try Task.checkCancellation()
            throw failure(nil, ["\(error)"])
        }
        try Task.checkCancellation()
        return (await handler.state, TerminationStatus(status))
    }

    /// An error about this command.
    package func failure(_ ended: TerminationStatus?, _ lastLines: [String]) -> CommandError {
        // Programs quote addresses from their input, including those of proxies and indexes.
        var secrets = Secrets()
        secrets.note(environment: environment)
        return CommandError(
            command: ([program.string] + arguments).map(secrets.removed), directory: directory?.string, ended: ended,
            lastLines: lastLines.map(secrets.removed))
    }

    /// setpriv(1) makes the kernel kill the program when this process dies; unshare(1) does the same for the program's own namespace.
    private var contained: (FilePath, [String]) {
        let dying = ["--pdeathsig", "KILL", "--"]
        // This must come before the new PID namespace, in which the holder has no process ID.
        let entering = network.map { ["/usr/bin/nsenter", "--net=\($0.path)", "--"] } ?? []
        let namespace = ["/usr/bin/unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--"]
        return ("/usr/bin/setpriv", dying + entering + (isContained ? namespace : []) + setting + [program.string] + arguments)
    }

    /// A shell that turns the carried values into variables and then executes the program. They are not passed as arguments, which every
    /// user of the machine can see.
    private var setting: [String] {
        guard !settings.isEmpty else { return [] }
        let names = Self.carried(settings).keys.sorted()
        let words = names.map { "\"$\($0)\"" }.joined(separator: " ")
        return ["/bin/sh", "-c", "export \(words); unset \(names.joined(separator: " ")); exec \"$@\"", "sh"]
    }

    /// The settings under variable names that have no meaning for any program.
    private static func carried(_ settings: [String: String]) -> [String: String] {
        let sorted = settings.sorted { $0.key < $1.key }
        return Dictionary(
            uniqueKeysWithValues: sorted.enumerated().map { ("NINEPIN_SETTING_\($0.offset)", "\($0.element.key)=\($0.element.value)") })
    }
}

/// The last lines of a stream, for an error.
package struct RecentLines: Sendable {
    /// At most twenty lines, oldest first.
    package private(set) var lines: [String] = []

    package init() {}

    /// Appends a line; removes the oldest if there are too many.
    package mutating func append(_ line: String) {
        if lines.count == 20 { lines.removeFirst() }
        lines.append(line)
    }
}

/// Serializes the events of two streams and a clock.
private actor EventHandler<State: Sendable> {
    private(set) var state: State
    private let handle: @Sendable (inout State, Command.Event, Duration) -> Command.Directive
    private let start = ContinuousClock.now
    private var isStopped = false

    init(_ state: State, _ handle: @escaping @Sendable (inout State, Command.Event, Duration) -> Command.Directive) {
        self.state = state
        self.handle = handle
    }

    func read(_ sequence: SubprocessOutputSequence, as stream: Command.Stream, stop: @Sendable () -> Void) async throws {
        var splitter = LineSplitter()
        for try await buffer in sequence {
            buffer.withUnsafeBytes { bytes in splitter.take(bytes) { take($0.event(on: stream), stop: stop) } }
        }
        if let last = splitter.finish() { take(last.event(on: stream), stop: stop) }
    }

    func beat(every interval: Duration, stop: @Sendable () -> Void) async {
        while (try? await Task.sleep(for: interval)) != nil { take(.tick, stop: stop) }
    }

    private func take(_ event: Command.Event, stop: @Sendable () -> Void) {
        // Ignore what a program writes while it is being killed.
        guard !isStopped, handle(&state, event, start.duration(to: .now)) == .stop else { return }
        isStopped = true
        stop()
    }
}

extension LineSplitter.Piece {
    fileprivate func event(on stream: Command.Stream) -> Command.Event {
        switch self {
        case .line(let line): .line(stream, line)
        case .more(let piece, let overlap): .more(stream, piece, overlap: overlap)
        }
    }
}

extension [String: String] {
    fileprivate var asKeys: [Environment.Key: String] {
        Dictionary<Environment.Key, String>(uniqueKeysWithValues: map { (Environment.Key(stringLiteral: $0.key), $0.value) })
    }
}

extension TerminationStatus {
    fileprivate init(_ status: Subprocess.TerminationStatus) {
        switch status {
        case .exited(let code): self = .exited(code)
        case .signaled(let number): self = .signalled(number)
        }
    }
}
