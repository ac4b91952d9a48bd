import ArgumentParser
import Building
import ExitCodes
import Grading
import Host
import Model
import Node
import Proving
import Sandbox
import Supervisor
import SystemPackage

struct ExecCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "exec", abstract: "Run a command in a running node.",
        discussion: """
            Standard input, output and error are passed through, and the exit code is the command's.

            Examples:
              ninepin exec a -- ps
              ninepin exec a -- ctr -n k8s.io containers ls
            """)

    @OptionGroup var node: NodeArgument
    @Argument(parsing: .postTerminator, help: ArgumentHelp("The command to run, after '--'.", valueName: "command")) var command: [String]
    @OptionGroup var global: GlobalOptions

    func validate() throws {
        guard global.shownFormat == .table else {
            throw ValidationError("standard output is the command's own: exec has no form for --json or -o")
        }
        guard !command.isEmpty else { throw ValidationError("expected a command after '--', as in: ninepin exec NODE -- ps") }
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let folder = try node.folder(context)
        let plan = try folder.plan()
        let isHere = plan.layout == .here
        let (program, arguments) = try folder.command(
            command, runsc: isHere ? nil : try await Runsc.find(on: context.host, named: plan.runsc.map { FilePath($0) }),
            isGvisor: isHere ? try await InPlacePrerequisites(on: context.host).place.signs.isGvisor : false)
        try Detached.exec(program, arguments)
    }
}
