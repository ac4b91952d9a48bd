import ExitCodes
import ArgumentParser
import Building
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
            abstract: "Make an entry of the registry from a diff or a commit.",
            discussion: """
                Examples:
                  git diff | ninepin patches add cadvisor/fuse --from - --title 'count fuse' --why '…' --versions '>=0.55'
                  ninepin patches add cadvisor/fuse --from HEAD --source ~/src/cadvisor --why '…' --recipe kubelet-1.20

                The entry has the patch as its author sent it. A mailbox of several commits ('git format-patch --stdout') becomes a patch for each:
                NAME-1, NAME-2, in the order in which a series must name them. docs/patch-forms.md tells which forms of patches are read.
                """)

        @Argument(help: "UPSTREAM/NAME of the new patch.") var name: String
        @Option(help: ArgumentHelp("A unified diff, '-' for standard input; with --source, a commit.", valueName: "diff|commit"))
        var from: String
        @Option(help: ArgumentHelp("The git folder that has the commit.", valueName: "dir")) var source: String?
        @Option(help: ArgumentHelp("One line for people; the commit's subject when missing.", valueName: "text")) var title: String?
        @Option(help: ArgumentHelp("What is wrong without it.", valueName: "text")) var why: String
        @Option(help: ArgumentHelp("What shows that it works.", valueName: "text"))
        var evidence = "Nobody has run it yet."
        @Option(help: ArgumentHelp("A recipe: the version of its upstream is what the patch is for.", valueName: "recipe"))
        var recipe: String?
        @Option(help: ArgumentHelp("The versions that it is for, when no recipe tells.", valueName: "range")) var versions: String?
        @Option(help: ArgumentHelp("The variant's name; made of the version when missing.", valueName: "name")) var variant: String?
        @OptionGroup var global: GlobalOptions

        func run(in context: CommandContext) async throws -> ExitStatus {
            guard let name = PatchName(name) else { throw ValidationError("'\(name)' is no UPSTREAM/NAME such as cadvisor/9p-source") }
            let registry = try context.catalogue.registry()
            let (commit, diff) = try change()
            let mails = try PatchMail.mails(in: diff, from: from)
            guard let title = title ?? commit ?? mails.first?.subject else {
                throw ValidationError("--title is missing: a diff has none of its own")
            }
            let version = try await version(of: name.upstream, in: context)
            guard let range = VersionRange(versions ?? version.map { "=\($0)" } ?? "") else {
                let unfetched = recipe.map { ", or 'ninepin fetch \($0)' first: its source tells" } ?? ", or --recipe"
                throw ValidationError("which versions is it for? Expected --versions with a range such as '>=0.38 <0.39'\(unfetched)")
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
                report.text("a series needs all of them, in this order: --series \(document.series.joined(separator: ","))")
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
                        "read", path ?? "standard input", "it has more than \(Self.mostBytes >> 20) MiB, and a patch is meant")
                }
            }
            return (nil, diff)
        }
    }
}
