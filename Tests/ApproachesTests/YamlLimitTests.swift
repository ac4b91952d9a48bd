import Approaches
import Grading
import Model
import Testing

/// A YAML reader's error for a text; nil if it accepts the text.
private typealias Reading = @Sendable (String) -> Diagnostic?

private func reading(_ body: @escaping @Sendable (String) throws -> Void) -> Reading {
    { text in
        do {
            try body(text)
            return nil
        } catch { return error as? Diagnostic }
    }
}

/// All of Ninepin's YAML readers, by name.
private let readings: [String: Reading] = [
    "recipe": reading { text in _ = try Recipe(yaml: text, file: "f.yaml", name: "f") },
    "recipe file": reading { text in _ = try RecipeFile(yaml: text, file: "f.yaml") },
    "patch.yaml": reading { text in
        guard let name = PatchName("cadvisor/a") else { return }
        _ = try PatchEntry(yaml: text, file: "f.yaml", name: name)
    },
    "upstream.yaml": reading { text in _ = try PatchUpstream(yaml: text, file: "f.yaml", name: "cadvisor") },
    "approach": reading { text in _ = try Approach(yaml: text, file: "f.yaml", name: "a") },
    "project": reading { text in _ = try Project(yaml: text, file: "f.yaml", name: "p") },
    "pull-request.yaml": reading { text in _ = try Proposal(yaml: text, file: "f.yaml") },
]

/// Small texts that expand to large documents, with the expected error.
private let bombs: [(name: String, text: String, says: String)] = [
    ("aliases of aliases", doubling("title", by: 10, times: 9), "more than 10000 values"),
    ("aliases of mappings", mappings(times: 9), "more than 10000 values"),
    ("aliases as keys", "a: &a [x]\n" + chain(of: 40) + "*z40 : x\n", "more than 10000 values"),
    ("brackets", String(repeating: "[", count: 60_000), "deep"),
    ("braces", String(repeating: "{a: ", count: 15_000), "deep"),
    ("dashes", String(repeating: "- ", count: 30_000) + "x", "deep"),
    ("nested aliases", "z0: &z0 [x]\n" + (1...40).map { "z\($0): &z\($0) [*z\($0 - 1)]\n" }.joined(), "deep"),
    ("aliases of a long text", longText(times: 40), "more than 1048576 bytes"),
    ("aliases of a list of long texts", "a: &z [\(letters(10_000)), b]\nb: [\(letters("*z,", 120))]\n", "more than 1048576 bytes"),
    ("a long text as a key", "a: &z \(letters(900))\nb: [\(letters("{*z : x},", 1300))]\n", "more than 1048576 bytes"),
    ("many values", "a: [" + String(repeating: "x,", count: 11_000) + "]", "more than 10000 values"),
    ("many bytes", "# " + String(repeating: "x", count: 300_000), "bytes"),
    ("a long key", "? " + String(repeating: "k", count: 5000) + "\n: x\n", "YAML"),
    ("keys of keys", String(repeating: "? ", count: 900) + "[" + String(repeating: "x,", count: 9000) + "]", "without '?'"),
    (
        "keys of keys in braces",
        String(repeating: "- " + String(repeating: "{", count: 200) + "a" + String(repeating: ": b}", count: 200) + "\n", count: 2), "deep"
    ),
]

private func letters(_ count: Int) -> String { letters("x", count) }

private func letters(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }

/// A text of 60,000 bytes, and aliases for it.
private func longText(times: Int) -> String { "a: &z \(letters(60_000))\nb: [\(letters("*z,", times))]\n" }

/// `a: [x × by]`, `b: [*a × by]`, and so on.
private func doubling(_ first: String, by width: Int, times: Int) -> String {
    var text = "\(first): &z0 [\(Array(repeating: "lol", count: width).joined(separator: ","))]\n"
    for step in 1...times {
        text += "z\(step): &z\(step) [\(Array(repeating: "*z\(step - 1)", count: width).joined(separator: ","))]\n"
    }
    return text
}

private func mappings(times: Int) -> String {
    var text = "z0: &z0 {a: 1}\n"
    for step in 1...times {
        text += "z\(step): &z\(step) {\((0..<10).map { "k\($0): *z\(step - 1)" }.joined(separator: ","))}\n"
    }
    return text
}

