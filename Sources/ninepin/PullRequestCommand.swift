import ArgumentParser
import Building
import ExitCodes
import FoundationEssentials
import GitHistory
import Host
import Model
import Patches
import Proving
import PullRequests
import Report
import SystemPackage

struct PullRequestCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "pr", abstract: "Prepare an upstream pull request from a patch.",
        discussion: """
            Writes a mailbox for 'git am' with the patch and its test, the pull request's text with evidence from recorded runs, and the project's \
            rules, each checked off or explained. Nothing is sent. The author, the date and the message are those that came with the \
            patch ('git format-patch', 'git am'); for a patch without them, the author is the one configured in git.

            Without --source, --recipe or --variant, it is made for the newest commit of the project's default branch. If it is not, because that \
            commit could not be reached or another source was named, the first line of the checklist says so, and the exit code is 1 without \
            --allow-old.

            Examples:
              ninepin pr 9p-source --upstream cadvisor --out ~/pr
              ninepin pr 9p-source --upstream cadvisor --measure --out ~/pr
              ninepin pr percpu --upstream cgroups --source ~/src/cgroups --allow-old --out ~/pr
              ninepin pr 9p-source --upstream cadvisor --recipe kubelet-1.20 --allow-old --out ~/pr
            """)

    @Argument(help: "A patch.", completion: Completion.patches) var name: String
    @Option(
        help: ArgumentHelp("The target project: cadvisor, cgroups, runc, kubernetes or k3s.", valueName: "project"),
        completion: .list(["cadvisor", "cgroups", "runc", "kubernetes", "k3s"]))
    var upstream: String
    @Option(help: ArgumentHelp("The output folder; it must be empty or not exist.", valueName: "dir"), completion: .directory) var out:
        String
    @Option(help: ArgumentHelp("A folder with the project's source to target.", valueName: "dir"), completion: .directory) var source:
        String?
    @Option(
        help: ArgumentHelp("A recipe whose source to target; NAME@VERSION selects another version.", valueName: "recipe"),
        completion: Completion.recipes)
    var recipe: String?
    @Option(help: ArgumentHelp("The variant to use unchanged, without any source.", valueName: "name")) var variant: String?
    @Flag(help: "Exit with 0 even if it is not made for the project's newest commit.") var allowOld = false
    @Flag(help: "First measure what no run has shown yet, with and without the patch; with --recipe, only for that recipe.") var measure =
        false
    @OptionGroup var global: GlobalOptions

    private struct Document: Encodable {
        let patch: PatchName
        let project: String
        let variant: String
        let madeFor: String
        let subject: String
        let folder: String
        let files: [String]
        let checklist: [CheckedRule]
        let evidence: [EvidenceRow]
    }

    func validate() throws {
        guard [source, recipe, variant].compactMap(\.self).count <= 1 else {
            throw ValidationError("--source, --recipe and --variant are mutually exclusive: the source determines the variant")
        }
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let registry = try context.catalogue.registry()
        let entry = try registry.entry(named: name)
        let projects = Projects(context.catalogue.patches)
        let project = try projects.project(named: upstream)
        let place = FilePath(FileManager.default.currentDirectoryPath).pushing(FilePath(out)).lexicallyNormalized()
        try PullRequestBundle.claim(place)
        let author = try Author(environment: context.host.environment)
        if measure { try await measure(entry.name, for: project, registry, context) }
        let bundle = try await context.withBuilder { builder in
            let sources = PullRequestSources(builder, catalogue: context.catalogue, registry: registry)
            let (base, currency) = try await base(for: entry, to: project, sources, context.catalogue)
            let request = try PullRequest(entry, to: project, for: base, projects: projects, registry: registry)
            let evidence = try sources.evidence(of: entry.name, for: project)
            return try PullRequestBundle(
                request, by: author, date: MailDate(seconds: Int64(Date.now.timeIntervalSince1970)), evidence: evidence, currency: currency,
                logs: try sources.logs(of: evidence))
        }
        try bundle.write(to: place)
        try show(bundle, in: place, context)
        return bundle.isCurrent || allowOld ? .good : .no
    }

    /// Measures each pair that is missing, in its layout, with the same command that a person would use.
    private func measure(_ patch: PatchName, for project: Project, _ registry: Registry, _ context: CommandContext) async throws {
        let only = try recipe.map { try context.catalogue.recipe($0) }
        let evidence = try await context.withBuilder { builder in
            try PullRequestSources(builder, catalogue: context.catalogue, registry: registry).evidence(of: patch, for: project)
        }
        let silent = CommandContext(host: context.host, report: Report(on: Terminal { _ in }), events: context.events, format: .table)
        for words in EvidenceRow.missing(from: evidence, at: only, named: recipe) {
            do {
                context.events(.note("ninepin matrix \(words.joined(separator: " "))"))
                _ = try await MatrixCommand.parse(words).run(in: silent)
            } catch let error as CancellationError { throw error } catch {
                try Task.checkCancellation()
                context.events(.note("not measured: \(error)"))
            }
        }
    }

    private func base(
        for entry: PatchEntry, to project: Project, _ sources: PullRequestSources, _ catalogue: Catalogue
    ) async throws -> (base: PullRequestBase, currency: Currency) {
        let reason = "it was not compared with that commit. Without --source, --recipe and --variant, 'ninepin pr' makes it for that commit"
        if let source { return (try sources.base(for: entry, to: project, in: try Source.folder(source)), .unknown(reason)) }
        if let recipe { return (try await sources.base(for: entry, to: project, in: try catalogue.recipe(recipe)), .unknown(reason)) }
        if variant != nil { return (.registry(variant: variant), .unknown(reason)) }
        return try await sources.newest(of: project, for: entry)
    }

    private func show(_ bundle: PullRequestBundle, in place: FilePath, _ context: CommandContext) throws {
        let request = bundle.request
        let document = Document(
            patch: request.patch, project: request.project.title, variant: request.variant, madeFor: request.madeFor,
            subject: request.subject, folder: place.string, files: bundle.names, checklist: bundle.rules, evidence: bundle.evidence)
        try context.show(document) { report in
            report.text("\(request.project.title): \(request.subject)")
            report.text("made for  \(request.madeFor); variant \(request.variant)")
            for name in bundle.names { report.text("wrote     \(place.appending(name))") }
            for rule in bundle.rules where !rule.isKept { report.text("open      \(rule.rule): \(rule.why)") }
            if bundle.unmeasured.isEmpty {
                let isKnown = !bundle.evidence.isEmpty
                report.text("measure   nothing: \(isKnown ? "every planned environment was run on both sides" : "no recipe has this code")")
            }
            for command in bundle.unmeasured { report.text("measure   \(command)") }
            report.text("apply     git am -3 \(place.appending(request.fileName))")
            report.text("send      \(request.creation(in: place.string))")
        }
    }
}
