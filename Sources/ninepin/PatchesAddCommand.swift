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

                The patch is stored exactly as its author sent it, and a commit with its author, date and message; 'ninepin pr' uses them. With \
                --recipe, it must apply to the recipe's source, which is fetched if necessary. A mailbox of several commits ('git format-patch --stdout') becomes one patch per
                commit: NAME-1, NAME-2, and so on. A series must list them in this order. See docs/patch-forms.md for the supported patch formats.
                """)

        @Argument(help: "The UPSTREAM/NAME of the new patch.") var name: String
        @Option(help: ArgumentHelp("A unified diff, or '-' for standard input; with --source, a commit.", valueName: "diff|commit"))
        var from: String
        @Option(help: ArgumentHelp("The git repository that contains the commit.", valueName: "dir"), completion: .directory) var source:
            String?
        @Option(help: ArgumentHelp("A one-line title. Default: the commit's subject.", valueName: "text")) var title: String?
        @Option(help: ArgumentHelp("What fails without the patch.", valueName: "text")) var why: String
        @Option(help: ArgumentHelp("Evidence that the patch works.", valueName: "text"))
        var evidence = "Nobody has run it yet."
        @Option(
            help: ArgumentHelp("Check the patch against this recipe's source, and take the version from it.", valueName: "recipe"),
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
            let mails = try change().mails
            guard let title = title ?? mails.first?.subject else {
                throw ValidationError("--title is required: the diff has no title")
            }
            try registry.checkUpstream(name.upstream, in: context.catalogue)
            let target = try await PatchTarget(recipe, of: name.upstream, in: context)
            let range = try target.range(versions, recipe: recipe)
            let draft = PatchDraft(
                name: name, title: title, why: why, evidence: evidence, variant: variant ?? target.variant, versions: range)
            let plans =
                mails.count > 1 ? try registry.plans(draft, mails: mails, from: from) : try mails.map { try registry.plan(draft, $0) }
            try await target.check(plans, registry, in: context)
            let places = try registry.write(plans)
            guard mails.count > 1 else {
                let place = places.map(\.string).joined()
                try context.show(["made": place]) { $0.text("\(place)") }
                return .good
            }
            let document = Made(made: places.map(\.string), series: plans.map(\.name.description))
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

        private func change() throws -> PatchImport {
            if let source { return try PatchImport(commits: from, in: source) }
            return try PatchImport(mailbox: from == "-" ? nil : FilePath(from))
        }
    }
}