/// Values that each contain the previous one twice.
private func chain(of count: Int) -> String {
    "z0: &z0 [x]\n" + (1...count).map { "z\($0): &z\($0) [*z\($0 - 1), *z\($0 - 1)]\n" }.joined()
}

@Suite("YAML that is small and comes to much")
struct YamlLimitTests {
    @Test("every reader refuses it, at its place and with the limit", arguments: readings.keys.sorted(), bombs.indices)
    func refuses(reader: String, bomb index: Int) throws {
        let bomb = bombs[index]
        let read = try #require(readings[reader])
        let found = try #require(read(bomb.text), "\(reader) takes \(bomb.name)")
        #expect(found.message.contains(bomb.says), "\(bomb.name): \(found)")
        #expect(found.file == "f.yaml")
        #expect(found.message.utf8.count < 400)
    }

    @Test("a value that is named once and used twice is the same in both places")
    func aliases() throws {
        let text = """
            title: "a *kubelet* of &many"
            version: 1.20.2
            importPath: k8s.io/kubernetes
            source: {debian: {package: kubernetes, suite: bookworm, version: 1.20.2}}
            upstreams: {cadvisor: {path: vendor/cadvisor, version: 0.38.6}}
            toolchain: ">=1.19 <1.20"
            target: {package: cmd/kubelet}
            node: {profile: kubelet}
            layouts: &layouts [root-9p, volume-9p]
            series: &series [&one cadvisor/9p-source]
            compare: [none, *one]
            """
        let recipe = try Recipe(yaml: text, file: "r.yaml", name: "r")
        #expect(recipe.title == "a *kubelet* of &many")
        #expect(recipe.compare.map { $0.map(\.description) } == [[], ["cadvisor/9p-source"]])
    }

    @Test(
        "an alias that names nothing, goes on, or has an anchor of its own is no YAML, at its place",
        arguments: [
            ("a: *b\n", 1, 4), ("a: &b [*b]\n", 1, 8), ("a: &b x\nc: *b d\n", 2, 4), ("a: &b x\nc: &d *b\n", 2, 4), ("a: *\n", 1, 4),
        ])
    func wrongAliases(text: String, line: Int, column: Int) throws {
        let read = try #require(readings["recipe file"])
        let found = try #require(read(text))
        #expect(found.line == line && found.column >= column, "\(found)")
        #expect(found.message.contains("invalid YAML"), "\(found)")
    }

    @Test("what is said of a long text is short")
    func longText() throws {
        let read = try #require(readings["approach"])
        let found = try #require(read("'\(String(repeating: "k", count: 1000))': \(String(repeating: "v", count: 50_000))"))
        #expect(found.message.contains("unknown key"))
        #expect(found.description.utf8.count < 1200)
    }

    @Test("the limit holds for what stands in the place of {version}, too, at the place of the text that goes beyond it")
    func replaced() throws {
        let read = try #require(readings["recipe"])
        func recipe(_ aliases: Int) -> String {
            "version: 1.20.2-rc.1+abcdef.0123456789\na: &z '\(letters("{version}", 6_000))'\nb: [\(letters("*z,", aliases))]\n"
        }
        let found = try #require(read(recipe(15)))
        #expect(found.message.contains("exceed 1048576 bytes"), "\(found.message.prefix(200))")
        #expect(found.line == 2 && found.column > 1, "\(found.line):\(found.column)")
        // A few are read, and fail for another reason.
        let few = try #require(read(recipe(2)))
        #expect(!few.message.contains("bytes"), "\(few.message.prefix(200))")
    }

    @Test("a version cannot make a recipe of it by standing in it thousands of times")
    func longVersion() throws {
        let version = "1.20.2-" + String(repeating: "a", count: 10_000)
        let text = "title: '" + String(repeating: "{version}", count: 5_000) + "'\nversion: \(version)\n"
        let read = try #require(readings["recipe"])
        let found = try #require(read(text))
        #expect(found.message.contains("version"), "\(found.message.prefix(200))")
    }
}
