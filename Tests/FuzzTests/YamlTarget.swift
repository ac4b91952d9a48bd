import Approaches
import FoundationEssentials
import Fuzzing
import Model

extension FuzzTarget {
    /// Recipes, patch entries and approaches: YAML written by the user, or by others.
    static let yaml = FuzzTarget(
        "yaml", limit: YamlLimits.bytes + 100,
        words: [
            "extends: ", "ranges:", "version: ", "{version}", "&a ", "*a", "<<: ", "? ", "| ", "> ", "!!binary ", "---\n", "\u{FEFF}",
            "\u{85}", "warmUp: ",
            "observe: ", "startTimeout: ", "joinTimeout: ", "1e300s", "0s", "10m", "../../x", "/etc/passwd", ".git", "-toolexec=x",
            "series: ", "null", "~",
        ],
        seeds: {
            let files = try ["recipes", "patches", "approaches"].flatMap { try ownFiles(below: $0) { $0.hasSuffix(".yaml") } }
            return files + bytes(["a: &x [1]\nb: *x\n", "source:\n  debian: {package: p, version: 1, suite: s}\n"])
        }
    ) {
        guard let name = PatchName("cadvisor/a") else { throw Broken("no name") }
        return { input in
            let text = String(decoding: input, as: UTF8.self)
            let isOwn: (any Error) -> Bool = { ($0 as? Diagnostic)?.file == "f.yaml" }
            let recipe = try reading("recipe", throwing: isOwn) { try Recipe(yaml: text, file: "f.yaml", name: "f") }
            if let recipe = recipe.value { try Self.check(recipe, again: try Recipe(yaml: text, file: "f.yaml", name: "f")) }
            let file = try reading("recipe's file", throwing: isOwn) { try RecipeFile(yaml: text, file: "f.yaml") }
            let entry = try reading("patch", throwing: isOwn) { try PatchEntry(yaml: text, file: "f.yaml", name: name) }
            let approach = try reading("approach", throwing: isOwn) { try Approach(yaml: text, file: "f.yaml", name: "a") }
            return [recipe.words, file.words, entry.words, approach.words].joined(separator: "; ")
        }
    }

    private static func check(_ recipe: Recipe, again: Recipe) throws {
        try hold(recipe == again, "the same text gives another recipe when it is read again")
        guard let node = recipe.node else { return }
        for seconds in [node.warmUp, node.observe, node.startTimeout, node.joinTimeout] {
            try hold(seconds.isFinite && seconds > 0, "a length of time is \(seconds)")
            // Messages give it in whole seconds.
            try hold(seconds < 1e9, "a length of time is \(seconds) s, which no boot lasts")
        }
        let copy = try JSONDecoder().decode(NodeSpec.self, from: try JSONEncoder().encode(node))
        try hold(copy == node, "what a node is asked for is another after a round trip: \(node)")
    }
}
