import ArgumentParser
import Building
import ExitCodes
import FileSystem
import FoundationEssentials
import Git
import GitHistory
import Host
import Model
import Patches
import Proving
import PullRequests
import Report
import SystemPackage

extension PatchesCommand {
    struct Import: ContextCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a series of patches: a mailbox, a quilt series, or a range of commits.",
            discussion: """
                Examples:
                  ninepin patches import ~/series.mbox --upstream cadvisor --versions '>=0.55'
                  ninepin patches import ~/src/kubernetes/debian/patches --upstream kubernetes --recipe kubelet-1.20 --dry-run
                  ninepin patches import v1.2..HEAD --source ~/src/runc --upstream libcontainer --versions '>=1.2'

                Each patch becomes an entry of the registry. Authors, dates, messages and the order are kept. A patch of a quilt series without an \
                option is one of -p1. Names are made from the names of the \
                files, or from the subjects. Either all patches are added, or none. With --recipe, each must apply to the recipe's source, which is \
                fetched if necessary.
                """)

        @Argument(help: "A mailbox, '-' for standard input, a quilt series or its folder; with --source, a commit or a range A..B.")
        var input: String
        @Option(help: ArgumentHelp("The git repository that contains the commits.", valueName: "dir"), completion: .directory) var source:
            String?
        @Option(help: ArgumentHelp("The upstream project of the patches.", valueName: "upstream")) var upstream: String
        @Option(help: ArgumentHelp("What fails without the patches. Default: each patch's message.", valueName: "text")) var why: String?
        @Option(help: ArgumentHelp("Evidence that the patches work.", valueName: "text"))
        var evidence = "Nobody has run it yet."
        @Option(
            help: ArgumentHelp("Check the patches against this recipe's source, and take the version from it.", valueName: "recipe"),
            completion: Completion.recipes)
        var recipe: String?
        @Option(help: ArgumentHelp("The versions that the patches are for, if there is no --recipe.", valueName: "range")) var versions:
            String?
        @Option(help: ArgumentHelp("The variant's name. Default: derived from the version.", valueName: "name")) var variant: String?
        @Flag(help: "Only show what would be added.") var dryRun = false
        @OptionGroup var global: GlobalOptions

        private struct Document: Encodable {
            let isDryRun: Bool
            let patches: [Row]
            /// The value for `--series`, and for a recipe's `series`.
            let series: [String]
        }

        private struct Row: Encodable {
            let name: String
            let title: String
            let author: String?
            let place: String
        }

        func run(in context: CommandContext) async throws -> ExitStatus {
            let registry = try context.catalogue.registry()
            let series = try read()
            try registry.checkUpstream(upstream, in: context.catalogue)
            let target = try await PatchTarget(recipe, of: upstream, in: context)
            let range = try target.range(versions, recipe: recipe)
            let drafts = try series.drafts(
                of: upstream, taken: Set(registry.entries.map(\.name)), why: why, evidence: evidence,
                variant: variant ?? target.variant, versions: range)
            let plans = try drafts.map { try registry.plan($0.draft, $0.mail) }
            try await target.check(plans, registry, in: context)
            if !dryRun { try registry.write(plans) }
            let rows = plans.map { plan in
                Row(
                    name: plan.name.description, title: plan.title, author: plan.author.map { "\($0.name) <\($0.email)>" },
                    place: plan.place.string)
            }
            let document = Document(isDryRun: dryRun, patches: rows, series: rows.map(\.name))
            try context.show(document) { report in
                report.table(["patch", "author", "title"], rows.map { [$0.name, $0.author ?? "–", $0.title] })
                report.text(dryRun ? "nothing was added (--dry-run)" : "added, for --series \(document.series.joined(separator: ","))")
            }
            return .good
        }

        private func read() throws -> PatchImport {
            if let source { return try PatchImport(commits: input, in: source) }
            if input == "-" { return try PatchImport(mailbox: nil) }
            let path = FilePath(input)
            if Files.isDirectory(path) { return try PatchImport(folder: path) }
            return path.lastComponent?.string == "series" ? try PatchImport(quilt: path) : try PatchImport(mailbox: path)
        }
    }

    struct Export: ContextCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write a series of patches as a mailbox for 'git am', or as a quilt series.",
            discussion: """
                Examples:
                  ninepin patches export percpu,memory-usage --out ~/series.mbox
                  ninepin patches export percpu,9p-source kubelet-1.20 --as quilt --out ~/src/kubernetes/debian/patches

                With a recipe, the patches are as they change its source, which is fetched if necessary, with paths in that source. Without one, each \
                is its newest variant, with paths in the upstream's own tree. A patch that names no author gets the one configured in git, and one \
                without a message that of its pull request ('ninepin pr').
                """)

        @Argument(help: ArgumentHelp("Comma-separated patches, in order.", valueName: "series")) var names: SeriesNames
        @Argument(help: ArgumentHelp("The recipe whose source the patches are for.", valueName: "recipe"), completion: Completion.recipes)
        var recipe: String?
        @Option(
            help: ArgumentHelp("The file of the mailbox, or the folder of the quilt series; it must not exist.", valueName: "path"),
            completion: .file())
        var out: String
        @Option(name: .customLong("as"), help: ArgumentHelp("mailbox or quilt.", valueName: "form")) var format: PatchExport.Format =
            .mailbox
        @Flag(help: "Only show what would be written.") var dryRun = false
        @OptionGroup var global: GlobalOptions

        private struct Document: Encodable {
            let isDryRun: Bool
            let format: String
            let place: String
            let patches: [Row]
        }

        private struct Row: Encodable {
            let name: String
            let variant: String
            let author: String
            let subject: String
        }

        func run(in context: CommandContext) async throws -> ExitStatus {
            let registry = try context.catalogue.registry()
            let place = FilePath(FileManager.default.currentDirectoryPath).pushing(FilePath(out)).lexicallyNormalized()
            let now = MailDate(seconds: Int64(Date.now.timeIntervalSince1970))
            let sender = try Author(environment: context.host.environment)
            let texts = CommitText(Projects(context.catalogue.patches), registry, by: sender)
            var export = PatchExport(registry, sender: sender, now: now) { try texts.message(of: $0, variant: $1) }
            if let recipe {
                export = try await filled(export, try context.catalogue.recipe(recipe), in: context)
            } else {
                for name in names.names { try export.add(try registry.entry(named: name)) }
            }
            if !dryRun { try export.write(format, to: place) }
            let rows = export.parts.map { part in
                Row(
                    name: part.name.description, variant: part.variant, author: "\(part.author.name) <\(part.author.email)>",
                    subject: part.subject)
            }
            try context.show(Document(isDryRun: dryRun, format: format.rawValue, place: place.string, patches: rows)) { report in
                report.table(["patch", "variant", "author", "subject"], rows.map { [$0.name, $0.variant, $0.author, $0.subject] })
                report.text(dryRun ? "nothing was written (--dry-run)" : "wrote \(place)")
            }
            return .good
        }

        private func filled(_ export: PatchExport, _ recipe: Recipe, in context: CommandContext) async throws -> PatchExport {
            try await context.withBuilder { builder in
                let tree = try await builder.fetch(recipe).tree
                var filled = export
                try filled.add(
                    names.names, to: tree, of: try builder.resolvingVersions(of: recipe, in: tree), in: try builder.trees())
                return filled
            }
        }
    }
}

