import ExitCodes
import ArgumentParser
import Building
import Host
import Model
import Proving
import Report
import Sanitizing
import Store

/// Options that every command has.
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

/// How many times longer is waited for what hangs on this machine.
struct Patience: ExpressibleByArgument, Sendable {
    let factor: Double

    static let standard = Patience(factor: 1)

    private init(factor: Double) { self.factor = factor }

    /// Reads a number that ``Deadlines/allowed`` has.
    init?(argument: String) {
        guard let factor = Double(argument), Deadlines.allowed.contains(factor) else { return nil }
        self.init(factor: factor)
    }

    /// How help shows it, and how another process of ninepin takes it.
    var defaultValueDescription: String { factor == factor.rounded() ? "\(Int(factor))" : "\(factor)" }
}

/// What a command works with.
struct CommandContext: Sendable {
    let host: Host
    let report: Report
    let events: EventSink
    let isJSON: Bool

    var catalogue: Catalogue { Catalogue(host) }

    /// Works with the steps of a workspace, and leaves nothing half done behind, however the work ends.
    func withBuilder<Value>(_ body: (SourceBuilder) async throws -> Value) async throws -> Value {
        let runner = try await StepRunner(host, events: events)
        defer { runner.close() }
        return try await body(SourceBuilder(runner))
    }

    /// One of the two forms of a result.
    func show(_ document: some Encodable, text: (Report) -> Void) throws {
        if isJSON { try report.json(document) } else { text(report) }
    }
}

/// A command of ninepin: works in a session and says with which code the process ends.
protocol ContextCommand: AsyncParsableCommand, Sendable {
    var global: GlobalOptions { get }
    func run(in context: CommandContext) async throws -> ExitStatus
}

/// What a failed command writes where a document was asked for.
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

    /// Says what went wrong, if something did, and tells the exit code.
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
                // A document of a text and a number can be written.
                try? context.report.json(document)
            }
            return streams.tell(error)
        }
    }
}
