import Foundation
import Testing

/// What a user copies to run a night: each file is checked by its own tool, and its steps are run as they are written.
@Suite("The files for every night")
struct NightlyFilesTests {
    // MARK: GitHub and GitLab, checked

    @Test(
        "the workflows are accepted by GitHub's schema, by actionlint with shellcheck, and by zizmor's audit",
        arguments: [
            CIFiles.github, Tool.project.appending(path: ".github/workflows/test.yml"),
        ])
    func workflows(_ file: URL) async throws {
        let place = try ProjectFixture()
        for (checker, arguments) in Self.workflowCheckers {
            let found = try await Checkers.run(checker, arguments + [file.path], in: place)
            #expect(found.status == 0, "\(checker): \(found.output)")
        }
    }

    private static let workflowCheckers = [
        ("check-jsonschema", ["--builtin-schema", "vendor.github-workflows"]), ("actionlint", ["-no-color"]),
        ("zizmor", ["--offline", "--quiet"]),
    ]

    @Test(
        "each checker of workflows refuses a workflow with a mistake of its kind",
        arguments: [
            ("check-jsonschema", "    timeout-minutes: 350\n", "    timeout-minuets: 350\n"),
            ("actionlint", "${{ inputs.budget }}", "${{ input.budget }}"), ("actionlint", "\"${BUDGET:-4h}\"", "${BUDGET:-4h}"),
            ("zizmor", "@11bd71901bbe5b1630ceea73d27597364c9af683", "@v4"),
        ])
    func badWorkflows(_ checker: String, _ good: String, _ bad: String) async throws {
        let text = try String(contentsOf: CIFiles.github, encoding: .utf8)
        try #require(text.contains(good))
        let place = try ProjectFixture()
        let file = try place.write(".github/workflows/bad.yml", text.replacingOccurrences(of: good, with: bad))
        let arguments = try #require(Self.workflowCheckers.first { $0.0 == checker }).1
        #expect(try await Checkers.run(checker, arguments + [file], in: place).status != 0)
    }

    @Test("the GitLab job is accepted by GitLab's schema, which refuses one with a mistake")
    func gitlab() async throws {
        let place = try ProjectFixture()
        let arguments = ["--builtin-schema", "vendor.gitlab-ci"]
        let found = try await Checkers.run("check-jsonschema", arguments + [CIFiles.gitlab.path], in: place)
        #expect(found.status == 0, "\(found.output)")
        let text = try String(contentsOf: CIFiles.gitlab, encoding: .utf8)
        let bad = try place.write("bad.yml", text.replacingOccurrences(of: "exit_codes: [70]", with: "exit_codes: harness"))
        #expect(try await Checkers.run("check-jsonschema", arguments + [bad], in: place).status != 0)
        let scripts = try place.write(
            "scripts.sh",
            "#!/bin/bash\n"
                + CIFiles.gitlabScript("before_script", "script", "after_script").replacingOccurrences(of: "$BUDGET", with: "$1"))
        let shell = try await Checkers.run("shellcheck", [scripts], in: place)
        #expect(shell.status == 0, "\(shell.output)")
    }

    // MARK: GitHub and GitLab, run