extension PatchExport.Format: ExpressibleByArgument {}

/// What new patches are for: a recipe's source, or only the versions that the command line names.
struct PatchTarget {
    private let recipe: Recipe?
    private let version: Version?

    /// Fetches the recipe's source, if one is named.
    init(_ name: String?, of upstream: String, in context: CommandContext) async throws {
        guard let name else {
            (recipe, version) = (nil, nil)
            return
        }
        let recipe = try context.catalogue.recipe(name)
        self.recipe = recipe
        version = try await context.withBuilder { builder in
            _ = try await builder.fetch(recipe)
            return try builder.version(of: upstream, in: recipe)
        }
    }

    /// The name of a variant for the version.
    var variant: String { version.map { "v\($0.plain)" } ?? "v1" }

    /// The versions: as given, or the version of the recipe's source.
    func range(_ given: String?, recipe: String?) throws -> VersionRange {
        guard let range = VersionRange(given ?? version.map { "=\($0.plain)" } ?? "") else {
            let other = recipe == nil ? ", or --recipe" : ": the recipe's source does not tell the upstream's version"
            throw ValidationError("the versions are unknown; give --versions with a range such as '>=0.38 <0.39'\(other)")
        }
        return range
    }

    /// Checks that planned patches apply to the recipe's source, if one is named.
    func check(_ plans: [PatchPlan], _ registry: Registry, in context: CommandContext) async throws {
        guard let recipe else { return }
        try await context.withBuilder { builder in
            try registry.check(plans, on: try await builder.fetch(recipe).tree, of: recipe, in: try builder.trees())
        }
    }
}

extension Registry {
    /// Checks that an upstream is known to the registry or to a recipe.
    func checkUpstream(_ name: String, in catalogue: Catalogue) throws {
        try checkUpstream(name) { try catalogue.recipeNames.flatMap { try catalogue.recipe($0).upstreams.keys } }
    }
}
