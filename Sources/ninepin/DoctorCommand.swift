import Approaches
import ArgumentParser
import ExitCodes
import Platforms
import Proving
import Report

struct DoctorCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Show which prerequisites are present or missing, and how to get them.",
        discussion: """
            The first line tells whether this platform is supported, and why. Then come the project, and what builds and boots need: the same \
            checks that 'run' makes before it begins. Exits with code 69 if 'run' would refuse to begin. What only a control plane or the \
            approaches need is shown as absent, and does not change the exit code.
            """)

    @OptionGroup var global: GlobalOptions

    /// What `--json` writes.
    private struct Document: Encodable {
        let platform: Platform
        let isSupported: Bool
        let findings: [Finding]
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let platform = try Doctor.platform(of: context.host)
        let findings = try await Doctor.look(at: context.host, for: Doctor.all(on: context.host) + [Doctor.approaches])
        try context.show(Document(platform: platform, isSupported: platform.isSupported, findings: findings)) { report in
            report.text("platform: \(platform.description)")
            report.table(
                ["", "needed", "by", "found"],
                findings.map { [$0.isHere ? "ok" : $0.stopsRun ? "MISSING" : "absent", $0.name, $0.need.rawValue, $0.line] })
        }
        return findings.contains(where: \.stopsRun) ? .missing : .good
    }
}
