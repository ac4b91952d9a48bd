import Foundation
import Model
import TestReports
import Testing

/// Tests that every command's JSON has a schema, and that some test validates an output with it.
///
/// Documents of commands that build, boot or use the network are validated where the tests run these commands (``expectDocument(_:is:sourceLocation:)``).
@Suite("The schemas of the commands' JSON")
struct SchemaTests {
    /// The schema of each command: a file in docs/, or definitions of commands.schema.json.
    static let schemas: [String: [String]] = [
        "run": ["run.schema.json", "matrix.schema.json", "plan"], "matrix": ["matrix.schema.json", "approaches.schema.json", "plan"],
        "verify": ["run.schema.json", "plan"], "runs show": ["run.schema.json"], "gc": ["gc.schema.json"],
        "diff": ["diff.schema.json", "diff-patch"], "bisect": ["bisect"], "nightly": ["nightly-plan", "report"], "fetch": ["fetch"],
        "patch": ["patch"], "build": ["build", "plan"], "grade": ["grade", "grade-all"], "inspect": ["inspect"],
        "history": ["history"], "runs list": ["runs-list"], "runs rm": ["runs-rm"], "runs prune": ["runs-prune"],
        "export": ["export"], "query": ["query"], "up": ["up", "plan"], "nodes": ["nodes"], "kubeconfig": ["kubeconfig"],
        "down": ["down"], "patches list": ["patches-list"], "patches show": ["patches-show"], "patches check": ["patches-check"],
        "patches add": ["patches-add"], "patches rebase": ["patches-rebase"],
        "patches import": ["patches-import"], "patches export": ["patches-export"], "patches test": ["patches-test"], "pr": ["pr"],
        "recipes list": ["recipes-list"], "recipes show": ["recipes-show"], "recipes lock": ["recipes-lock"], "report": ["report"],
        "preflight": ["preflight", "preflight-fix"], "doctor": ["doctor"], "version": ["version"],
    ]

    /// The commands without a schema, and why.
    static let others: [String: String] = [
        "exec": "its output is the program's", "logs": "its output is the log", "runs": "a group", "patches": "a group",
        "recipes": "a group",
    ]

    /// The schemas of documents.
    private static let documents = Set(schemas.values.joined()).union(["error"])

    private static func definitions() throws -> [String: Any] {
        let data = try Data(contentsOf: Tool.project.appending(path: "docs/commands.schema.json"))
        let schema = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        return try #require(schema["$defs"] as? [String: Any])
    }

