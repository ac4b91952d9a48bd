import Foundation
import Testing

/// Options that every command has, and what new users stumbled over.
struct OptionTests {
    private let place: ProjectFixture

    init() throws { place = try ProjectFixture() }

    private var healthy: String { Tool.project.appending(path: "Tests/Verdicts/log-plain-healthy/node.log").path }
    private var fatal: String { Tool.project.appending(path: "Tests/Verdicts/log-plain-fatal/node.log").path }

    @Test("a log without anything bad is graded with exit code 0, unless only clean will do, or another grade is expected")
    func grades() async throws {
        let tool = place.tool
        #expect(try await tool.ran(["grade", healthy]).status == 0)
        #expect(try await tool.ran(["grade", healthy, "--require-clean"]).status == 1)
        #expect(try await tool.ran(["grade", healthy, "--run", "all"]).status == 0)
        #expect(try await tool.ran(["grade", fatal]).status == 1)
        #expect(try await tool.ran(["grade", fatal, "--run", "all"]).status == 1)
        #expect(try await tool.ran(["grade", fatal, "--expect", "fatal"]).status == 0)
        #expect(try await tool.ran(["grade", fatal, "--expect", "fatal, memory cache"]).status == 0)
        #expect(try await tool.ran(["grade", fatal, "--expect", "fatal, percpu"]).status == 1)
        #expect(try await tool.ran(["grade", healthy, "--expect", "degraded"]).status == 1)
        #expect(try await tool.ran(["grade", healthy, "--expect", "good"]).status == 64)
        #expect(try await tool.ran(["grade", healthy, "--json"]).json()["isWithoutFault"] as? Bool == true)
        #expect(try await tool.ran(["grade", fatal, "--json"]).json()["isWithoutFault"] as? Bool == false)
    }

