import ExitCodes
import FileSystem
import Host
import Model
import Patches
import SystemPackage

/// The recipes and patches in a project's folder.
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

    private let project: FilePath

    /// The name of the manifest of nights in `recipes/`. It is not a recipe.
    package static let nightly = "nightly"

    /// The catalogue of a host's project folder.
    package init(_ host: Host) { project = host.project }

    /// The recipes' names, sorted.
    ///
    /// - Throws: `FileError` when their folder cannot be read.
    package var recipeNames: [String] {
        get throws(FileError) {
            try Files.list(project.appending("recipes")).filter { $0.hasSuffix(".yaml") && $0 != "\(Self.nightly).yaml" }
                .map { String($0.dropLast(".yaml".count)) }
        }
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

    /// How a recipe names the releases of its git source.
    ///
    /// - Parameter name: as in ``recipe(_:for:)``; its version does not matter.
    /// - Throws: as ``recipe(_:for:)``.
    package func versionPattern(of name: String) throws -> VersionPattern {
        VersionPattern(try files(from: try recipePath(try Self.split(name).name)))
    }

    /// Whether a text is the name of one of the project's recipes, with or without a version.
    package func isRecipe(_ text: String) throws(FileError) -> Bool {
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
        let known = try recipeNames
        guard known.contains(name) else {
            throw UnknownRecipe(name: name, advice: Spelling.advice(for: name, among: known))
        }
        return project.appending("recipes/\(name).yaml")
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

    /// The folder of the registry; it also contains the projects that accept pull requests.
    package var patches: FilePath { project.appending("patches") }

    /// The folder of the approaches.
    package var approaches: FilePath { project.appending("approaches") }

    /// Reads the registry of patches.
    ///
    /// - Throws: `Diagnostic` for an invalid entry; `FileError`.
    package func registry() throws -> Registry { try Registry(patches) }
}
