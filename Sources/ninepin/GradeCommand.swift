import ArgumentParser
import Building
import ExitCodes
import Grading
import Model
import Node
import Proving
import Report

/// The requested run of a node in a log.
enum RunChoice: Equatable, ExpressibleByArgument {
    case last, all
    /// A run by its number, counted from 1.
    case number(Int)

    init?(argument: String) {
        switch (argument, Int(argument)) {
        case ("last", _): self = .last
        case ("all", _): self = .all
        case (_, let number?) where number > 0: self = .number(number)
        default: return nil
        }
    }

    var number: Int? { if case .number(let number) = self { number } else { nil } }
    var defaultValueDescription: String { "last" }
}

struct GradeCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "grade", abstract: "Grade a kubelet's log.",
        discussion: """
            A log alone can show fatal or degraded, but never clean, because nothing probed the node. The exit code is 0 if the log shows the start of \
            a node, is complete, and has no fault after warm-up; with --require-clean it is 1 then too, as for every other log. It is 64 if --run names \
            a run that is not in the log.

            A log can contain several runs of the node's process, one for each start. The last run is graded, and a note mentions the earlier ones. \
            Use --run to grade another run, or to list all runs, one per line. The log can be the node's own, or come from journalctl, Docker, \
            compose, a container runtime, kubectl, syslog, or GitHub Actions.

            Examples:
              ninepin grade kubelet.log
              journalctl -u kubelet | ninepin grade -
              docker logs node 2>&1 | ninepin grade --run all -
              ninepin grade --run 2 kubelet.log
              ninepin grade --expect 'fatal, memory cache' kubelet.log
              ninepin grade --run all --json kubelet.log | jq '.[].verdict.grade'
            """)

    @Argument(help: "A log file, or '-' for standard input.", completion: .file()) var log: String
    @Option(help: ArgumentHelp("Seconds after the node's start during which forbidden lines are tolerated.", valueName: "seconds"))
    var warmUp = NodeSpec.kubelet.warmUp
    @Option(
        name: .customLong("run"),
        help: ArgumentHelp(
            "Which run in the log to grade: 'last', a number from 1, or 'all' (the newest \(LogRuns.most)).", valueName: "number"
        ))
    var choice = RunChoice.last
    @Flag(help: "Exit with 0 only for a clean verdict, which no log alone can give.") var requireClean = false
    @OptionGroup var expected: ExpectOption
    @OptionGroup var global: GlobalOptions

    private struct Document: Encodable {
        let log: String
        let lines: Int
        let isWithoutFault: Bool
        let verdict: Verdict
    }

    func validate() throws {
        guard !requireClean || expected.expect == nil else { throw ValidationError("--require-clean and --expect cannot be combined") }
        guard choice != .all || expected.expect == nil else { throw ValidationError("--expect needs one run; --run all lists several") }
        guard warmUp >= 0, warmUp.isFinite else { throw ValidationError("--warm-up must be a non-negative number of seconds") }
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let (reader, isCut) = try LogReader.reading(file: log == "-" ? nil : log, warmUp: warmUp, wanted: choice.number)
        switch choice {
        case .last: return try show(reader.verdict(isCut: isCut), reader.isWithoutFault(isCut: isCut), of: reader, in: context)
        case .number(let number):
            let runs = reader.runs(isCut: isCut)
            guard let wanted = runs.wanted else {
                let there = runs.count == 1 ? "contains one run" : "contains \(runs.count) runs"
                throw ValidationError("--run \(number) is out of range: the log \(there) of a node")
            }
            return try show(wanted.verdict, wanted.isWithoutFault, of: reader, in: context)
        case .all:
            let runs = reader.runs(isCut: isCut)
            try context.show(runs.newest) { $0.runs(runs.newest.map { ($0.run, $0.firstLine...$0.lastLine, $0.verdict) }, of: runs.count) }
            let areAll = runs.count > 0 && runs.count == runs.newest.count && runs.newest.allSatisfy(\.isWithoutFault)
            return areAll && !requireClean ? .good : .no
        }
    }

    private func show(_ verdict: Verdict, _ isWithoutFault: Bool, of reader: LogReader, in context: CommandContext) throws -> ExitStatus {
        try context.show(Document(log: log, lines: reader.lines, isWithoutFault: isWithoutFault, verdict: verdict)) { $0.verdict(verdict) }
        return expected.status(of: verdict, usually: isWithoutFault && !requireClean ? .good : .no)
    }
}
