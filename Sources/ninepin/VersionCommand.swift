import ArgumentParser
import ExitCodes
import Host
import Model
import Proving
import Report
import SystemPackage

struct VersionCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Show the version, the platform it was built for, and where it finds what it needs.",
        discussion: """
            Examples:
              ninepin version
              ninepin version -o json | jq -r .version
            """)

    @OptionGroup var global: GlobalOptions

    private struct Document: Encodable {
        let version: String
        let architecture: String
        let kernel: String
        let workspace: String
        let projects: [String]
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let document = Document(
            version: Ninepin.version, architecture: Architecture.machine.rawValue, kernel: NodeProver.kernel,
            workspace: context.host.workspace.string, projects: context.host.projects.map(\.string))
        try context.show(document) { report in
            report.text("ninepin \(document.version) linux/\(document.architecture), kernel \(document.kernel)")
            report.text("workspace  \(document.workspace)")
            for project in document.projects { report.text("project    \(project)") }
        }
        return .good
    }
}
