import ArgumentParser
import Building
import ExitCodes
import FileSystem
import Git
import Host
import Model
import Patches
import Proving
import Report
import SystemPackage

extension PatchesCommand {
    struct Rebase: ContextCommand {
        static let configuration = CommandConfiguration(
            abstract: "Port a patch to another version with a three-way merge.",
            discussion: """
                A clean merge becomes a new variant of the patch. On a conflict, the conflict markers are shown, nothing is written, and the exit code is 1.

                Example:
                  ninepin patches rebase percpu --onto runc --base kubelet-1.20
                """)

        @Argument(help: "A patch.", completion: Completion.patches) var name: String
        @Option(
            help: ArgumentHelp("The recipe whose source to port to; it must be fetched.", valueName: "recipe"),
            completion: Completion.recipes) var onto: String?
        @Option(help: ArgumentHelp("The source folder to port to.", valueName: "dir"), completion: .directory) var source: String?
        @Option(help: ArgumentHelp("The variant to start from. Default: the nearest.", valueName: "name")) var variant: String?
        @Option(
            help: ArgumentHelp(
                "A recipe or folder to which that variant applies. Default: a fetched recipe.", valueName: "recipe|dir"))
        var base: String?
        @Option(
            name: .customLong("name"), help: ArgumentHelp("The new variant's name. Default: derived from the version.", valueName: "name"))
        var newName: String?
        @Option(help: ArgumentHelp("The new variant's versions. Default: the version of the source.", valueName: "range"))
        var versions: String?
        @OptionGroup var global: GlobalOptions

        private struct Document: Encodable {
            let variant: String?
            let file: String?
            let conflicts: [String: String]
            let log: [String: [String]]
        }

        func validate() throws {
            guard (onto == nil) != (source == nil) else { throw ValidationError("expected either --onto RECIPE or --source DIR") }
        }

        /// A recipe of that name, or else a folder.
        private func origin(_ base: String, _ catalogue: Catalogue) throws -> RebaseTarget {
            try catalogue.isRecipe(base) ? .recipe(base) : .folder(FilePath(base))
        }

        func run(in context: CommandContext) async throws -> ExitStatus {
            let registry = try context.catalogue.registry()
            let entry = try registry.entry(named: name)
            let rebasing = try await context.withBuilder { builder in
                try builder.rebasing(catalogue: context.catalogue, registry: registry).rebase(
                    entry, variant: variant, from: try base.map { try origin($0, context.catalogue) },
                    onto: onto.map(RebaseTarget.recipe) ?? .folder(try Source.folder(source ?? ".")))
            }
            let document = try write(rebasing, entry, registry)
            try context.show(document) { report in
                for (path, excerpt) in document.conflicts.sorted(by: { $0.key < $1.key }) {
                    report.text("conflict in \(path):")
                    report.lines(excerpt)
                    let log = document.log[path] ?? []
                    if !log.isEmpty { report.text("upstream changes in between:") }
                    for subject in log { report.text("  \(subject)") }
                }
                if let file = document.file { report.text("\(file)") }
            }
            return document.conflicts.isEmpty ? .good : .no
        }

        private func write(_ rebasing: Rebased, _ entry: PatchEntry, _ registry: Registry) throws -> Document {
            let result = rebasing.result
            guard result.conflicts.isEmpty else {
                let conflicts = result.conflicts.map { ($0.path, $0.excerpt) }
                return Document(variant: nil, file: nil, conflicts: Dictionary(uniqueKeysWithValues: conflicts), log: rebasing.log)
            }
            guard let range = VersionRange(versions ?? rebasing.version.map { "=\($0.plain)" } ?? "") else {
                throw ValidationError("the source's version is unknown; give --versions with a range such as '>=1.1 <1.2'")
            }
            guard let name = newName ?? rebasing.version.map({ "v\($0.plain)" }) else {
                throw ValidationError("the source's version is unknown; give --name for the new variant")
            }
            let file = try registry.add(variant: name, versions: range, text: rebasing.text, to: entry)
            return Document(variant: name, file: file.string, conflicts: [:], log: [:])
        }
    }
}

/// A source folder on the command line.
enum Source {
    /// The folder's real path.
    ///
    /// - Throws: `FileError` if the path does not exist; `ValidationError` if it is not a folder.
    static func folder(_ path: String) throws -> FilePath {
        let folder = try Files.realPath(FilePath(path))
        guard Files.isDirectory(folder) else { throw ValidationError("'\(path)' is not a folder") }
        return folder
    }
}
