import Host
import Model
import Patches
import SystemPackage

/// Recipes and patches of a project's folder.
public struct Catalogue: Sendable {
    /// No such recipe.
    public struct UnknownRecipe: Error, Sendable, CustomStringConvertible {
        /// What was asked for.
        public let name: String
        /// The nearest known one, or all.
        public let advice: String

        /// What is not there, and what is.
        public var description: String { "there is no recipe '\(name)': \(advice)" }
    }

    private let project: FilePath

    /// The catalogue of a host's project folder.
    public init(_ host: Host) { project = host.project }

    /// The recipes' names, sorted.
    public var recipeNames: [String] {
        Files.names(in: project.appending("recipes")).filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(".yaml".count)) }
    }

    /// Reads a recipe.
    ///
    /// - Parameter name: a recipe's name, or the path of a `.yaml` file.
    /// - Throws: `UnknownRecipe`; `Diagnostic` for a mistake in it; `FileError`.
    public func recipe(_ name: String) throws -> Recipe {
        let path = try recipePath(name)
        let stem = path.lastComponent?.stem ?? name
        return try Recipe(yaml: try Files.readText(path), file: path.string, name: stem)
    }

    /// Where a recipe is.
    ///
    /// - Throws: `UnknownRecipe`.
    public func recipePath(_ name: String) throws(UnknownRecipe) -> FilePath {
        if name.hasSuffix(".yaml") {
            guard Files.exists(FilePath(name)) else { throw UnknownRecipe(name: name, advice: "no such file") }
            return FilePath(name)
        }
        guard recipeNames.contains(name) else {
            throw UnknownRecipe(name: name, advice: Spelling.advice(for: name, among: recipeNames))
        }
        return project.appending("recipes/\(name).yaml")
    }

    /// Reads the registry of patches.
    ///
    /// - Throws: `Diagnostic` for a mistake in an entry; `FileError`.
    public func registry() throws -> Registry { try Registry(project.appending("patches")) }
}
