import Foundation
import Model
import Testing

@Suite("A recipe that is code, on the command line")
struct RecipeCodeCommandTests {
    private let place: ProjectFixture
    private let recipe: String

    init() throws {
        place = try ProjectFixture()
        recipe = try place.write(
            "traps.yaml",
            """
            extends: \(Tool.project.path)/recipes/kubelet-1.20.yaml
            source: {archive: {addresses: ["file:///no/such/archive.tar"], sha256: \(String(repeating: "0", count: 64))}}
            target:
              flags:
                - -toolexec=/no/such/program
              environment:
                PATH: /no/such/folder

            """)
    }

    @Test(
        "every command that builds refuses it before it fetches anything, with file, line and column, and says how it is allowed",
        arguments: [["build"], ["run"], ["run", "--level", "component"], ["matrix"], ["verify"], ["up"], ["patches", "test", "percpu"]])
    func refused(_ command: [String]) throws {
        let found = try place.tool.run(command + [recipe])
        #expect(found.status == 65, "\(found.errors)")
        #expect(found.errors.contains("\(recipe):5:7: 'flags': \"-toolexec=/no/such/program\": "), "\(found.errors)")
        #expect(found.errors.contains("\(recipe):7:5: 'environment': \"PATH=/no/such/folder\": "), "\(found.errors)")
        #expect(found.errors.contains("--allow-recipe-code"))
        #expect(!found.errors.contains("fetch"), "\(found.errors)")
        // With permission, it continues to the source, which does not exist.
        let allowed = try place.tool.run(["build", recipe, "--allow-recipe-code"])
        #expect(allowed.status == 69 && allowed.errors.contains("/no/such/archive.tar"), "\(allowed.errors)")
    }

    @Test("what builds nothing reads it: show tells what is code in it")
    func shown() throws {
        let shown = try place.tool.run(["recipes", "show", recipe, "--json"])
        #expect(shown.status == 0, "\(shown.errors)")
        let code = try #require(try shown.json()["code"] as? [[String: Any]])
        #expect(code.compactMap { $0["line"] as? Int } == [5, 7])
        try expectDocument(shown.output, is: "recipes-show")
    }

    @Test("the project's own recipes need nobody's leave, in any version that they tell of")
    func builtIn() throws {
        let listed = try place.tool.run(["recipes", "--json"])
        let names = try #require(try listed.json()["recipes"] as? [[String: Any]]).compactMap { $0["name"] as? String }
        let versions = ["k3s": ["1.20.15+k3s1", "1.25.1+k3s1", "1.31.2+k3s1", "1.34.9+k3s1"], "kubelet": ["1.21.0", "1.30.2", "1.36.0"]]
        for name in names.flatMap({ name in [name] + (versions[name] ?? []).map { "\(name)@\($0)" } }) {
            let shown = try place.tool.run(["recipes", "show", name, "--json"])
            #expect((try shown.json()["code"] as? [Any])?.isEmpty == true, "\(name): \(shown.output)")
        }
    }
}
