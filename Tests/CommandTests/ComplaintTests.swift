import Foundation
import Testing

@Suite("What a command says about a wrong command line")
struct ComplaintTests {
    private let place: ProjectFixture

    init() throws { place = try DiffTests.project() }

    /// Runs the program with exactly these arguments.
    private func ran(_ arguments: [String]) throws -> (status: Int32, output: String) { try outcome(of: Tool.program.path, arguments) }

    @Test(
        "is a document too, if one was asked for, and names the help of the command itself",
        arguments: [
            (["export", "foo", "x.tgz", "--json"], "ninepin export"), (["runs", "show", "1999", "-o", "json"], "ninepin runs show"),
            (["run", "--nope", "--json"], "ninepin run"), (["patches", "chek", "--format=json"], "ninepin patches"),
            (["runn", "--json"], "ninepin"), (["grade", "x", "--run", "0", "-ojson"], "ninepin grade"),
            (["up", "--timeout", "169h", "--json"], "ninepin up"),
        ])
    func document(_ arguments: [String], _ command: String) async throws {
        let found = try await place.tool.ran(arguments)
        #expect(found.status == 64)
        let document = try found.json()
        #expect(document["exit"] as? Int == 64)
        let message = try #require(document["error"] as? String)
        #expect(!message.isEmpty && found.errors.contains(message), "\(found)")
        #expect(found.errors.contains("See '\(command) --help'"), "\(found.errors)")
        #expect(!found.errors.contains("Usage: ninepin <subcommand>"))
    }

    @Test("names the command that a mistyped word of help, or misplaced options, may mean")
    func nearest() throws {
        let help = try ran(["help", "runn"])
        #expect(help.status == 64 && help.output.contains("did you mean 'run'?"), "\(help)")
        #expect(try ran(["help", "run"]).status == 0)
        #expect(try ran(["help"]).status == 0)
        let before = try ran(["-o", "json", "version"])
        #expect(before.status == 64 && before.output.contains("options follow the command: 'ninepin version -o json'"), "\(before)")
        #expect(try ran(["--help"]).status == 0)
    }

    @Test("names the nearest patch where a recipe or a patch can be given")
    func patch() async throws {
        let found = try await Tool(workspace: place.tool.workspace).ran(["patches", "check", "percp"])
        #expect(found.status == 64 && found.errors.contains("did you mean 'percpu'?"), "\(found)")
    }

    @Test(
        "refuses a form of the result that cannot be given",
        arguments: [
            ["logs", "node", "-o", "json"], ["report", "--markdown", "-", "--json"], ["run", "--github", "-o", "yaml"],
            ["exec", "node", "--json", "--", "ps"],
        ])
    func forms(_ arguments: [String]) async throws {
        let found = try await place.tool.ran(arguments)
        #expect(found.status == 64 && found.errors.contains("-o"), "\(found)")
    }

    @Test(
        "an empty path is not the current folder",
        arguments: [["--workspace", ""], ["--project", ""], ["--source", ""], ["--runsc", ""]])
    func empty(_ option: [String]) throws {
        let found = try ran(["run"] + option)
        #expect(found.status == 64 && found.output.contains("\(option[0]) cannot be empty"), "\(found)")
    }

    @Test(
        "says what a value can be",
        arguments: [
            (["version", "--timeout", "1h30m"], "such as 90s, 90m or 1.5h"), (["version", "--timeout", "169h"], "at most 168h"),
            (["version", "--patience", "0"], "from 1 to 100"), (["run", "--jobs", "many"], "'auto' or a number"),
            (["run", "--overlay-size", "big"], "such as 20g"), (["gc", "--keep", "5m"], "at least 1h"),
            (["run", "--go", "!"], "a range of versions"), (["report", "--since", "today"], "a day such as"),
            (["run", "--series", "none,percpu"], "'none' alone"), (["nightly", "--budget", "x"], "90s"),
            (["grade", "x", "--expect", "good"], "known: clean, degraded, fatal"),
            (["grade", "x", "--expect", "fatal, memory cach"], "did you mean 'memory cache'?"),
            (["grade", "x", "--expect", "clean, memory cache"], "the grade 'clean' has no fault"),
        ])
    func values(_ arguments: [String], _ words: String) throws {
        let found = try ran(arguments)
        #expect(found.status == 64 && found.output.contains(words), "\(found)")
    }