    @Test("the steps of the workflow, run as they are written: the build, a night that cannot measure, its report, annotations and summary")
    func githubSteps() async throws {
        let machine = try CIMachine()
        let summary = try machine.place.write("summary.md", "# Of another step\n")
        let steps = try CIFiles.githubScripts()
        try #require(steps.count == 4 && steps[0...2].allSatisfy { $0.condition == nil })
        #expect(steps[2].environment == ["BUDGET": "${{ inputs.budget }}"])
        for step in steps[0...1] {
            let done = try await machine.run(step.script)
            #expect(done.status == 0, "\(step.script): \(done.output)")
        }
        #expect(
            machine.called() == [
                "apt-get -qq update", "apt-get -y -qq install make python3", "swift --version", "swift build -c release --product ninepin",
            ])
        // A schedule has no inputs.
        let night = try await machine.run(steps[2].script, ["BUDGET": "", "GITHUB_STEP_SUMMARY": summary])
        #expect(night.status == 70, "\(night.output)")
        #expect(night.output.contains("::"), "\(night.output)")
        #expect(machine.has("junit.xml") && machine.has("report/index.html"), "\(night.output)")
        let words = try String(contentsOfFile: summary, encoding: .utf8)
        #expect(words.hasPrefix("# Of another step\n") && words.contains("gone"), "\(words)")
        // The report is there, so that the last step has nothing to do.
        #expect(steps[3].condition == "failure() || cancelled()")
        let last = try await machine.run(steps[3].script)
        #expect(last.status == 0 && last.output.isEmpty, "\(last.output)")
    }

    @Test("a night without a report gets one from the ledger, by the last step of the workflow and of the GitLab job")
    func interrupted() async throws {
        for script in [try #require(try CIFiles.githubScripts().last).script, try CIFiles.gitlabScript("after_script")] {
            let machine = try CIMachine()
            let built = try await machine.run("make build")
            #expect(built.status == 0, "\(built.output)")
            let done = try await machine.run(script)
            #expect(done.status == 0, "\(done.output)")
            #expect(machine.has("junit.xml") && machine.has("report/index.html"), "\(done.output)")
        }
    }

    @Test("the script of the GitLab job, run as it is written, ends with the night's exit code and leaves the report")
    func gitlabSteps() async throws {
        let machine = try CIMachine()
        let budget = try #require((try CIFiles.gitlabJob()["variables"] as? [String: String])?["BUDGET"])
        let night = try await machine.run(try CIFiles.gitlabScript("before_script", "script"), ["BUDGET": budget])
        #expect(night.status == 70, "\(night.output)")
        #expect(machine.has("junit.xml") && machine.has("report/index.html"), "\(night.output)")
        #expect((try CIFiles.gitlabJob()["allow_failure"] as? [String: [Int]])?["exit_codes"] == [70])
    }

    @Test("the night's exit code is the step's, on GitHub and on GitLab", arguments: [0, 1, 70])
    func exitCodes(_ code: Int32) async throws {
        let place = try ProjectFixture()
        let program = try place.write("ninepin", "#!/bin/sh\necho \"$*\" > called\nexit \(code)\n")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
        let machine = try CIMachine(program: program)
        #expect(try await machine.run("make build").status == 0)
        #expect(try await machine.run(try CIFiles.githubScripts()[2].script, ["BUDGET": "90m"]).status == code)
        let called = try String(contentsOfFile: "\(machine.project)/called", encoding: .utf8)
        #expect(called == "nightly --budget 90m --html report --junit junit.xml --github\n")
        #expect(try await machine.run(try CIFiles.gitlabScript("script"), ["BUDGET": "4h"]).status == code)
    }

    @Test("a CI file caches what a night leaves in its workspace, and uploads what its steps write")
    func paths() throws {
        let kept: Set = ["ledger.sqlite", "runs", "cache", "mirrors", "store", "tools"]
        let caches = try #require(try CIFiles.gitlabJob()["cache"] as? [[String: Any]])
        #expect(Set(caches.flatMap { $0["paths"] as? [String] ?? [] }) == Set(kept.map { "Workspace/\($0)" }))
        #expect(caches.allSatisfy { $0["when"] as? String == "always" })
        for action in ["actions/cache/restore@", "actions/cache/save@"] {
            let steps = try CIFiles.githubSteps().filter { ($0["uses"] as? String)?.hasPrefix(action) == true }
            let lists = steps.map { Self.lines(($0["with"] as? [String: String])?["path"]) }
            #expect(Set(lists.joined()) == Set(kept.map { "Workspace/\($0)" }), "\(action)")
        }
        let upload = try #require(
            try CIFiles.githubSteps().first { ($0["uses"] as? String)?.hasPrefix("actions/upload-artifact@") == true })
        #expect(Self.lines((upload["with"] as? [String: Any])?["path"] as? String) == ["report", "junit.xml"])
        #expect(upload["if"] as? String == "always()")
    }

    private static func lines(_ text: String?) -> [String] { (text ?? "").split(separator: "\n").map(String.init) }

    // MARK: systemd

    /// The service as it is installed, with a folder of the test in the place of `/opt`.
    private func installed(_ place: ProjectFixture) throws -> (service: String, timer: String) {
        try FileManager.default.createDirectory(atPath: "\(place.path)/opt/ninepin/bin", withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: "\(place.path)/opt/ninepin/bin/ninepin", withDestinationPath: try Tool.program.path)
        try FileManager.default.createSymbolicLink(
            atPath: "\(place.path)/opt/ninepin/systemd", withDestinationPath: CIFiles.folder.appending(path: "systemd").path)
        let text = try String(contentsOf: CIFiles.service, encoding: .utf8).replacingOccurrences(of: "/opt/", with: "\(place.path)/opt/")
        let timer = try String(contentsOf: CIFiles.timer, encoding: .utf8)
        return (try place.write("ninepin-nightly.service", text), try place.write("ninepin-nightly.timer", timer))
    }

    @Test("systemd-analyze verify accepts the timer and the service, and refuses a key that systemd does not know")
    func units() throws {
        let place = try ProjectFixture()
        let (service, timer) = try installed(place)
        let found = try outcome(of: "/usr/bin/systemd-analyze", ["verify", service, timer])
        #expect(found.status == 0 && found.output.isEmpty, "\(found.output)")
        let text = try String(contentsOfFile: service, encoding: .utf8)
        try Data(text.replacingOccurrences(of: "KillMode=mixed", with: "KillMood=mixed").utf8).write(to: URL(filePath: service))
        #expect(try outcome(of: "/usr/bin/systemd-analyze", ["verify", service]).output.contains("KillMood"))
    }

    @Test("the timer's time is one that systemd understands, once a night")
    func calendar() throws {
        let found = try outcome(
            of: "/usr/bin/systemd-analyze", ["calendar", "--iterations=2", try CIFiles.value("OnCalendar", in: CIFiles.timer)])
        #expect(found.status == 0 && found.output.contains("Normalized form: *-*-* 01:30:00"), "\(found.output)")
    }

    @Test(
        "the service's command, run as it is written, leaves its report in the state directory; then it says what the end means, and where")
    func service() async throws {
        let place = try ProjectFixture()
        _ = try installed(place)
        let state = "\(place.path)/state"
        try CIMachine.content(of: place, in: "state/ninepin")
        let words = { (key: String) in
            try CIFiles.value(key, in: CIFiles.service).replacingOccurrences(of: "%S", with: state)
                .replacingOccurrences(of: "/opt/", with: "\(place.path)/opt/").split(separator: " ").map(String.init)
        }
        let variable = try #require(try words("Environment").first).split(separator: "=", maxSplits: 1).map(String.init)
        let night = try await ended(
            try words("ExecStart"), [variable[0]: variable[1]], in: try #require(try words("WorkingDirectory").first), place)
        #expect(night.status == 70, "\(night.output)")
        let report = "\(state)/ninepin/report/index.html"
        #expect(FileManager.default.fileExists(atPath: report), "\(night.output)")
        #expect(FileManager.default.fileExists(atPath: "\(state)/ninepin/junit.xml"))
        #expect(FileManager.default.fileExists(atPath: "\(state)/ninepin/workspace/ledger.sqlite"))
        let ends: [(result: String, status: String, says: String)] = [
            ("success", "0", "Every expectation holds. Report: \(report)\n"),
            ("exit-code", "1", "An expectation is broken. Report: \(report)\n"),
            ("exit-code", "70", "Ninepin could not measure everything; no expectation is broken. Report: \(report)\n"),
            ("success", "130", "The night was stopped. To resume it: systemctl start ninepin-nightly\n"),
            ("success", "INT", "The night was stopped. To resume it: systemctl start ninepin-nightly\n"),
            ("oom-kill", "KILL", "The night did not finish (oom-kill, KILL). Log: journalctl -u ninepin-nightly\n"),
        ]
        for end in ends {
            let environment = ["SERVICE_RESULT": end.result, "EXIT_STATUS": end.status]
            let said = try await ended(try words("ExecStopPost"), environment, in: place.path, place)
            #expect(said.status == 0 && said.output == end.says)
        }
    }

    /// Runs a command of a unit; systemd starts it without a shell.
    private func ended(
        _ words: [String], _ environment: [String: String], in folder: String, _ place: ProjectFixture
    ) async throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: try #require(words.first))
        process.arguments = Array(words.dropFirst())
        process.currentDirectoryURL = URL(filePath: folder)
        process.environment = ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"].merging(environment) { _, new in new
        }
        return try await process.ended(in: place)
    }

    @Test("a stop of the service is a Ctrl-C: the signal and the exit code are those that end a night without harm")
    func stop() throws {
        #expect(try CIFiles.value("KillSignal", in: CIFiles.service) == "SIGINT")
        #expect(try CIFiles.value("SuccessExitStatus", in: CIFiles.service) == "130 SIGINT")
    }
}
