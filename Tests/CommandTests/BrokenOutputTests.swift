import Foundation
import Glibc
import Model
import Testing

@Suite("Output that cannot be written", .serialized, .timeLimit(.minutes(3)))
struct BrokenOutputTests {
    /// Commands that need neither root nor a network and write to standard output. `LOG` is a log, `ELF` a program.
    private static let answers: [[String]] = [
        ["--help"], ["--version"], ["help"], ["help", "run"], ["run", "--help"], ["patches", "--help"], [],
        ["--generate-completion-script", "bash"], ["--generate-completion-script", "zsh"], ["--experimental-dump-help"],
        ["grade", "LOG"], ["grade", "LOG", "--json"], ["inspect", "ELF"], ["inspect", "ELF", "--json"], ["preflight"],
        ["preflight", "--json"],
        ["doctor"], ["doctor", "--json"], ["nodes"], ["nodes", "--json"], ["recipes"], ["recipes", "list", "--json"],
        ["recipes", "show", "kubelet-1.20"], ["patches"], ["patches", "show", "percpu"], ["patches", "show", "percpu", "--json"],
        ["patches", "check", "--all"], ["patches", "show", "nothing", "--json"], ["down", "--all", "--json"],
    ]
    /// One command for each way of writing.
    private static let some: [[String]] = [
        ["--help"], ["--generate-completion-script", "zsh"], ["grade", "LOG"], ["preflight", "--json"], ["recipes"],
        ["patches", "show", "percpu"],
        ["patches", "show", "nothing", "--json"],
    ]
    /// Commands that write to standard error.
    private static let complaints: [[String]] = [
        ["dance"], ["--dance"], ["run", "nothing"], ["grade", "/nowhere/log"], ["grade"], ["patches", "show", "nothing"],
        ["run", "--series", "percpu,"],
    ]

    private func program(_ place: ProjectFixture, _ arguments: [String], shell: String) throws -> Program {
        let log = try place.write("log", "F1123 12:00:01.000000 1 kubelet.go:1] Started kubelet\n")
        let words = arguments.map { $0 == "LOG" ? log : $0 == "ELF" ? "/bin/true" : $0 }
        var tool = place.tool
        tool.environment = [
            "PATH": "/usr/bin:/bin", "NINEPIN_WORKSPACE": tool.workspace, "HOME": place.path, "GIT_AUTHOR_NAME": "A Tester",
            "GIT_AUTHOR_EMAIL": "tester@example.org",
        ]
        let project = ["inspect", "doctor", "nodes", "recipes", "patches", "run"].contains(arguments.first ?? "")
        let isShown = arguments.contains("--help") || arguments == ["run", "--series", "percpu,"]
        return try Program(
            tool, words + (project && !isShown && arguments.count > 1 ? ["--project", tool.project] : []), shell: shell, in: place.path)
    }

    @Test("on standard output is exit code 74, with a word on standard error", arguments: answers)
    func fullOutput(_ arguments: [String]) async throws {
        let place = try ProjectFixture()
        let program = try program(place, arguments, shell: "exec >/dev/full")
        #expect(try await program.ending() == 74, "\(program.said)")
        #expect(program.said.contains("cannot write to standard output: No space left on device"), "\(program.said)")
    }

    @Test("because it is closed, is exit code 74", arguments: some)
    func closedOutput(_ arguments: [String]) async throws {
        let place = try ProjectFixture()
        let program = try program(place, arguments, shell: "exec >&-")
        #expect(try await program.ending() == 74, "\(program.said)")
    }

    @Test("into a pipe that nobody reads is death by SIGPIPE, or exit code 74 where that signal has no effect", arguments: some)
    func brokenPipe(_ arguments: [String]) async throws {
        let place = try ProjectFixture()
        let pipe = "\(place.path)/pipe"
        try #require(mkfifo(pipe, 0o600) == 0)
        // The shell opens both ends, and keeps only the write end, which has no reader.
        let broken = "exec 3<>'\(pipe)' >'\(pipe)' 3>&-"
        let dead = try program(place, arguments, shell: broken)
        #expect(try await dead.ending() == 128 + SIGPIPE, "\(dead.said)")
        let deaf = try program(place, arguments, shell: "trap '' PIPE\n\(broken)")
        #expect(try await deaf.ending() == 74, "\(deaf.said)")
    }

    @Test("of an error on standard error is exit code 74", arguments: complaints)
    func fullErrors(_ arguments: [String]) async throws {
        let place = try ProjectFixture()
        let program = try program(place, arguments, shell: "exec 2>/dev/full")
        #expect(try await program.ending() == 74, "\(program.said)")
    }

    @Test("of progress makes 74 of 0, and leaves an answer of no as it is")
    func progress() async throws {
        let origin = try Origin()
        try origin.archive("HEAD", as: "a.tar")
        try origin.archiveRecipe(at: ["file://\(origin.path)/a.tar"], file: "a.tar")
        let done = try Program(origin, ["fetch", "thing"], shell: "exec 2>/dev/full")
        #expect(try await done.ending() == 74)
        #expect(try done.said.contains(origin.tree("HEAD")), "the answer is there: \(done.said)")
        let quiet = try Program(origin, ["fetch", "thing", "--quiet"], shell: "exec 2>/dev/full")
        #expect(try await quiet.ending() == 0, "nothing was to be written there")
        try FileManager.default.createDirectory(atPath: "\(origin.path)/project/patches/thing/one", withIntermediateDirectories: true)
        let about = "variants:\n  - name: v1\n    versions: '>=1'\nevidence: x\nstatus: local\n"
        try origin.write("project/patches/thing/one/patch.yaml", "title: x\nwhy: x\nupstream: thing\nversions: '>=1'\n\(about)")
        try origin.write("project/patches/thing/one/v1.patch", "--- a/none\n+++ b/none\n@@ -1 +1 @@\n-one\n+two\n")
        let no = try Program(origin, ["patches", "check", "thing"], shell: "exec 2>/dev/full")
        #expect(try await no.ending() == 1, "\(no.said)")
    }

    @Test("to a file that was asked for is exit code 74")
    func files() async throws {
        let place = try ProjectFixture()
        let full = try program(place, ["reference", "/proc/self"], shell: "")
        #expect(try await full.ending() == 74, "\(full.said)")
        let bundle = try program(
            place,
            ["pr", "percpu", "--upstream", "cgroups", "--variant", "v1.1", "--out", "/proc/self/bundle", "--project", Tool.project.path],
            shell: "")
        #expect(try await bundle.ending() == 74, "\(bundle.said)")
    }
}
