import Foundation
import Testing

/// Tests that every command's JSON has a schema.
///
/// Documents of commands that build, boot or use the network are not validated here; for them only the schema's existence is tested.
@Suite("The schemas of the commands' JSON")
struct SchemaTests {
    /// The schema of each command: a file in docs/, or definitions of commands.schema.json.
    static let schemas: [String: [String]] = [
        "run": ["run.schema.json", "matrix.schema.json", "plan"], "matrix": ["matrix.schema.json", "approaches.schema.json", "plan"],
        "verify": ["run.schema.json", "plan"], "runs show": ["run.schema.json"], "gc": ["gc.schema.json"],
        "diff": ["diff.schema.json", "diff-patch"], "bisect": ["bisect"], "nightly": ["nightly-plan"], "fetch": ["fetch"],
        "patch": ["patch"], "build": ["build", "plan"], "grade": ["grade", "grade-all"], "inspect": ["inspect"],
        "history": ["history"], "runs list": ["runs-list"], "runs rm": ["runs-rm"], "runs prune": ["runs-prune"],
        "export": ["export"], "query": ["query"], "up": ["up", "plan"], "nodes": ["nodes"], "kubeconfig": ["kubeconfig"],
        "down": ["down"], "patches list": ["patches-list"], "patches show": ["patches-show"], "patches check": ["patches-check"],
        "patches add": ["patches-add"], "patches rebase": ["patches-rebase"],
        "patches import": ["patches-import"], "patches export": ["patches-export"], "patches test": ["patches-test"], "pr": ["pr"],
        "recipes lock": ["recipes-lock"], "preflight": ["preflight", "preflight-fix"], "doctor": ["doctor"], "version": ["version"],
    ]

    /// The commands without a schema, and why.
    static let others: [String: String] = [
        "exec": "its output is the program's", "logs": "its output is the log", "runs": "a group", "patches": "a group",
        "recipes": "a group", "report": "the report's document has no schema yet; docs/report.md describes it",
        "recipes list": "recipes have no schema yet; docs/recipe.md describes their keys",
        "recipes show": "recipes have no schema yet; docs/recipe.md describes their keys",
    ]

    private static var file: URL { Tool.project.appending(path: "docs/commands.schema.json") }

    private static func schema() throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
    }

    @Test("every command in docs/cli.md has a schema, or a reason why it has none")
    func commands() throws {
        let page = try String(contentsOf: Tool.project.appending(path: "docs/cli.md"), encoding: .utf8)
        let prefix = "## `ninepin "
        let named = page.split(separator: "\n").filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count).dropLast()) }
        #expect(named.count > 30)
        for name in named { #expect((Self.schemas[name] == nil) != (Self.others[name] == nil), "\(name)") }
        let definitions = try #require(try Self.schema()["$defs"] as? [String: Any])
        for name in Self.schemas.values.joined() {
            let path = Tool.project.appending(path: "docs/\(name)").path
            #expect(definitions[name] != nil || name.hasSuffix(".json") && FileManager.default.fileExists(atPath: path), "\(name)")
        }
    }

    @Test("no object of the schema allows other members than those it names")
    func closed() throws { #expect(Self.open(try Self.schema()) == []) }

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

    @Test(
        "a command's JSON is as its definition says",
        arguments: [
            ("version", ["version"]), ("grade", ["grade", "LOG"]), ("grade-all", ["grade", "LOG", "--run", "all"]),
            ("plan", ["run", "--dry-run"]), ("plan", ["build", "--dry-run"]), ("history", ["history"]), ("runs-list", ["runs", "list"]),
            ("nodes", ["nodes"]), ("down", ["down", "--all"]), ("patches-list", ["patches", "list"]),
            ("patches-check", ["patches", "check", "--all"]), ("patches-show", ["patches", "show", "percpu"]),
            ("diff-patch", ["diff", "percpu"]), ("preflight", ["preflight"]),
            ("preflight-fix", ["preflight", "--fix"]), ("doctor", ["doctor"]), ("error", ["recipes", "show", "nothing"]),
        ])
    func output(_ definition: String, _ arguments: [String]) async throws {
        let place = try ProjectFixture()
        let log = Tool.project.appending(path: "Tests/Verdicts/log-plain-fatal/node.log").path
        let found = try await place.tool.ran(arguments.map { $0 == "LOG" ? log : $0 } + ["--json"])
        #expect(try complaints(found.output, definition, in: place) == "", "\(found.errors)")
    }

    @Test("a document with another member, or without a required one, is not as its definition says")
    func wrong() throws {
        let place = try ProjectFixture()
        #expect(try complaints(#"{"error": "x", "exit": 64}"#, "error", in: place) == "")
        #expect(try complaints(#"{"error": "x", "exit": 64, "more": 1}"#, "error", in: place) != "")
        #expect(try complaints(#"{"error": "x"}"#, "error", in: place) != "")
    }

    /// What the validator says about a document; empty if it is valid.
    private func complaints(_ document: String, _ definition: String, in place: ProjectFixture) throws -> String {
        let script = """
            import json, sys, jsonschema
            schema = dict(json.load(open(sys.argv[1])), **{"$ref": "#/$defs/" + sys.argv[2]})
            jsonschema.Draft202012Validator.check_schema(schema)
            for error in jsonschema.Draft202012Validator(schema).iter_errors(json.load(open(sys.argv[3]))): print(error.message)
            """
        let file = try place.write("document.json", document)
        let (status, output) = try outcome(of: "/usr/bin/python3", ["-c", script, Self.file.path, definition, file])
        return status == 0 ? output : "exit \(status): \(output)"
    }
}
