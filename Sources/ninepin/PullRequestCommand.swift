import ArgumentParser
import FoundationEssentials
import GitHistory
import Host
import Model
import Patches
import Pipeline
import PullRequests
import Report
import SystemPackage

struct PullRequestCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "pr", abstract: "Make of a patch the pull request that a project upstream wants.",
        discussion: """
            Writes a mailbox that 'git am' takes, with the patch and its test; the pull request's text, with what recorded runs say; and the \
            project's rules, each of them ticked or explained. Nothing is sent anywhere. The author is the one that git knows.

            Examples:
              ninepin pr percpu --upstream cgroups --source ~/src/cgroups --out ~/pr
              ninepin pr 9p-source --upstream cadvisor --recipe kubelet-1.20 --out ~/pr
            """)

    @Argument(help: "A patch.") var name: String
    @Option(help: ArgumentHelp("Who is to have it: cadvisor, cgroups, runc, kubernetes or k3s.", valueName: "project"))
    var upstream: String
    @Option(help: ArgumentHelp("The folder to write; it must be empty, or not be there.", valueName: "dir")) var out: String
    @Option(help: ArgumentHelp("A folder with the project's source, for which it is made.", valueName: "dir")) var source: String?
    @Option(help: ArgumentHelp("A recipe for whose source it is made; NAME@VERSION for another version.", valueName: "recipe"))
    var recipe: String?
    @Option(help: ArgumentHelp("The variant to take where no source is named; the newest when missing.", valueName: "name"))
    var variant: String?
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
            throw ValidationError("expected at most one of --source, --recipe and --variant: a source decides the variant")
        }
    }

    func run(in session: Session) async throws -> ExitStatus {
        let registry = try session.catalogue.registry()
        let entry = try registry.entry(named: name)
        let projects = session.catalogue.projects
        let project = try projects.project(named: upstream)
        let place = FilePath(FileManager.default.currentDirectoryPath).pushing(FilePath(out)).lexicallyNormalized()
        try PullRequestBundle.claim(place)
        let author = try Author(environment: session.host.environment)
        let bundle = try await session.withPipeline { pipeline in
            let base = try await base(for: entry, to: project, pipeline, session.catalogue, registry)
            let request = try PullRequest(entry, to: project, for: base, projects: projects, registry: registry)
            let evidence = try pipeline.evidence(of: entry.name, catalogue: session.catalogue, registry: registry)
            return try PullRequestBundle(
                request, of: entry, by: author, date: Int64(Date.now.timeIntervalSince1970), evidence: evidence)
        }
        try bundle.write(to: place)
        try show(bundle, in: place, session)
        return .good
    }

    private func base(
        for entry: PatchEntry, to project: Project, _ pipeline: Pipeline, _ catalogue: Catalogue, _ registry: Registry
    ) async throws -> PullRequestBase {
        if let source {
            return try Pipeline.pullRequestBase(for: entry, to: project, in: try Source.folder(source), registry: registry)
        }
        guard let recipe else { return .registry(variant: variant) }
        return try await pipeline.pullRequestBase(for: entry, in: try catalogue.recipe(recipe), registry: registry)
    }

    private func show(_ bundle: PullRequestBundle, in place: FilePath, _ session: Session) throws {
        let request = bundle.request
        let document = Document(
            patch: request.patch, project: request.project.title, variant: request.variant, madeFor: request.madeFor,
            subject: request.subject, folder: place.string, files: bundle.names, checklist: bundle.rules, evidence: bundle.evidence)
        try session.show(document) { report in
            report.text("\(request.project.title): \(request.subject)")
            report.text("made for  \(request.madeFor); variant \(request.variant)")
            for name in bundle.names { report.text("wrote     \(place.appending(name))") }
            for rule in bundle.rules where !rule.isKept { report.text("open      \(rule.rule): \(rule.why)") }
        }
    }
}
