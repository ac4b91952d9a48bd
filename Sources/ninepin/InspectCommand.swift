import ArgumentParser
import Building
import ExitCodes
import Model
import Proving
import Report
import SystemPackage

struct InspectCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Show how a binary was built, from the binary alone, and the recorded runs that used it.",
        discussion: """
            Exits with code 1 if Ninepin did not build the binary.

            Examples:
              ninepin inspect ./kubelet
              ninepin inspect /usr/local/bin/k3s --json | jq .pedigree.series
            """)

    @Argument(help: "The path of a binary.", completion: .file()) var binary: String
    @OptionGroup var global: GlobalOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let found = try Inspection(of: FilePath(binary), on: context.host)
        try context.show(found) { report in
            guard let pedigree = found.pedigree else {
                let id = found.goBuildID.map { "its Go build ID is \($0)" } ?? "it has no Go build ID"
                return report.text("\(binary) was not built by Ninepin: \(id)")
            }
            let series = pedigree.series.map { "\($0.name) (\($0.variant))" }.joined(separator: ", ")
            report.table(
                ["what", "value"],
                [
                    ["recipe", "\(pedigree.recipe) \(pedigree.version)"], ["tree", pedigree.tree],
                    ["series", series.isEmpty ? "none" : series],
                    ["toolchain", pedigree.toolchain], ["mode", pedigree.mode.rawValue], ["flags", pedigree.flags.joined(separator: " ")],
                    ["digest", found.artifact.digest.hex],
                ] + pedigree.packedRows + found.runs.map { ["run", "\($0.id) on \($0.layout.rawValue): \($0.grade.rawValue)"] })
        }
        return found.pedigree == nil ? .no : .good
    }
}

extension Pedigree {
    /// Rows for the downloads that are packed in the binary, and for those that were left out.
    fileprivate var packedRows: [[String]] {
        let packed = (downloads ?? [:]).sorted { $0.key < $1.key }.map { name, found in
            let what = [found.commit.map { "commit \($0)" }, found.sha256.map { "SHA-256 \($0)" }, found.tree.map { "tree \($0)" }]
            return [
                "download", "\(name): \(what.compactMap(\.self).joined(separator: ", "))\(found.isTrusted ? ", not pinned" : "")",
            ]
        }
        return packed + (leftOut ?? []).map { ["left out", $0] }
    }
}
