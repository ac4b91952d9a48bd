import Foundation
import Testing

/// A schema in docs/, by the name under which the tests know it: a definition of commands.schema.json, or a file such as `run.schema.json`.
struct Schema {
    let name: String

    /// The file that contains it.
    private var file: URL { Tool.project.appending(path: "docs/\(name.hasSuffix(".json") ? name : "commands.schema.json")") }

    /// What the validator says about a document; empty if the document is valid.
    func complaints(about document: String) throws -> String {
        let place = try ProjectFixture()
        let script = """
            import json, sys, jsonschema
            schema, document = (json.load(open(path)) for path in sys.argv[1:3])
            if not sys.argv[3].endswith(".json"): schema["$ref"] = "#/$defs/" + sys.argv[3]
            validator = jsonschema.validators.validator_for(schema, default=None)
            validator.check_schema(schema)
            for error in validator(schema).iter_errors(document): print(error.json_path, error.message[:1000])
            """
        let written = try place.write("document.json", document)
        let (status, output) = try outcome(of: "/usr/bin/python3", ["-c", script, file.path, written, name])
        return status == 0 ? output : "exit \(status): \(output)"
    }
}

/// Expects that a command's JSON is as its schema says.
///
/// ``SchemaTests`` reads the sources for the names that are given here, so write them as literals.
///
/// - Parameter name: the schema's name.
func expectDocument(_ document: String, is name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let complaints = try Schema(name: name).complaints(about: document)
    #expect(complaints == "", "not as \(name) says", sourceLocation: sourceLocation)
}