    @Test("every command in docs/cli.md has a schema, or a reason why it has none")
    func commands() throws {
        let page = try String(contentsOf: Tool.project.appending(path: "docs/cli.md"), encoding: .utf8)
        let prefix = "## `ninepin "
        let named = page.split(separator: "\n").filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count).dropLast()) }
        #expect(named.count > 30)
        for name in named { #expect((Self.schemas[name] == nil) != (Self.others[name] == nil), "\(name)") }
    }

    @Test("a schema is of a command or part of another, and every schema of a command validates an output in some test")
    func validated() throws {
        let docs = Tool.project.appending(path: "docs")
        let files = try FileManager.default.contentsOfDirectory(atPath: docs.path).filter { $0.hasSuffix(".schema.json") }
        let definitions = try Self.definitions()
        let shared = Self.references(in: definitions)
        let known = Set(files).subtracting(["commands.schema.json"]).union(definitions.keys)
        #expect(known.subtracting(shared) == Self.documents.subtracting(shared))
        #expect(Self.documents.isSubset(of: known))
        let tests = docs.deletingLastPathComponent().appending(path: "Tests/CommandTests")
        let sources = try FileManager.default.contentsOfDirectory(atPath: tests.path).filter { $0.hasSuffix(".swift") }
        let named = try sources.flatMap { file in
            try String(contentsOf: tests.appending(path: file), encoding: .utf8).matches(of: /expectDocument\((?s:.*?), is: "([^"]+)"\)/)
                .map { String($0.1) }
        }
        #expect(Self.documents.subtracting(named).subtracting(Self.simple.map(\.0)).sorted() == [])
    }

    /// The names of the definitions to which a part of a schema refers.
    private static func references(in value: Any) -> Set<String> {
        if let list = value as? [Any] { return Set(list.flatMap { references(in: $0) }) }
        guard let map = value as? [String: Any] else { return [] }
        let own = (map["$ref"] as? String).map { [String($0.dropFirst("#/$defs/".count).prefix { $0 != "/" })] } ?? []
        return Set(own + map.values.flatMap { references(in: $0) })
    }

    @Test("no object of the schema allows other members than those it names")
    func closed() throws { #expect(Self.open(try Self.definitions()) == []) }

    /// The titles or members of objects that allow others.
    private static func open(_ value: Any) -> [String] {
        if let list = value as? [Any] { return list.flatMap { open($0) } }
        guard let map = value as? [String: Any] else { return [] }
        var found: [String] = []
        if map["type"] as? String == "object", let members = map["properties"] as? [String: Any],
            map["additionalProperties"] as? Bool != false
        {
            found.append(members.keys.sorted().joined(separator: ","))
        }
        return found + map.values.flatMap { open($0) }
    }

    /// Commands that need nothing but the project, and their definitions.
    private static let simple: [(String, [String])] = [
        ("version", ["version"]), ("grade", ["grade", "LOG"]), ("grade-all", ["grade", "LOG", "--run", "all"]),
        ("plan", ["run", "--dry-run"]), ("plan", ["build", "--dry-run"]), ("history", ["history"]), ("runs-list", ["runs", "list"]),
        ("nodes", ["nodes"]), ("down", ["down", "--all"]), ("patches-list", ["patches", "list"]),
        ("patches-check", ["patches", "check", "--all"]), ("patches-show", ["patches", "show", "percpu"]),
        ("diff-patch", ["diff", "percpu"]), ("preflight", ["preflight"]), ("preflight-fix", ["preflight", "--fix"]),
        ("doctor", ["doctor"]), ("error", ["recipes", "show", "nothing"]), ("recipes-list", ["recipes"]),
        ("recipes-show", ["recipes", "show", "cadvisor"]), ("recipes-show", ["recipes", "show", "kubelet", "--file"]),
        ("recipes-show", ["recipes", "show", "k3s@1.20.8+k3s1", "--arch", "arm64"]), ("report", ["report"]),
        ("inspect", ["inspect", "/bin/ls"]), ("runs-prune", ["runs", "prune", "--keep", "1"]),
        ("patches-export", ["patches", "export", "percpu", "--out", "/nowhere/box", "--dry-run"]),
    ]

    @Test("a command's JSON is as its definition says", arguments: simple)
    func output(_ definition: String, _ arguments: [String]) async throws {
        let place = try ProjectFixture()
        let log = Tool.project.appending(path: "Tests/Verdicts/log-plain-fatal/node.log").path
        let found = try await place.tool.ran(arguments.map { $0 == "LOG" ? log : $0 } + ["--json"])
        try expectDocument(found.output, is: definition)
    }

    @Test("the JSON about recorded runs is as its definition says")
    func runs() async throws {
        let place = try DiffTests.project()
        _ = try place.write("workspace/runs/20260103T000000-3/run.json", "{}")
        let tool = place.tool
        try expectDocument(try await tool.ran(["runs", "list", "--json"]).output, is: "runs-list")
        try expectDocument(try await tool.ran(["history", "--json"]).output, is: "history")
        try expectDocument(try await tool.ran(["report", "--json"]).output, is: "report")
        try expectDocument(try await tool.ran(["query", "SELECT id, bytes, 1.5, NULL, x'00' FROM runs", "--json"]).output, is: "query")
        let pruned = try await tool.ran(["runs", "prune", "--keep", "1", "--dry-run", "--json"])
        #expect((try pruned.json()["runs"] as? [Any])?.count == 1)
        try expectDocument(pruned.output, is: "runs-prune")
        try expectDocument(try await tool.ran(["runs", "rm", "20260101T000000-1a", "--json"]).output, is: "runs-rm")
    }

    @Test("a report about a night with every kind of change is as its definition says")
    func report() throws {
        let data = try JSONEncoder().encode(WrittenNight.document)
        try expectDocument(String(decoding: data, as: UTF8.self), is: "report")
    }

    @Test(
        "a command line that is not understood has the document of an error, and words for people",
        arguments: [["recipes", "show", "kubelet", "--nope"], ["runs", "prune", "--keep", "0"], ["recipez"]])
    func notUnderstood(_ arguments: [String]) async throws {
        let place = try ProjectFixture()
        let found = try await place.tool.ran(arguments + ["--json"])
        #expect(found.status == 64 && found.errors.contains("rror: "), "\(found)")
        try expectDocument(found.output, is: "error")
    }

    @Test("a document with another member, or without a required one, is not as its definition says")
    func wrong() throws {
        let schema = Schema(name: "error")
        #expect(try schema.complaints(about: #"{"error": "x", "exit": 64}"#) == "")
        #expect(try schema.complaints(about: #"{"error": "x", "exit": 64, "more": 1}"#) != "")
        #expect(try schema.complaints(about: #"{"error": "x"}"#) != "")
        #expect(try Schema(name: "run.schema.json").complaints(about: "{}") != "")
        #expect(try Schema(name: "nothing").complaints(about: "{}") != "")
    }
}
