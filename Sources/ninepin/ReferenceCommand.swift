import Approaches
import ArgumentParser
import FoundationEssentials
import Host
import Model
import Report
import SystemPackage

/// Generates the pages of `docs/` that are based on the code. For developers: `make docs`.
struct ReferenceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reference", abstract: "Write the pages of docs/ that come from the code.", shouldDisplay: false)

    @Argument(help: "The folder to write into.") var folder: String

    func run() throws {
        var pages = [
            "approach.md": Reference.page(
                title: "Approaches, as files",
                introduction: """
                    An approach says what is changed instead of a node's source, or beside it: `approaches/NAME.yaml`. In the sandbox copies are made first, \
                    then bind mounts, then early questions are asked, then a FUSE file system is mounted, then all other questions are asked. What came of \
                    each stands in [approaches.md](approaches.md). Written by `make docs`.
                    """,
                sections: Approach.Schema.all),
            "cli.md": Reference.page(commands: Self.pages(of: NinepinCommand.self, as: NinepinCommand._commandName)),
            "recipe.md": Reference.page(
                title: "Recipes",
                introduction:
                    """
                    A recipe says what to build and how to prove it: `recipes/NAME.yaml`. Lengths of time are `10s` or `2m`. `extends` names another recipe: \
                    a file beside this one, a recipe of the project, or any file by its path; what a recipe extends is trusted as it is. A recipe that \
                    tells Go more than settings is code, and needs `--allow-recipe-code` ([SECURITY.md](../SECURITY.md)). Written by `make docs`.
                    """,
                sections: Recipe.Schema.all),
            "patch.md": Reference.page(
                title: "Patches",
                introduction: """
                    A patch is a folder `patches/UPSTREAM/NAME` with a `patch.yaml` and a `.patch` file for each variant. What stands in the tree decides \
                    which variant is meant; the version only where two would fit. `patches/UPSTREAM/upstream.yaml` says where the upstream's code may lie in a \
                    folder of source. In a range `||` takes both sides. Written by `make docs`.
                    """,
                sections: PatchEntry.Schema.all + Proposal.Schema.all + Project.Schema.all),
        ]
        // The measurements are stored next to the page that is generated from them.
        let measured = Host.current().project.appending("docs/approaches.json")
        if Files.exists(measured) {
            let table = try JSONDecoder().decode(ApproachTable.self, from: Data(try Files.read(measured)))
            pages["approaches.md"] = Reference.page(table)
        }
        for (name, text) in pages { try Files.write(text, to: FilePath(folder).appending(name)) }
    }

    /// The help of a command and of all its visible subcommands.
    private static func pages(of command: any ParsableCommand.Type, as name: String) -> [(name: String, help: String)] {
        let shown = command.configuration.subcommands.filter { $0.configuration.shouldDisplay }
        return [(name, NinepinCommand.helpMessage(for: command, columns: 100))]
            + shown.flatMap { pages(of: $0, as: "\(name) \($0._commandName)") }
    }
}
