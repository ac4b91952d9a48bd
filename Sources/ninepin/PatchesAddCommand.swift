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
    struct Add: ContextCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a patch to the registry from a diff or a commit.",
            discussion: """
                Examples:
                  git diff | ninepin patches add cadvisor/fuse --from - --title 'count fuse' --why '…' --versions '>=0.55'
                  ninepin patches add cadvisor/fuse --from HEAD --source ~/src/cadvisor --why '…' --recipe kubelet-1.20

                The patch is stored exactly as its author sent it. A mailbox of several commits ('git format-patch --stdout') becomes one patch per
                commit: NAME-1, NAME-2, and so on. A series must list them in this order. See docs/patch-forms.md for the supported patch formats.
                """)

        @Argument(help: "The UPSTREAM/NAME of the new patch.") var name: String
        @Option(help: ArgumentHelp("A unified diff, or '-' for standard input; with --source, a commit.", valueName: "diff|commit"))
        var from: String
        @Option(help: ArgumentHelp("The git repository that contains the commit.", valueName: "dir")) var source: String?
        @Option(help: ArgumentHelp("A one-line title. Default: the commit's subject.", valueName: "text")) var title: String?
        @Option(help: ArgumentHelp("What fails without the patch.", valueName: "text")) var why: String
        @Option(help: ArgumentHelp("Evidence that the patch works.", valueName: "text"))
        var evidence = "Nobody has run it yet."
        @Option(
            help: ArgumentHelp("Take the version that the patch is for from this recipe's upstream.", valueName: "recipe"),
            completion: Completion.recipes)
        var recipe: String?
        @Option(help: ArgumentHelp("The versions that the patch is for, if there is no --recipe.", valueName: "range")) var versions:
            String?
        @Option(help: ArgumentHelp("The variant's name. Default: derived from the version.", valueName: "name")) var variant: String?
        @OptionGroup var global: GlobalOptions

        func run(in context: CommandContext) async throws -> ExitStatus {
            guard let name = PatchName(name) else {
                throw ValidationError("'\(name)' is not of the form UPSTREAM/NAME, such as cadvisor/9p-source")
            }
            let registry = try context.catalogue.registry()
            let (commit, diff) = try change()
            let mails = try PatchMail.mails(in: diff, from: from)
            guard let title = title ?? commit ?? mails.first?.subject else {
                throw ValidationError("--title is required: the diff has no title")
            }
            let version = try await version(of: name.upstream, in: context)
            guard let range = VersionRange(versions ?? version.map { "=\($0)" } ?? "") else {
                let unfetched = recipe.map { ", or run 'ninepin fetch \($0)' first to read them from its source" } ?? ", or --recipe"
                throw ValidationError("the patch's versions are unknown; give --versions with a range such as '>=0.38 <0.39'\(unfetched)")
            }
            let draft = PatchDraft(
                name: name, title: title, why: why, evidence: evidence, variant: variant ?? version.map { "v\($0)" } ?? "v1",
                versions: range)
            guard mails.count > 1 else {
                let place = try registry.add(draft, diff: diff, from: from)
                try context.show(["made": place.string]) { $0.text("\(place)") }
                return .good
            }
            let made = try registry.add(draft, mails: mails, from: from)
            let document = Made(made: made.map(\.place.string), series: made.map(\.name.description))
            try context.show(document) { report in
                for place in document.made { report.text("\(place)") }
                report.text("a series needs all of these patches, in this order: --series \(document.series.joined(separator: ","))")
            }
            return .good
        }

        /// The result for a mailbox.
        private struct Made: Encodable {
            let made: [String]
            let series: [String]
        }

        /// The version of an upstream in the recipe's source, or in the recipe itself; nil without a recipe.
        private func version(of upstream: String, in context: CommandContext) async throws -> Version? {
            guard let recipe else { return nil }
            let read = try context.catalogue.recipe(recipe)
            return try await context.withBuilder { try $0.version(of: upstream, in: read) }
        }

        /// No patch written by a person is this large; a stream may be endless.
        private static let mostBytes = 64 << 20

        private func change() throws -> (subject: String?, diff: [UInt8]) {
            if let source {
                let commit = try LocalCommit(from, in: source)
                return (commit.subject, commit.diff)
            }
            var diff: [UInt8] = []
            let path = from == "-" ? nil : FilePath(from)
            try Files.eachPiece(of: path) { piece throws(FileError) in
                diff.append(contentsOf: piece)
                guard diff.count <= Self.mostBytes else {
                    throw Files.refusal(
                        "read", path ?? "standard input", "it is larger than \(Self.mostBytes >> 20) MiB, the limit for a patch")
                }
            }
            return (nil, diff)
        }
    }
}
