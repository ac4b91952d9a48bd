import ExitCodes
import FileSystem
import Host
import Model
import SystemPackage

/// The projects that accept pull requests, and the patches' proposals to them: files next to the registry's entries.
package struct Projects: Sendable {
    private let folders: [FilePath]

    /// Uses the folder of patches.
    package init(_ folder: FilePath) { folders = [folder] }

    /// Uses several folders of patches. If two describe the same project, the first counts: it is the same project.
    package init(_ folders: [FilePath]) { self.folders = folders }

    /// The projects' names, sorted.
    ///
    /// - Throws: `FileError` when their folder cannot be read.
    package var names: [String] {
        get throws(FileError) {
            var names: Set<String> = []
            for folder in folders {
                for name in try Files.list(folder.appending("projects")) where name.hasSuffix(".yaml") {
                    names.insert(String(name.dropLast(".yaml".count)))
                }
            }
            return names.sorted()
        }
    }

    /// Reads a project's rules.
    ///
    /// - Throws: `PullRequestError.unknownProject`; `Diagnostic` for an invalid file; `FileError`.
    package func project(named name: String) throws -> Project {
        let names = try names
        guard names.contains(name) else {
            throw PullRequestError.unknownProject(name, advice: Spelling.advice(for: name, among: names))
        }
        let file = try readable("projects/\(name).yaml")
        return try Project(yaml: try Files.readYaml(file), file: file.string, name: name)
    }

    /// Reads a patch's proposal.
    ///
    /// - Throws: `PullRequestError.noProposal`; `Diagnostic` for an invalid file; `FileError`.
    package func proposal(of patch: PatchName) throws -> Proposal {
        let file = file(of: patch)
        guard Files.exists(file) else { throw PullRequestError.noProposal(patch, file: file.string) }
        return try Proposal(yaml: try Files.readYaml(try readable("\(patch)/pull-request.yaml")), file: file.string)
    }

    /// Whether a patch has a proposal.
    func hasProposal(of patch: PatchName) -> Bool { Files.exists(file(of: patch)) }

    func file(of patch: PatchName) -> FilePath { file("\(patch)/pull-request.yaml") }

    func text(of test: Proposal.Test, of patch: PatchName) throws(FileError) -> [UInt8] {
        try Files.read(try readable("\(patch)/\(test.file)"))
    }

    /// A file of the first folder that has it.
    private func file(_ path: String) -> FilePath { folder(of: path).appending(path) }

    /// The same file. What is read is published, so no symbolic link may lead out of the folder.
    ///
    /// - Throws: `FileError`.
    private func readable(_ path: String) throws(FileError) -> FilePath { try Files.confined(file(path), to: folder(of: path)) }

    private func folder(of path: String) -> FilePath {
        folders.first { Files.exists($0.appending(path)) } ?? folders.first ?? "."
    }
}

/// Why a pull request cannot be created.
package enum PullRequestError: ExitStatusError, Hashable, Sendable, CustomStringConvertible {
    /// There is no such project.
    case unknownProject(String, advice: String)
    /// The patch has no proposal.
    case noProposal(PatchName, file: String)
    /// The patch was refuted, or upstream already has it.
    case notWanted(PatchName, PatchEntry.Status)
    /// The project does not contain the code that the patch is for.
    case notIts(PatchName, project: String, takers: [String])
    /// The patch has no such variant.
    case noVariant(PatchName, String, advice: String)
    /// The project's code is a copy of an unknown version.
    case needsSource(project: String)
    /// The upstream's code is not in the folder.
    case notThere(PatchName, folder: String)
    /// The project has only a copy of the code, in vendor/.
    case copied(PatchName, project: String, path: String, folder: String)
    /// The source has the code at a place where the project has none.
    case elsewhere(PatchName, project: String, path: String, source: String)
    /// The project's tree already has a file at the path of a test.
    case testExists(path: String)
    /// The target path is in use.
    case occupied(String)

    /// The problem, and what to do about it.
    package var description: String {
        switch self {
        case .unknownProject(let name, let advice): "there is no project '\(name)': \(advice)"
        case .noProposal(let patch, let file): "\(patch) has no upstream proposal yet: write \(file) (docs/patch.md)"
        case .notWanted(let patch, .merged): "\(patch) is already upstream: its status is 'merged'"
        case .notWanted(let patch, let status): "\(patch) is not for upstream: its status is '\(status.rawValue)'"
        case .notIts(let patch, let project, let takers):
            "\(project) has no code of '\(patch.upstream)', which \(patch) is for; possible projects: \(takers.joined(separator: ", "))"
        case .noVariant(let patch, let variant, let advice): "\(patch) has no variant '\(variant)': \(advice)"
        case .needsSource(let project):
            "\(project) contains copies of other projects' code, of various versions: select one with --source DIR or --recipe RECIPE"
        case .notThere(let patch, let folder): "\(patch) is for '\(patch.upstream)', which is in none of its homes in \(folder)"
        case .copied(let patch, let project, let path, let folder):
            """
            \(folder) has only a copy of \(patch.upstream), in \(path), and a copy is not changed by hand
                Send the change to the project that the copy is from; \(project) then takes it with a new version of that module.
            """
        case .elsewhere(let patch, let project, let path, let source):
            "\(source) has \(patch.upstream) in \(path), where \(project) has none: name a source of \(project) with --source DIR or --recipe RECIPE"
        case .testExists(let path): "the source already has a file '\(path)', the path of the patch's test"
        case .occupied(let place): "\(place) is not an empty folder, and nothing is overwritten: choose another one with --out"
        }
    }

    package var exitStatus: ExitStatus {
        switch self {
        case .unknownProject, .notIts, .noVariant, .needsSource, .elsewhere, .occupied: .usage
        case .noProposal: .data
        case .notWanted, .notThere, .copied, .testExists: .no
        }
    }
}
