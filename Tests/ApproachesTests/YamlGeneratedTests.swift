import Approaches
import Model
import Testing
import TestInputs

@Suite("Any text at all as YAML")
struct YamlGeneratedTests {
    /// Elements of YAML syntax, and sequences that have broken other parsers.
    private static let pieces = [
        "a", "b: ", "- ", "? ", ": ", "\n", "\n  ", "\n    ", "[", "]", "{", "}", ",", "&x ", "*x", "&y ", "*y", "<<: ", "|", ">", "'",
        "\"", "#", "!",
        "!!str ", "!!binary ", "%YAML 1.1\n", "---\n", "...\n", "\t", "\\", "\\x00", "\\u0041", "\u{FEFF}", "\u{85}", "\u{2028}", "\0",
        "\u{F8E0}",
        "é", "👍", "1.20", "null", "~", "title: ", "version: ", "{version}", "extends: ", "ranges: ",
    ]

    @Test("it ends with a value or a diagnostic that has its file and is short, and nothing else")
    func generated() async throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix(seed)
        let name = try #require(PatchName("cadvisor/a"))
        let end = ContinuousClock.now + .seconds(2)
        while ContinuousClock.now < end {
            await Task.yield()
            let text = (0..<Int.random(in: 0...60, using: &random)).map { _ in Self.pieces.randomElement(using: &random) ?? "" }.joined()
            let readers: [() throws -> Void] = [
                { _ = try Recipe(yaml: text, file: "f.yaml", name: "f") }, { _ = try RecipeFile(yaml: text, file: "f.yaml") },
                { _ = try PatchEntry(yaml: text, file: "f.yaml", name: name) }, { _ = try Approach(yaml: text, file: "f.yaml", name: "a") },
            ]
            for read in readers {
                do { try read() } catch {
                    let found = try #require(error as? Diagnostic, "seed \(seed): \(text.debugDescription)")
                    #expect(found.file == "f.yaml" && found.description.count < 1200, "seed \(seed): \(text.debugDescription)")
                }
            }
        }
    }
}
