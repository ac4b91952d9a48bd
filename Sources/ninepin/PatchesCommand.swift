import ArgumentParser
import Building
import ExitCodes
import Model
import Patches
import Proving
import Report

struct PatchesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "patches", abstract: "Manage the patch registry.",
        subcommands: [List.self, Show.self, Check.self, Add.self, Import.self, Export.self, Rebase.self, PatchesTestCommand.self],
        defaultSubcommand: List.self)

    struct List: ContextCommand {
        static let configuration = CommandConfiguration(abstract: "List all patches and their purpose.")

        @OptionGroup var global: GlobalOptions

        func run(in context: CommandContext) async throws -> ExitStatus {
            let entries = try context.catalogue.registry().entries.map(EntryDocument.init)
            try context.show(["patches": entries]) { report in
                report.table(["patch", "versions", "status", "title"], entries.map { [$0.name, $0.versions, $0.status, $0.title] })
            }
            return .good
        }
    }

    struct Show: ContextCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a patch: its reason, evidence, and text.", discussion: "Example:\n  ninepin patches show percpu")

        @Argument(help: "A patch's name, or the last part of it.", completion: Completion.patches) var name: String
        @OptionGroup var global: GlobalOptions

        func run(in context: CommandContext) async throws -> ExitStatus {
            let registry = try context.catalogue.registry()
            let entry = try registry.entry(named: name)
            let texts = try entry.variants.map { ($0.name, String(decoding: try registry.text($0, of: entry), as: UTF8.self)) }
            var document = EntryDocument(entry)
            document.texts = Dictionary(uniqueKeysWithValues: texts)
            try context.show(document) { report in
                report.text("\(entry.name): \(entry.title)\n\nversions  \(entry.versions)\nstatus    \(entry.status.rawValue)\n\nWhy:")
                report.indented(entry.why)
                if !entry.needs.isEmpty {
                    report.text("Needed, in gVisor:")
                    for rule in entry.needs { report.indented("\(rule)\n") }
                }
                report.text("Evidence:")
                report.indented(entry.evidence)
                for (variant, text) in texts {
                    report.text("Variant \(variant):")
                    report.lines("\(text)\n")
                }
            }
            return .good
        }
    }

    /// The JSON document of a patch.
    fileprivate struct EntryDocument: Encodable {
        let name: String
        let title: String
        let versions: String
        let status: String
        let why: String
        let evidence: String
        let variants: [String]
        let needs: [String]
        var texts: [String: String]?

        init(_ entry: PatchEntry) {
            name = entry.name.description
            title = entry.title
            versions = entry.versions.description
            status = entry.status.rawValue
            why = entry.why
            evidence = entry.evidence
            variants = entry.variants.map(\.name)
            needs = entry.needs.map(\.description)
        }
    }
}
