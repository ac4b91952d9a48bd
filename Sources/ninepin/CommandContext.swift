import ArgumentParser
import Building
import ExitCodes
import Host
import Model
import Proving
import Report
import Sanitizing
import Store

/// Options of every command.
struct GlobalOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The folder for fetched sources, builds, and results.", valueName: "dir"))
    var workspace: String?

    @Option(help: ArgumentHelp("The folder that contains recipes/ and patches/. Default: found from the current folder.", valueName: "dir"))
    var project: String?

    @Flag(help: "Write a single JSON document to standard output.")
    var json = false

    @Flag(name: .shortAndLong, help: "Show no progress.")
    var quiet = false

    @Option(
        help: ArgumentHelp(
            "How many times slower this machine is than most, from 1 to 100. Timeouts that depend on its speed are multiplied by this.",
            valueName: "factor"))
    var patience = Patience.standard
}

/// The factor by which timeouts that depend on this machine are longer.
struct Patience: ExpressibleByArgument, Sendable {
    let factor: Double

    static let standard = Patience(factor: 1)

    private init(factor: Double) { self.factor = factor }

    /// Parses a number within ``Deadlines/allowed``.
    init?(argument: String) {
        guard let factor = Double(argument), Deadlines.allowed.contains(factor) else { return nil }
        self.init(factor: factor)
    }

    /// The value in help texts, in the form that another process of ninepin accepts.
    var defaultValueDescription: String { factor == factor.rounded() ? "\(Int(factor))" : "\(factor)" }
}

/// The environment of a command.
struct CommandContext: Sendable {
    let host: Host
    let report: Report
    let events: EventSink
    let isJSON: Bool

    var catalogue: Catalogue { Catalogue(host) }

    /// Runs the body with a builder for the workspace. No unfinished files remain, however the body ends.
    func withBuilder<Value>(_ body: (SourceBuilder) async throws -> Value) async throws -> Value {
        let runner = try await StepRunner(host, events: events)
        defer { runner.close() }
        return try await body(SourceBuilder(runner))
    }

    /// Writes a result as JSON or as text.
    func show(_ document: some Encodable, text: (Report) -> Void) throws {
        if isJSON { try report.json(document) } else { text(report) }
    }
}

/// A command of ninepin. It runs in a context and returns the exit status of the process.
protocol ContextCommand: AsyncParsableCommand, Sendable {
    var global: GlobalOptions { get }
    func run(in context: CommandContext) async throws -> ExitStatus
}

/// The JSON document of a failed command.
private struct FailureDocument: Encodable {
    let error: String
    let exit: Int32
}

extension ContextCommand {
    func run() async throws {
        let host = Host.current(
            workspace: global.workspace, project: global.project, deadlines: Deadlines(patience: global.patience.factor))
        let streams = Streams(host.environment)
        let display = ProgressDisplay(on: streams.errors, isQuiet: global.quiet, redact: streams.secrets.removed)
        let context = CommandContext(host: host, report: Report(on: streams.output), events: display.show, isJSON: global.json)
        let (result, signal) = await Interrupts.guarding { try await run(in: context) }
        display.clear()
        if let signal {
            streams.errors.line("ninepin: interrupted; the next run resumes after the last completed step")
            throw ExitCode(128 + signal)
        }
        throw ExitCode(code(result, context, streams))
    }

    /// Reports an error, if any, and returns the exit code.
    private func code(_ result: Result<ExitStatus, any Error>, _ context: CommandContext, _ streams: Streams) -> Int32 {
        switch result {
        case .success(let status): return streams.exitCode(for: .answered(status.rawValue))
        case .failure(let code as ExitCode): return streams.exitCode(for: .answered(code.rawValue))
        case .failure(let error as CleanExit): return streams.say(error)
        case .failure(let error as ValidationError):
            return streams.say(ValidationError(Visible.line(streams.secrets.removed(from: error.message))))
        case .failure(let error):
            if global.json {
                let document = FailureDocument(error: streams.words(of: error), exit: ExitStatus(for: error).rawValue)
                // Encoding a string and a number cannot fail.
                try? context.report.json(document)
            }
            return streams.tell(error)
        }
    }
}
