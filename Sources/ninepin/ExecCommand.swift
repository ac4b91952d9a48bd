import ArgumentParser
import Grading
import Host
import Keeping
import Model
import Node
import Pipeline
import Sandbox
import SystemPackage

struct ExecCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "exec", abstract: "Run a command in a node that is up.",
        discussion: """
            The command gets this one's input and writes on its streams; the exit code is the command's.

            Examples:
              ninepin exec a -- ps
              ninepin exec a -- ctr -n k8s.io containers ls
            """)

    @OptionGroup var node: NodeArgument
    @Argument(parsing: .postTerminator, help: ArgumentHelp("The command, after '--'.", valueName: "command")) var command: [String]
    @OptionGroup var global: GlobalOptions

    func validate() throws {
        guard !command.isEmpty else { throw ValidationError("say the command after '--': ninepin exec NODE -- ps") }
    }

    func run(in session: Session) async throws -> ExitStatus {
        let folder = try node.folder(session)
        let plan = try folder.plan()
        let isHere = plan.layout == .here
        let (program, arguments) = try folder.command(
            command, runsc: isHere ? nil : try await Runsc.find(on: session.host, named: plan.runsc.map { FilePath($0) }),
            isGvisor: isHere ? try await HereNeeds(on: session.host).place.signs.isGvisor : false)
        try Detached.become(program, arguments)
    }
}
