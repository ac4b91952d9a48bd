import ExitCodes
import ArgumentParser
import Building
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
        commandName: "grade", abstract: "Say what a kubelet's log alone can say.",
        discussion: """
            It can say fatal or degraded. It never says clean: nobody was asked whether the node lives. Exit code 1, whatever the grade; 64 where --run \
            names a run that the log has not.

            A log may have several runs of the node's process: each start is one. The last is graded, and a note tells of the earlier ones; --run shows \
            one of those, or all, a line each. The log may be the node's own, or what journalctl, Docker, compose, a container runtime, kubectl, syslog \
            or GitHub Actions made of it.

            Examples:
              ninepin grade kubelet.log
              journalctl -u kubelet | ninepin grade -
              docker logs node 2>&1 | ninepin grade --run all -
              ninepin grade --run 2 kubelet.log
              ninepin grade --run all --json kubelet.log | jq '.[].verdict.grade'
            """)

    @Argument(help: "A log, or '-' for standard input.") var log: String
    @Option(help: ArgumentHelp("Seconds after the node's start in which a forbidden line may still come.", valueName: "seconds"))
    var warmUp = NodeSpec.kubelet.warmUp
    @Option(
        name: .customLong("run"),
        help: ArgumentHelp(
            "Which run of the node in the log: 'last', a number counted from 1, or 'all' (the newest \(LogRuns.most)).", valueName: "number"
        ))
    var choice = RunChoice.last
    @OptionGroup var global: GlobalOptions

    private struct Document: Encodable {
        let log: String
        let lines: Int
        let verdict: Verdict
    }

    func validate() throws {
        guard warmUp >= 0, warmUp.isFinite else { throw ValidationError("--warm-up takes a number of seconds") }
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let (reader, isCut) = try LogReader.reading(file: log == "-" ? nil : log, warmUp: warmUp, wanted: choice.number)
        switch choice {
        case .last: return try show(reader.verdict(isCut: isCut), of: reader, in: context)
        case .number(let number):
            let runs = reader.runs(isCut: isCut)
            guard let wanted = runs.wanted else {
                let there = runs.count == 1 ? "there is one run" : "there are \(runs.count) runs"
                throw ValidationError("--run \(number): \(there) of a node in the log")
            }
            return try show(wanted.verdict, of: reader, in: context)
        case .all:
            let runs = reader.runs(isCut: isCut)
            try context.show(runs.newest) { $0.runs(runs.newest.map { ($0.run, $0.firstLine...$0.lastLine, $0.verdict) }, of: runs.count) }
            return .no
        }
    }

    private func show(_ verdict: Verdict, of reader: LogReader, in context: CommandContext) throws -> ExitStatus {
        try context.show(Document(log: log, lines: reader.lines, verdict: verdict)) { $0.verdict(verdict) }
        return verdict.grade == .clean ? .good : .no
    }
}
