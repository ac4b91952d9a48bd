import ArgumentParser
import Building
import ExitCodes
import FileSystem
import FoundationEssentials
import Host
import Model
import Proving
import Report
import Sanitizing
import Store
import Synchronization

/// The form of a result on standard output.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    case json, yaml, table
}

/// Options of every command.
struct GlobalOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The folder for fetched sources, builds, and results. Default: $NINEPIN_WORKSPACE, the configuration's 'workspace', or Workspace/ in the project.",
            valueName: "dir"), completion: .directory)
    var workspace: String?

    @Option(
        help: ArgumentHelp(
            """
            A folder that contains recipes/ or patches/. Repeatable; all count the same, but only the first one's ninepin.yaml is read. Default: $NINEPIN_PROJECT, or the project found from the \
            current folder; and the configuration's 'projects'.
            """, valueName: "dir"), completion: .directory)
    var project: [String] = []

    @Option(
        name: [.customShort("o"), .customLong("format")],
        help: ArgumentHelp("The form of the result: json, yaml or table (for people).", valueName: "format"))
    var format: OutputFormat?

    @Flag(help: "Write a single JSON document to standard output, as -o json does.")
    var json = false

    @Flag(name: .shortAndLong, help: "Show no progress.")
    var quiet = false

    @Flag(help: "If a step fails, keep its unfinished files in failed/ of the workspace, and print where.")
    var keepFailed = false

    @Flag(name: .shortAndLong, help: "Show every step and its progress with the time since the start, and nothing live.")
    var verbose = false

    @Option(
        help: ArgumentHelp(
            "End with exit code 124 if the command takes longer than this, such as 90s or 10m. It ends as on Ctrl-C, and leaves nothing behind.",
            valueName: "duration"), transform: Seconds.parsed)
    var timeout: Seconds?

    @Option(
        help: ArgumentHelp(
            """
            How many times slower this machine is than most, from 1 to 100. Timeouts that depend on its speed are multiplied by this. \
            Default: $NINEPIN_PATIENCE, the configuration's 'patience', or 1.
            """,
            valueName: "factor"), transform: Patience.parsed)
    var patience: Patience?

    func validate() throws {
        guard !json || format == nil || format == .json else {
            throw ValidationError("--json and -o \(format?.rawValue ?? "") cannot be combined")
        }
        guard workspace != "" else { throw ValidationError("--workspace cannot be empty; '.' is the current folder") }
        guard !project.contains("") else { throw ValidationError("--project cannot be empty; '.' is the current folder") }
        guard !quiet || !verbose else { throw ValidationError("--quiet and --verbose cannot be combined") }
    }

    /// The form of the result.
    var shownFormat: OutputFormat { json ? .json : format ?? .table }

    /// What these options choose about the host.
    var host: HostOptions { HostOptions(workspace: workspace, projects: project, patience: patience?.factor) }
}

/// The factor by which timeouts that depend on this machine are longer.
struct Patience: ExplainedArgument, Sendable {
    static let form = "a number from 1 to 100"

    let factor: Double

    init(_ factor: Double) { self.factor = factor }

    /// Parses a number within ``Deadlines/allowed``.
    init?(argument: String) {
        guard let factor = Double(argument), Deadlines.allowed.contains(factor) else { return nil }
        self.init(factor)
    }

    /// The value in help texts, in the form that another process of ninepin accepts.
    var defaultValueDescription: String { factor == factor.rounded() ? "\(Int(factor))" : "\(factor)" }
}

/// The environment of a command.
struct CommandContext: Sendable {
    let host: Host
    let report: Report
    let events: EventSink
    let format: OutputFormat
    /// Whether what a failed step left stays.
    var keepsFailed = false
    /// Whether the command performs steps, whose results stay.
    let hasSteps = Happening()

    var catalogue: Catalogue { Catalogue(host) }

    /// Runs the body with a builder for the workspace. No unfinished files remain, however the body ends.
    func withBuilder<Value>(_ body: (SourceBuilder) async throws -> Value) async throws -> Value {
        let runner = try await StepRunner(host, keepsFailed: keepsFailed, events: events)
        defer { close(runner) }
        hasSteps.set()
        return try await body(SourceBuilder(runner))
    }

    /// Removes unfinished files, or keeps those of failed steps. Why a step failed is more important than that its files could not be kept.
    private func close(_ runner: StepRunner) {
        do throws(FileError) {
            if let kept = try runner.closeKeeping() { events(.note("kept what the failed step left: \(kept)")) }
        } catch { events(.note("what the failed step left could not be kept: \(error)")) }
    }

