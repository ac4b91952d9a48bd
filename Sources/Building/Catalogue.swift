import ExitCodes
import FileSystem
import Host
import Model
import Patches
import SystemPackage

/// The recipes, patches and approaches in the folders of a project, all of them equal.
package struct Catalogue: Sendable {
    /// There is no such recipe.
    package struct UnknownRecipe: ExitStatusError, Sendable, CustomStringConvertible {
        /// The requested name.
        package let name: String
        /// The nearest known name, or all names.
        package let advice: String

        /// The unknown name, and the advice.
        package var description: String { "there is no recipe '\(name)': \(advice)" }

        package var exitStatus: ExitStatus { .usage }
    }

    /// A version was asked for that the recipe's source does not use: the binary would claim to be what it is not.
    package struct UnusedVersion: ExitStatusError, Sendable, CustomStringConvertible {
        let recipe: String
        let wanted: Version
        let only: Version

        /// What was asked for, why it cannot be, and what to do.
        package var description: String {
            """
            the recipe '\(recipe)' cannot be built as \(wanted): its source is \(only), whatever version is asked for
                Leave '@\(wanted)' out, or use a recipe whose source has '{version}' in it, such as kubelet or k3s.
            """
        }

        package var exitStatus: ExitStatus { .usage }
    }

    /// Two folders define the same name. Which one is meant must not depend on their order.
    package struct NameTwice: ExitStatusError, Sendable, CustomStringConvertible {
        let kind: String
        let name: String
        let places: [FilePath]

        /// The name, and where it is defined.
        package var description: String {
            "the \(kind) '\(name)' is in \(places.map(\.string).joined(separator: " and in ")): rename one of them"
        }

        package var exitStatus: ExitStatus { .data }
    }

    /// There is no project, or a folder that was named is none.
    package struct NoProject: ExitStatusError, Sendable, CustomStringConvertible {
        /// The folder that was named; nil if none was.
        let named: FilePath?
        /// Whether a configuration file names it.
        var isConfigured = false

        /// What is missing, and what to do.
        package var description: String {
            guard let named else { return "no recipes/ found here or above. Change to the project folder, or pass --project DIR." }
            if isConfigured {
                return """
                    \(named) has neither recipes/ nor patches/: a configuration file names it in 'projects'
                        Correct 'projects' there, in ninepin.yaml or your own config.yaml.
                    """
            }
            return "\(named) has neither recipes/ nor patches/. Pass a folder that has them with --project DIR."
        }

        package var exitStatus: ExitStatus { .usage }
    }

    private let projects: [FilePath]
    /// The folders that configuration files name.
    private let configured: Set<FilePath>

    /// The name of the manifest of nights in `recipes/`. It is not a recipe.
    package static let nightly = "nightly"

    /// The catalogue of a host's project folders.
    package init(_ host: Host) {
        projects = host.projects
        configured = Set(host.settings.projects.map { FilePath($0).lexicallyNormalized() })
    }

    /// The recipes' names, sorted.
    ///
    /// - Throws: ``NoProject``; ``NameTwice``; `FileError` when a folder cannot be read.
    package var recipeNames: [String] {
        get throws { try recipes().keys.sorted() }
    }

    /// The number of recipes in each project folder that has any, in the order of the folders.
    ///
    /// - Throws: as ``recipeNames``.
    package var recipeCounts: [(project: FilePath, count: Int)] {
        get throws {
            let places = try recipes().values
            return projects.map { project in (project: project, count: places.count { $0 == project }) }.filter { $0.count > 0 }
        }
    }

    /// The folder of each recipe.
    private func recipes() throws -> [String: FilePath] {
        try names(in: "recipes", "recipe") { name in
            name.hasSuffix(".yaml") && name != "\(Self.nightly).yaml" ? String(name.dropLast(".yaml".count)) : nil
        }
    }

    /// The names in a folder of all projects, each with its project.
    ///
    /// - Parameter name: the name that a file stands for; nil if it stands for none.
    package func names(in folder: String, _ kind: String, name: (String) -> String?) throws -> [String: FilePath] {
        var places: [String: FilePath] = [:]
        for project in try checked() {
            for name in try Files.list(project.appending(folder)).compactMap(name) {
                if let other = places[name] { throw NameTwice(kind: kind, name: name, places: [other, project]) }
                places[name] = project
            }
        }
        return places
    }

    /// The projects, of which there is at least one.
    private func checked() throws(NoProject) -> [FilePath] {
        guard !projects.isEmpty else { throw NoProject(named: nil) }
        for project in projects where !Files.isDirectory(project.appending("recipes")) && !Files.isDirectory(project.appending("patches")) {
            throw NoProject(named: project, isConfigured: configured.contains(project))
        }
        return projects
    }

    /// Reads a recipe and the recipes that it extends.
    ///
    /// - Parameters:
    ///   - name: a recipe's name, or the path of a `.yaml` file; `NAME@VERSION` selects a version.
    ///   - architecture: the architecture of its downloads.
    /// - Throws: `UnknownRecipe`; ``UnusedVersion``; `Diagnostic` for an invalid recipe; `FileError`.
    package func recipe(_ name: String, for architecture: Architecture = .machine) throws -> Recipe {
        let (base, version) = try Self.split(name)
        let path = try recipePath(base)
        let files = try files(from: path)
        if let version, let only = try RecipeFile.onlyVersion(files, wanted: version) {
            throw UnusedVersion(recipe: base, wanted: version, only: only)
        }
        return try Recipe(files, name: path.lastComponent?.stem ?? base, version: version, architecture: architecture)
    }

    /// The values of a recipe after it was merged with those that it extends, and where each comes from.
    ///
    /// - Parameter name: as in ``recipe(_:for:)``.
    /// - Throws: as ``recipe(_:for:)``.
    package func origins(of name: String, for architecture: Architecture = .machine) throws -> [RecipeOrigin] {
        let (base, version) = try Self.split(name)
        return try RecipeFile.origins(try files(from: try recipePath(base)), version: version, architecture: architecture)
    }

    /// How a recipe names the releases of its git source.
    ///
    /// - Parameter name: as in ``recipe(_:for:)``; its version does not matter.
    /// - Throws: as ``recipe(_:for:)``.
    package func versionPattern(of name: String) throws -> VersionPattern {
        VersionPattern(try files(from: try recipePath(try Self.split(name).name)))
    }

    /// Whether a text is the name of one of the project's recipes, with or without a version.
    package func isRecipe(_ text: String) throws -> Bool {
        guard let at = text.lastIndex(of: "@") else { return try recipeNames.contains(text) }
        return Version(String(text[text.index(after: at)...])) != nil ? try recipeNames.contains(String(text[..<at])) : false
    }

    /// The path of a recipe's file.
    ///
    /// - Throws: `UnknownRecipe`; `FileError`.
    package func recipePath(_ name: String) throws -> FilePath {
        if name.hasSuffix(".yaml") {
            guard Files.exists(FilePath(name)) else { throw UnknownRecipe(name: name, advice: "no such file") }
            return FilePath(name)
        }
        let known = try recipes()
        guard let project = known[name] else {
            throw UnknownRecipe(name: name, advice: Spelling.advice(for: name, among: known.keys))
        }
        return try Files.confined(project.appending("recipes/\(name).yaml"), to: project.appending("recipes"))
    }

    /// Splits a name at the last `@` into the name and a version.
    package static func split(_ name: String) throws(UnknownRecipe) -> (name: String, version: Version?) {
        guard let at = name.lastIndex(of: "@") else { return (name, nil) }
        let text = String(name[name.index(after: at)...])
        guard let version = Version(text) else {
            throw UnknownRecipe(name: name, advice: "'\(text)' is not a version; expected NAME@VERSION, such as kubelet@1.30.2")
        }
        return (String(name[..<at]), version)
    }

    /// A recipe's files; the one that extends no other comes first.
    private func files(from path: FilePath) throws -> [RecipeFile] {
        var files: [RecipeFile] = []
        var (next, seen): (FilePath?, Set<FilePath>) = (path, [])
        while let place = next {
            let file = try RecipeFile(yaml: try Files.readYaml(place), file: place.string)
            guard seen.insert(try Files.realPath(place)).inserted else {
                throw Diagnostic(file: place.string, message: "'extends' forms a loop back to this file")
            }
            files.insert(file, at: 0)
            next = try file.parent.map { try parent($0, of: place) }
        }
        return files
    }

    private func parent(_ name: String, of file: FilePath) throws -> FilePath {
        let folder = file.removingLastComponent()
        let beside = folder.pushing(FilePath(name.hasSuffix(".yaml") ? name : "\(name).yaml"))
        if Files.exists(beside) { return beside }
        do { return try recipePath(name) } catch {
            throw Diagnostic(file: file.string, message: "'extends': \(error)")
        }
    }

    /// The folders of the registry; they also contain the projects that accept pull requests.
    package var patches: [FilePath] { projects.map { $0.appending("patches") } }

    /// The manifest of nights of the first project that has one.
    ///
    /// - Throws: ``NoProject``; `FileError` if it is a link that leads out of its project.
    package func nightlyManifest() throws -> FilePath {
        let (projects, name) = (try checked(), "recipes/\(Self.nightly).yaml")
        guard let project = projects.first(where: { Files.exists($0.appending(name)) }) else { return projects[0].appending(name) }
        return try Files.confined(project.appending(name), to: project.appending("recipes"))
    }

    /// Reads the registry of patches.
    ///
    /// - Throws: ``NoProject``; ``NameTwice``; `Diagnostic` for an invalid entry; `FileError`.
    package func registry() throws -> Registry {
        _ = try checked()
        return try Registry(patches)
    }
}
