import ExitCodes
import Sanitizing
import Subprocess
import Synchronization
import SystemPackage

/// How a process ended.
package enum TerminationStatus: Hashable, Sendable, CustomStringConvertible {
    /// It exited with a status.
    case exited(Int32)
    /// A signal ended it.
    case signalled(Int32)

    /// `exit status 1`, `signal 9`.
    package var description: String {
        switch self {
        case .exited(let status): "exit status \(status)"
        case .signalled(let number): "signal \(number)"
        }
    }
}

/// A program that failed, with all that is needed to try it by hand.
package struct CommandError: ExitStatusError, Sendable, CustomStringConvertible {
    /// The program and its arguments.
    package let command: [String]
    /// The directory it was started in.
    package let directory: String?
    /// How it ended; nil when it did not start.
    package let ended: TerminationStatus?
    /// The last lines that it wrote, or why it did not start.
    package let lastLines: [String]

    /// `go build … ended with exit status 1 (in DIR)`, and the last lines below.
    package var description: String {
        let place = directory.map { " (in \($0))" } ?? ""
        let end = ended.map { "ended with \($0)" } ?? "did not start"
        return (["\(command.joined(separator: " ")) \(end)\(place)"] + lastLines.map { "    \($0)" }).joined(separator: "\n")
    }

    package var exitStatus: ExitStatus { ended == nil ? .missing : .fault }
}

/// A program to be started: never through a shell.
///
/// It and all that it starts end with its task, and with this process however that ends. As root it runs in a PID namespace of its own
/// (pid_namespaces(7): when the first process of one dies, the kernel kills all others) with its own mount namespace.
package struct Command: Sendable {
    /// Which stream a line came on.
    package enum Stream: Sendable {
        /// Standard output.
        case output
        /// Standard error.
        case error
    }

    /// Something that happened to a running program.
    package enum Event: Sendable {
        /// A line came, or the beginning of one that is too long for one piece (`LineSplitter`).
        case line(Stream, [UInt8])
        /// More of the last line of a stream, and how many bytes of it the piece before ended with.
        case more(Stream, [UInt8], overlap: Int)
        /// Time went by.
        case tick
    }

    /// What to do after an event.
    package enum Directive: Sendable {
        /// Go on.
        case proceed
        /// End the program now, with all that it started.
        case stop
    }

    /// The program.
    package var program: FilePath
    /// Its arguments.
    package var arguments: [String]
    /// Its whole environment, but for ``settings``. The programs of the system that start it see it, too.
    package var environment: [String: String]
    /// Variables that the program alone gets, over those of its environment: what somebody else chose, and nothing that starts it may see. A name
    /// has letters, digits and `_`.
    package var settings: [String: String] = [:]
    /// Where it starts; this process's directory when nil.
    package var directory: FilePath?
    /// Whether it gets namespaces of its own.
    package var isContained: Bool
    /// The network that it sees; this process's when nil.
    package var network: NetworkNamespace?

    /// Makes a command that gets namespaces of its own when the host allows it.
    package init(_ program: FilePath, _ arguments: [String], environment: [String: String], directory: FilePath? = nil, on host: Host) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.directory = directory
        isContained = host.isRoot
    }

    /// Makes a command without namespaces of its own, for a program of the machine's that leaves nothing behind when it ends: it starts no other, or
    /// only such. It does not wait for namespaces to be made, and its number is the one by which this process knows it.
    package static func uncontained(
        _ program: FilePath, _ arguments: [String], environment: [String: String], directory: FilePath? = nil, on host: Host
    ) -> Command {
        var command = Command(program, arguments, environment: environment, directory: directory, on: host)
        command.isContained = false
        return command
    }

    /// Runs to the end and returns standard output.
    ///
    /// - Throws: `CommandError` unless it exits with 0; `CancellationError` when the task is cancelled, after all processes are gone.
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

    /// Runs the program, and hands each line of its two streams, and a tick now and then, to one function, one after the other.
    ///
    /// - Parameters:
    ///   - state: what the function works on.
    ///   - tick: how long between ticks; none when nil.
    ///   - handle: gets the state, the event, and the time since the start.
    /// - Throws: `CommandError` when the program cannot be started; `CancellationError` when the task is cancelled.
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
        // Programs quote the addresses that they were given, those of proxies and indexes too.
        var secrets = Secrets()
        secrets.note(environment: environment)
        return CommandError(
            command: ([program.string] + arguments).map(secrets.removed), directory: directory?.string, ended: ended,
            lastLines: lastLines.map(secrets.removed))
    }

    /// setpriv(1) makes the kernel kill the program when this process dies; unshare(1) does the same for the program's own namespace.
    private var contained: (FilePath, [String]) {
        let dying = ["--pdeathsig", "KILL", "--"]
        // Before the namespace of process ids is left, in which the holder has a number.
        let entering = network.map { ["/usr/bin/nsenter", "--net=\($0.path)", "--"] } ?? []
        let namespace = ["/usr/bin/unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--"]
        return ("/usr/bin/setpriv", dying + entering + (isContained ? namespace : []) + setting + [program.string] + arguments)
    }

    /// A shell that makes variables of what was carried, and then becomes the program. They are no arguments, which everybody on a machine can see.
    private var setting: [String] {
        guard !settings.isEmpty else { return [] }
        let names = Self.carried(settings).keys.sorted()
        let words = names.map { "\"$\($0)\"" }.joined(separator: " ")
        return ["/bin/sh", "-c", "export \(words); unset \(names.joined(separator: " ")); exec \"$@\"", "sh"]
    }

    /// The settings under names that mean nothing to any program.
    private static func carried(_ settings: [String: String]) -> [String: String] {
        let sorted = settings.sorted { $0.key < $1.key }
        return Dictionary(
            uniqueKeysWithValues: sorted.enumerated().map { ("NINEPIN_SETTING_\($0.offset)", "\($0.element.key)=\($0.element.value)") })
    }
}

/// The last lines of a stream, for an error.
package struct RecentLines: Sendable {
    /// At most twenty lines, the oldest first.
    package private(set) var lines: [String] = []

    /// Makes an empty list.
    package init() {}

    /// Takes a line, and forgets the oldest when there are many.
    package mutating func append(_ line: String) {
        if lines.count == 20 { lines.removeFirst() }
        lines.append(line)
    }
}

/// Serialises what comes on two streams and a clock.
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
        // What a program writes while it is being killed was not asked for.
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