    @Test("a run's beginning is enough for runs show and runs rm, if only one run has it; nothing is removed otherwise")
    func beginnings() async throws {
        let tool = place.tool
        #expect(try await tool.ran(["runs", "show", "20260102", "--json"]).json()["id"] as? String == "20260102T000000-2")
        for wrong in [["2026"], ["20260102", ".."], ["20260102", "1999"]] {
            let found = try await tool.ran(["runs", "rm"] + wrong)
            #expect(found.status == 64 && !found.errors.contains("cannot"), "\(found)")
        }
        #expect(try await tool.ran(["runs", "rm", "2026"]).errors.contains("20260101T000000-1a"))
        let removed = try await tool.ran(["runs", "rm", "20260102"])
        #expect(removed.status == 0 && removed.output.contains("20260102T000000-2 is removed"), "\(removed)")
        #expect(try await tool.ran(["runs", "show", "20260102"]).status == 64)
    }

    @Test("two queries at once are refused in plain words")
    func queries() async throws {
        let found = try await place.tool.ran(["query", "select 1; select 2"])
        #expect(found.status == 65 && found.errors.contains("only one statement") && !found.errors.contains("Database"), "\(found)")
        #expect(try await place.tool.ran(["query", "select 1;"]).status == 0)
        #expect(try await place.tool.ran(["query", "select 1; nonsense"]).errors.contains("only one statement"))
    }

    @Test(
        "a compressed log is named as one, with the program that reads it",
        arguments: [("gzip", "zcat"), ("xz", "xzcat"), ("bzip2", "bzcat")])
    func compressed(_ program: String, _ reader: String) async throws {
        let file = try place.write("kubelet.log.\(program)", "Started kubelet\n")
        #expect(try outcome(of: "/bin/sh", ["-c", "exec \(program) -c < '\(file)' > '\(file).packed'"]).status == 0)
        let found = try await place.tool.ran(["grade", "\(file).packed"])
        #expect(found.status != 0 && found.errors.contains("it is compressed"), "\(found)")
        #expect(found.errors.contains("\(reader) \(file).packed | ninepin grade -"))
    }

    @Test("a command without steps promises no resumption")
    func resumption() async throws {
        let pipe = "\(place.path)/pipe"
        #expect(mkfifo(pipe, 0o600) == 0)
        let held = open(pipe, O_RDWR)
        defer { close(held) }
        let found = try await place.tool.ran(["grade", pipe, "--timeout", "1s"])
        #expect(found.status == 124 && !found.errors.contains("resumes"), "\(found)")
    }

    @Test("one project folder named twice, by a link too, is one, and doctor says where the recipes are")
    func projects() async throws {
        let source = "source: {git: {url: 'https://example.org/x', ref: main}}"
        let rest = "version: 1.1.0\nimportPath: example.org/thing\ntoolchain: '>=1.19'\nupstreams: {thing: {path: .}}\n\(source)\n"
        _ = try place.write("p/recipes/ours.yaml", "title: ours\n\(rest)")
        _ = try place.write("empty/patches/.keep", "")
        #expect(symlink("\(place.path)/p", "\(place.path)/link") == 0)
        let options = ["--workspace", place.tool.workspace, "--project", "\(place.path)/empty", "--project", "\(place.path)/p"]
        let found = try ran(["recipes"] + options + ["--project", "\(place.path)/link"])
        #expect(found.status == 0, "\(found)")
        #expect(try ran(["doctor"] + options).output.contains("1 recipe in \(place.path)/p"))
    }

    @Test("a folder of the configuration that is no project is not blamed on --project, and '~' is refused")
    func configured() throws {
        _ = try place.write("p/recipes/.keep", "")
        _ = try place.write("p/ninepin.yaml", "projects: [\(place.path)/nothing]\n")
        let found = try ran(["recipes", "--project", "\(place.path)/p"])
        #expect(found.status == 64 && found.output.contains("a configuration file names it in 'projects'"), "\(found)")
        #expect(!found.output.contains("--project DIR"))
        _ = try place.write("p/ninepin.yaml", "projects: [~/company]\n")
        let home = try ran(["recipes", "--project", "\(place.path)/p"])
        #expect(home.status == 65 && home.output.contains("'~' stands for no folder here"), "\(home)")
    }

    @Test("a patch that two project folders have is told with both places")
    func twice() throws {
        let about =
            "title: x\nwhy: x\nupstream: thing\nversions: '>=1'\nvariants:\n  - name: v1\n    versions: '>=1'\nevidence: x\nstatus: local\n"
        for project in ["p", "q"] {
            _ = try place.write("\(project)/patches/thing/one/patch.yaml", about)
            _ = try place.write("\(project)/patches/thing/one/v1.patch", "--- a/none\n+++ b/none\n@@ -1 +1 @@\n-one\n+two\n")
        }
        let found = try ran(["patches", "list", "--project", "\(place.path)/p", "--project", "\(place.path)/q"])
        #expect(found.status == 65, "\(found)")
        for project in ["p", "q"] { #expect(found.output.contains("\(place.path)/\(project)/patches/thing/one"), "\(found)") }
    }
}