    /// What an end before the end means for the next run.
    var resumption: String { hasSteps.isSet ? "; the next run resumes after the last completed step" : "" }

    /// Writes a result as JSON, as YAML or as text.
    func show(_ document: some Encodable, text: (Report) -> Void) throws {
        switch format {
        case .json: try report.json(document)
        case .yaml: try report.yaml(document)
        case .table: text(report)
        }
    }
}

/// Something that happened or did not.
final class Happening: Sendable {
    private let value = Mutex(false)

    var isSet: Bool { value.withLock { $0 } }

    func set() { value.withLock { $0 = true } }
}

/// A command did not end within its `--timeout`.
struct TookTooLong: ExitStatusError, CustomStringConvertible {
    let limit: Seconds

    var description: String { "not finished within \(limit.text) (--timeout)" }

    var exitStatus: ExitStatus { .timeout }
}

/// A command of ninepin. It runs in a context and returns the exit status of the process.
protocol ContextCommand: AsyncParsableCommand, Sendable {
    var global: GlobalOptions { get }
    func run(in context: CommandContext) async throws -> ExitStatus
}

extension ContextCommand {
    func run() async throws {
        let streams = Streams(ProcessInfo.processInfo.environment)
        let host: Host
        do { host = try Host.current(global.host) } catch { throw ExitCode(fail(error, streams)) }
        let display = ProgressDisplay(
            on: streams.errors, isQuiet: global.quiet, isVerbose: global.verbose, redact: streams.secrets.removed)
        let context = CommandContext(
            host: host, report: Report(on: streams.output), events: display.show, format: global.shownFormat,
            keepsFailed: global.keepFailed)
        let ticker = Task {
            while !Task.isCancelled {
                // Ends when the command ends, which cancels the task.
                do { try await Task.sleep(for: .seconds(1)) } catch { return }
                display.tick()
            }
        }
        let (result, signal) = await Interrupts.guarding { [limit = global.timeout] in
            try await Self.ending(within: limit) { try await run(in: context) }
        }
        ticker.cancel()
        display.clear()
        if let signal {
            streams.errors.line("ninepin: interrupted\(context.resumption)")
            throw ExitCode(128 + signal)
        }
        throw ExitCode(code(result, context, streams))
    }

    /// Runs a command that is canceled after a time.
    ///
    /// - Throws: ``TookTooLong`` if it was canceled because of that; otherwise what the command throws.
    private static func ending(within limit: Seconds?, _ command: @escaping @Sendable () async throws -> ExitStatus) async throws
        -> ExitStatus
    {
        guard let limit else { return try await command() }
        return try await withThrowingTaskGroup(of: ExitStatus?.self) { group in
            group.addTask { try await command() }
            group.addTask {
                try await Task.sleep(for: .seconds(limit.count))
                return nil
            }
            defer { group.cancelAll() }
            if let status = try await group.next() ?? nil { return status }
            group.cancelAll()
            // What the command undoes takes its time. If it was done just now, that counts.
            if case .success(let status?)? = await group.nextResult() { return status }
            throw TookTooLong(limit: limit)
        }
    }

    /// Reports an error, if any, and returns the exit code.
    private func code(_ result: Result<ExitStatus, any Error>, _ context: CommandContext, _ streams: Streams) -> Int32 {
        switch result {
        case .success(let status): streams.exitCode(for: .answered(status.rawValue))
        case .failure(let code as ExitCode): streams.exitCode(for: .answered(code.rawValue))
        case .failure(let error as CleanExit): streams.say(error)
        case .failure(let error as ValidationError):
            streams.complain(
                UsageError(message: Visible.line(streams.secrets.removed(from: error.message)), command: CommandPath.words(of: Self.self)),
                as: global.shownFormat)
        case .failure(let error as TookTooLong): fail(error, streams, more: context.resumption)
        case .failure(let error): fail(error, streams)
        }
    }

    /// Writes why a command failed, for people and, if the result was to be JSON or YAML, as such a document.
    ///
    /// - Returns: the exit code.
    private func fail(_ error: any Error, _ streams: Streams, more: String = "") -> Int32 {
        streams.document(streams.words(of: error) + more, ExitStatus(for: error), as: global.shownFormat)
        return streams.tell(error, more: more)
    }
}