    @Test("the exit code is 0 for exactly those recorded logs that show a start, are complete, and have no fault")
    func faultless() async throws {
        let folder = Tool.project.appending(path: "Tests/Verdicts")
        var found: Set<String> = []
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            let log = folder.appending(path: "\(name)/node.log").path
            guard FileManager.default.fileExists(atPath: log) else { continue }
            if try await place.tool.ran(["grade", log, "--quiet"]).status == 0 { found.insert(name) }
        }
        let wrappers = [
            "actions", "color", "compose", "cri", "crlf", "docker", "journal", "journal-json", "journal-precise", "json", "kubectl",
            "plain", "utf16",
        ]
        let quoted = ["cri", "docker", "journal-json", "journal"].map { "log-\($0)-quoted" }
        let others = [
            "log-groups-of-a-pod", "log-healthy-says-ok", "log-newborn", "log-panic-then-lives", "log-quoted-by-a-pod", "log-warm-up-only",
            "run-clock-anew", "run-crash-loop-then-healthy", "run-degraded-then-healthy", "run-new-process-plain", "run-new-version-line",
            "systemd-failed-stop", "systemd-other-unit-ends", "systemd-stopped", "systemd-word-in-a-message",
        ]
        #expect(found == Set(wrappers.map { "log-\($0)-healthy" } + quoted + others))
    }

    @Test("a result is JSON, YAML or a table, and --json is -o json")
    func formats() async throws {
        let tool = place.tool
        let json = try await tool.ran(["patches", "show", "percpu", "-o", "json"])
        #expect(try json.json()["name"] as? String == "libcontainer/percpu")
        #expect(try await tool.ran(["patches", "show", "percpu", "--json"]).output == json.output)
        let yaml = try await tool.ran(["patches", "show", "percpu", "-o", "yaml"])
        #expect(yaml.output.contains("\nname: libcontainer/percpu\n"), "\(yaml.output)")
        // The same document: Python's reader of YAML sees what its reader of JSON sees.
        #expect(
            try python(
                "import sys, json, yaml; print(yaml.safe_load(open(sys.argv[1])) == json.load(open(sys.argv[2])))", yaml.output, json.output
            ) == "True\n")
        #expect(try await tool.ran(["patches", "show", "percpu", "-o", "table"]).output.hasPrefix("libcontainer/percpu: "))
        #expect(try await tool.ran(["patches", "-o", "xml"]).status == 64)
        #expect(try await tool.ran(["patches", "--json", "-o", "yaml"]).status == 64)
        let error = try await tool.ran(["recipes", "show", "nothing", "-o", "yaml"])
        #expect(error.output.contains("exit: 64") && error.status == 64)
    }

    private func python(_ program: String, _ texts: String...) throws -> String {
        let files = try texts.map { text in
            let file = "\(place.path)/\(UUID())"
            try text.write(toFile: file, atomically: true, encoding: .utf8)
            return file
        }
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/python3")
        process.arguments = ["-c", program] + files
        let output = "\(place.path)/python-output"
        #expect(FileManager.default.createFile(atPath: output, contents: nil))
        process.standardOutput = try FileHandle(forWritingTo: URL(filePath: output))
        try process.run()
        process.waitUntilExit()
        return try String(contentsOfFile: output, encoding: .utf8)
    }

    @Test("--dry-run names what would be built and booted, and makes no workspace")
    func dryRun() async throws {
        let tool = Tool(workspace: "\(place.path)/not-made")
        let plan = try await tool.ran(["run", "--dry-run", "--json"]).json()
        #expect(plan["steps"] as? [String] == ["resolve", "fetch", "patch", "build", "verify"])
        #expect(plan["layouts"] as? [String] == ["root-9p"])
        #expect((plan["series"] as? [[String]])?.first?.contains("libcontainer/percpu") == true)
        #expect((plan["go"] as? String)?.hasPrefix(">=") == true)
        for command in [["build"], ["matrix"], ["up"], ["verify"]] { #expect(try await tool.ran(command + ["--dry-run"]).status == 0) }
        #expect(!FileManager.default.fileExists(atPath: tool.workspace))
    }

    /// Command lines that are refused before a build, and their exit codes.
    private static let refused: [(arguments: [String], code: Int32)] = [
        (["build", "runc@1.1.5"], 64), (["up", "runc"], 64), (["verify", "runc"], 64), (["run", "runc", "--level", "pod"], 64),
        (["matrix", "runc", "--level", "ready"], 64), (["run", "runc", "--level", "component", "--probe", "nope"], 64),
        (["run", "--source", "/nope"], 69), (["build", "--source", "/etc/hostname"], 69), (["up", "--runsc", "/nope"], 69),
    ]

    @Test("--dry-run refuses what the command itself refuses without a build, with the same words", arguments: refused)
    func dryRunRefuses(_ arguments: [String], _ code: Int32) async throws {
        let plan = try await place.tool.ran(arguments + ["--dry-run"])
        let real = try await place.tool.ran(arguments)
        #expect(plan.status == code && real.status == code, "\(plan) \(real)")
        #expect(plan.errors == real.errors && plan.output.isEmpty)
    }

    @Test("the plan shows the Go and the source that were given")
    func dryRunShows() async throws {
        let plan = try await place.tool.ran(["build", "--dry-run", "--go", ">=99", "--source", place.path, "--json"]).json()
        #expect(plan["go"] as? String == ">=99: none is installed; a build looks for one in the package index")
        #expect(plan["source"] as? String == "folder \(place.path)")
        let shown = try await place.tool.ran(["build", "--dry-run", "--go", ">=99", "--source", place.path])
        #expect(shown.output.contains(">=99: none") && shown.output.contains("folder \(place.path)"), "\(shown.output)")
    }

    @Test("--keep-failed keeps what a step that failed left, and says where; without it, nothing stays")
    func keepFailed() async throws {
        let origin = try Origin()
        try origin.write("a.tar", "no archive")
        try origin.archiveRecipe(at: ["file://\(origin.path)/a.tar"], file: "a.tar")
        let plain = try await origin.tool.ran(["fetch", "thing"])
        #expect(plain.status != 0 && !FileManager.default.fileExists(atPath: "\(origin.tool.workspace)/failed"))
        let kept = try await origin.tool.ran(["fetch", "thing", "--keep-failed"])
        #expect(kept.status == plain.status && kept.errors.contains("kept what the failed step left: \(origin.tool.workspace)/failed/"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(origin.tool.workspace)/failed").count == 1)
    }

    /// Runs the program as somebody who is not root and owns nothing in a folder.
    private func asNobody(_ arguments: [String], workspace: String) throws -> (Int32, String) {
        let program = try Tool.program.path
        return try outcome(
            of: "/usr/bin/setpriv",
            ["--reuid=65534", "--regid=65534", "--clear-groups", program] + arguments
                + ["--workspace", workspace, "--project", Tool.project.path])
    }

    @Test(
        "a workspace that somebody else owns is told before anything is done, and doctor says it too", .enabled(if: geteuid() == 0),
        arguments: [["run"], ["build"], ["matrix"], ["up"], ["verify"], ["fetch"], ["patches", "test", "percpu"]])
    func foreign(_ command: [String]) throws {
        #expect(chmod(place.path, 0o755) == 0)
        let absent = try asNobody(command, workspace: "\(place.path)/workspace")
        #expect(absent.0 == 74 && absent.1.contains("\(place.path) is not writable by you, so the workspace "), "\(absent)")
        try FileManager.default.createDirectory(atPath: "\(place.path)/theirs/tmp", withIntermediateDirectories: true)
        let theirs = try asNobody(command, workspace: "\(place.path)/theirs")
        #expect(theirs.0 == 74 && theirs.1.contains("\(place.path)/theirs is not writable by you\n"), "\(theirs)")
        #expect(chmod("\(place.path)/theirs", 0o777) == 0)
        let half = try asNobody(command, workspace: "\(place.path)/theirs")
        #expect(half.0 == 74 && half.1.contains("/theirs/tmp is not writable by you: it belongs to the workspace "), "\(half)")
        #expect(try asNobody(["doctor"], workspace: "\(place.path)/theirs").1.contains("is not writable by you"))
    }

    @Test(
        "nothing is downloaded for a boot that needs root, without root", .enabled(if: geteuid() == 0),
        arguments: ["run", "matrix", "up", "verify"])
    func rootFirst(_ command: String) throws {
        #expect(chmod(place.path, 0o777) == 0)
        let workspace = "\(place.path)/own"
        let found = try asNobody([command, "--go", ">=1.19"], workspace: workspace)
        #expect(found.0 == 69 && found.1.contains("booting requires root"), "\(found)")
        #expect(!FileManager.default.fileExists(atPath: "\(workspace)/tools"))
    }

    @Test("a command that takes longer than its --timeout ends with 124 and says so")
    func timeout() async throws {
        let pipe = "\(place.path)/pipe"
        #expect(mkfifo(pipe, 0o600) == 0)
        // Open for writing too, so that a reader waits for ever.
        let held = open(pipe, O_RDWR)
        defer { close(held) }
        let found = try await place.tool.ran(["grade", pipe, "--timeout", "1s"])
        #expect(found.status == 124)
        #expect(found.errors.contains("not finished within 1s (--timeout)"))
        #expect(try await place.tool.ran(["grade", healthy, "--timeout", "1m"]).status == 0)
    }

    @Test("version tells the version, the platform and the folders, and --version the version alone")
    func version() async throws {
        let version = try await place.tool.ran(["version", "--json"]).json()
        #expect(version["workspace"] as? String == place.tool.workspace)
        #expect(version["projects"] as? [String] == [Tool.project.path])
        let short = try await place.tool.ran(["--version"])
        let number = try #require(version["version"] as? String)
        #expect(short.status == 0 && short.output == "\(number)\n")
    }

    @Test("recipes show checks the series, and tells for each value of an extending recipe where it comes from")
    func recipe() async throws {
        let folder = "\(place.path)/company"
        try FileManager.default.createDirectory(atPath: "\(folder)/recipes", withIntermediateDirectories: true)
        try "title: ours\nextends: kubelet-1.20\nseries: [libcontainer/percpu]\n"
            .write(toFile: "\(folder)/recipes/ours.yaml", atomically: true, encoding: .utf8)
        try "title: wrong\nextends: kubelet-1.20\nseries: [libcontainer/percpi]\n"
            .write(toFile: "\(folder)/recipes/wrong.yaml", atomically: true, encoding: .utf8)
        let shown = try await place.tool.ran(["recipes", "show", "ours", "--project", folder])
        let line = try #require(shown.output.split(separator: "\n").first { $0.hasPrefix("series ") && $0.contains("ours.yaml") })
        #expect(line.contains("[libcontainer/percpu]") && line.hasSuffix("ours.yaml:3"))
        #expect(shown.output.contains("kubelet-1.20.yaml:"))
        let document = try await place.tool.ran(["recipes", "show", "ours", "--project", folder, "--json"])
        try expectDocument(document.output, is: "recipes-show")
        let origins = try #require(try document.json()["origins"] as? [[String: Any]])
        let series = try #require(origins.first { $0["key"] as? String == "series" })
        #expect(series["value"] as? String == "[libcontainer/percpu]" && series["line"] as? Int == 3)
        #expect(Set(origins.compactMap { ($0["file"] as? String)?.split(separator: "/").last }) == ["ours.yaml", "kubelet-1.20.yaml"])
        let own = try await place.tool.ran(["recipes", "show", "ours", "--file", "--project", folder, "--json"])
        try expectDocument(own.output, is: "recipes-show")
        let text = try String(contentsOfFile: "\(folder)/recipes/ours.yaml", encoding: .utf8)
        #expect(try own.json()["text"] as? String == text && own.json()["origins"] == nil)
        let wrong = try await place.tool.ran(["recipes", "show", "wrong", "--project", folder])
        #expect(wrong.status == 64 && wrong.errors.contains("did you mean"), "\(wrong.errors)")
    }

    @Test("where a result cannot be renamed to another file system, the error says so")
    func fileSystems() async throws {
        let there = "/dev/shm/ninepin-\(UUID().uuidString)"
        let key = String(repeating: "a", count: 64)
        try FileManager.default.createDirectory(atPath: "\(there)/build/\(key)", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: there) }
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: 0)], ofItemAtPath: "\(there)/build/\(key)")
        try FileManager.default.createDirectory(atPath: place.tool.workspace, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: "\(place.tool.workspace)/store", withDestinationPath: there)
        #expect(try await place.tool.ran(["gc"]).status == 0)
        let found = try await place.tool.ran(["gc", "--yes"])
        #expect(found.status == 74 && found.errors.contains("is on another file system"), "\(found)")
        #expect(FileManager.default.fileExists(atPath: "\(there)/build/\(key)"))
    }

    @Test("a folder that cannot be written, and a project that is none, are told with what to do")
    func errors() async throws {
        // Root may write every folder but one of a file system that is mounted read-only; that mount is in a namespace of its own.
        let folder = "\(place.path)/closed"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o500])
        let script = geteuid() == 0 ? #"mount -t tmpfs -o ro none "$0" && exec "$@" 2>&1"# : #"exec "$@" 2>&1"#
        let arguments = [
            "-c", script, folder, try Tool.program.path, "fetch", "--workspace", "\(folder)/workspace", "--project", Tool.project.path,
        ]
        let closed =
            try geteuid() == 0
            ? outcome(of: "/usr/bin/unshare", ["--mount", "/bin/sh"] + arguments) : outcome(of: "/bin/sh", arguments)
        #expect(closed.0 == 74, "\(closed)")
        #expect(closed.1.contains("\(folder) is not writable by you, so the workspace \(folder)/workspace cannot be made"), "\(closed)")
        #expect(closed.1.contains("--workspace DIR"))
        let project = try await Tool(workspace: place.tool.workspace, project: "\(place.path)/nothing").ran(["recipes"])
        #expect(project.status == 64 && project.errors.contains("has neither recipes/ nor patches/"), "\(project.errors)")
        _ = try place.write("workspace/runs/20260101T000000-1/run.json", #"{"id": 7}"#)
        let record = try await place.tool.ran(["runs", "show", "20260101T000000-1"])
        #expect(record.status == 65 && record.errors.contains("cannot be read") && !record.errors.contains("Swift"), "\(record.errors)")
    }

    @Test("a recipe that cannot be read does not hide the others")
    func broken() async throws {
        for (name, text) in [("good", "title: Good\nextends: kubelet-1.20\n"), ("bad", "title: [\n")] {
            _ = try place.write("own/recipes/\(name).yaml", text)
        }
        let found = try await place.tool.ran(["recipes", "--json", "--project", "\(place.path)/own"])
        #expect(found.status == 65 && found.errors.contains("bad is left out: "), "\(found)")
        let names = try #require(found.json()["recipes"] as? [[String: Any]]).compactMap { $0["name"] as? String }
        #expect(names.contains("good") && names.contains("kubelet-1.20") && !names.contains("bad"), "\(names)")
    }

    @Test("help and usage errors are told in any width, also in one that no help fits into", arguments: ["0", "1", "5", "26", "39", "60"])
    func widths(_ columns: String) async throws {
        var tool = place.tool
        tool.environment["COLUMNS"] = columns
        let help = try await tool.ran(["run", "--help"])
        #expect(help.status == 0 && help.output.contains("OPTIONS:") && help.output.contains("--dry-run"), "\(help)")
        #expect(try await tool.ran(["run", "--nothing"]).status == 64)
    }

    @Test("a binary is not written to standard output, nor to a file with an empty name", arguments: ["-", ""])
    func output(_ name: String) async throws {
        let found = try await place.tool.ran(["build", "--output", name])
        #expect(found.status == 64 && found.errors.contains("--output expects a file"), "\(found)")
    }

    @Test("-v writes every event with its time, and -q and -v exclude each other")
    func verbose() async throws {
        let found = try await place.tool.ran(["gc", "--verbose"])
        #expect(found.errors.contains(/(^|\n) +[0-9]+\.[0-9] .*gc +workspace/), "\(found.errors)")
        #expect(try await place.tool.ran(["gc", "-q", "-v"]).status == 64)
    }

    @Test("in a locale without UTF-8, progress and grades have plain signs")
    func plain() async throws {
        var tool = place.tool
        tool.environment = ["LC_ALL": "C"]
        let found = try await tool.ran(["gc"])
        #expect(found.errors.utf8.allSatisfy { $0 < 128 }, "\(found.errors)")
        #expect(found.errors.contains("... gc"))
    }
}
