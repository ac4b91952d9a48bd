import ArgumentParser
import Grading
import Model
import Node
import Pipeline
import Report

struct GradeCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "grade", abstract: "Say what a kubelet's log alone can say.",
        discussion: """
            It can say fatal or degraded. It never says clean: nobody was asked whether the node lives. Exit code 1, whatever the grade.

            Examples:
              ninepin grade kubelet.log
              journalctl -u kubelet | ninepin grade -
            """)

    @Argument(help: "A log, or '-' for standard input.") var log: String
    @Option(help: ArgumentHelp("Seconds after the node's start in which a forbidden line may still come.", valueName: "seconds"))
    var warmUp = NodeSpec.kubelet.warmUp
    @OptionGroup var global: GlobalOptions

    private struct Document: Encodable {
        let log: String
        let lines: Int
        let verdict: Verdict
    }

    func validate() throws {
        guard warmUp >= 0, warmUp.isFinite else { throw ValidationError("--warm-up takes a number of seconds") }
    }

    func run(in session: Session) async throws -> ExitStatus {
        let (verdict, lines) = try LogReader.verdict(onFile: log == "-" ? nil : log, warmUp: warmUp)
        try session.show(Document(log: log, lines: lines, verdict: verdict)) { $0.verdict(verdict) }
        return verdict.grade == .clean ? .good : .no
    }
}
