import Approaches
import ArgumentParser
import Building
import ExitCodes
import Proving
import Report

struct DoctorCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Show which prerequisites are present or missing, and how to get them.",
        discussion: "Exits with code 69 if anything is missing.")

    @OptionGroup var global: GlobalOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let findings = try await Doctor.look(
            at: context.host,
            for: Doctor.building(try context.catalogue.recipeNames) + Doctor.booting + [Doctor.approaches] + Doctor.machine)
        try context.show(["findings": findings]) { report in
            report.table(["", "needed", "found"], findings.map { [$0.isHere ? "ok" : "MISSING", $0.name, $0.detail] })
        }
        return findings.allSatisfy(\.isHere) ? .good : .missing
    }
}
