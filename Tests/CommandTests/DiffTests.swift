import Foundation
import Model
import Testing

@Suite("ninepin diff, on recorded runs", .timeLimit(.minutes(2)))
struct DiffTests {
    /// A project whose workspace has runs that an older version recorded: only their folders.
    static func project() throws -> ProjectFixture {
        let place = try ProjectFixture()
        try record("20260101T000000-1a", in: place, log: "Started kubelet\nit lives\n")
        try record("20260101T000000-1b", in: place, log: "Started kubelet\nit lives\n", seconds: 9)
        try record(
            "20260102T000000-2", in: place, log: "Started kubelet\nBoom \u{1B}[2J\u{202E}\nit ended\n", grade: "fatal", series: "a/one")
        return place
    }

    private static func record(
        _ id: String, in place: ProjectFixture, log: String, grade: String = "clean", series: String? = nil, seconds: Double = 1
    ) throws {
        let digest = String(repeating: "1", count: 64)
        let evidence =
            grade == "fatal"
            ? #"{"kind": "log", "text": "Boom", "source": "kubelet", "line": 2, "seconds": 1}"#
            : #"{"kind": "probe", "text": "ok", "source": "/healthz", "line": null, "seconds": 1}"#
        _ = try place.write(
            "workspace/runs/\(id)/run.json",
            """
            {"id": "\(id)", "started": "2026-01-01T00:00:00Z", "recipe": "r", "series": [\(series.map { "\"\($0)\"" } ?? "")],
             "layout": "root-9p", "artifact": {"digest": "\(digest)", "path": "/p", "bytes": 1},
             "steps": [{"name": "verify", "key": "\(digest)", "cached": false, "seconds": \(seconds)}], "tools": {"go": "1"},
             "secondsToVerdict": 0.5, "verdict": {"grade": "\(grade)", "level": "boot", "summary": "s",
             "evidence": [\(evidence)], "notes": []}}
            """)
        _ = try place.write("workspace/runs/\(id)/kubelet.log", log)
    }

    @Test("both verdicts, what differs by group, the lines that only one log has, and what is the same")
    func text() async throws {
        let place = try Self.project()
        let found = try await place.tool.ran(["diff", "20260101T000000-1a", "20260102", "--limit", "1"])
        #expect(found.status == 1, "\(found.errors)")
        let lines = found.output.split(separator: "\n").map(String.init)
        #expect(lines.first == "clean → fatal")
        #expect(lines.contains("    + added: a/one"), "\(found.output)")
        #expect(lines.contains("  *+ 2: Boom \\u{1B}[2J\\u{202E}"), "\(found.output)")
        #expect(lines.contains("kubelet.log, different messages: 1 in both, 1 only in the first, 2 only in the second"))
        #expect(lines.contains("    2 more; --all shows them"))
        #expect(lines.last?.hasPrefix("same: ") == true && lines.last?.contains("tools (1)") == true)
        #expect(obeyed(found.output) == [])
    }

    @Test("the document is as docs/diff.schema.json says, with and without logs")
    func document() async throws {
        let place = try Self.project()
        for options in [["--counts"], ["--no-logs"], ["--logs", "kubelet", "--all"]] {
            let found = try await place.tool.ran(["diff", "20260101T000000-1a", "20260102T000000-2", "--json"] + options)
            #expect(found.status == 1, "\(found.errors)")
            #expect(obeyed(found.output) == [])
            try expectDocument(found.output, is: "diff.schema.json")
        }
    }

    @Test("the exit code is 0 if nothing differs that can decide a verdict")
    func good() async throws {
        let place = try Self.project()
        let same = try await place.tool.ran(["diff", "20260101T000000-1a", "20260101T000000-1a"])
        #expect(same.status == 0 && same.output.contains("both clean") && same.output.contains("nothing differs"), "\(same)")
        let slower = try await place.tool.ran(["diff", "20260101T000000-1a", "20260101T000000-1b"])
        #expect(slower.status == 0 && slower.output.contains("step verify: 1 s → 9 s  (9.0x)"), "\(slower)")
        #expect(!slower.output.contains("nothing differs"))
    }

    @Test(
        "an unknown run, an ambiguous one, and options that exclude each other are usage errors that say what to do",
        arguments: [
            (["20260101", "20260102"], "20260101T000000-1a, 20260101T000000-1b; give more of the ID"),
            (["20270101", "20260102"], "'ninepin history' lists them"), (["../runs", "20260102"], "no recorded run begins with"),
            (["", "20260102"], "no recorded run begins with"),
            (["20260102", "20260102", "--logs", "none"], "neither run has a log 'none'"),
            (["20260102", "20260102", "--limit", "0"], "--limit must be at least 1"),
            (["20260102", "20260102", "--limit", "1", "--all"], "cannot be combined"),
            (["20260102", "20260102", "--no-logs", "--all"], "cannot be combined"),
        ])
    func usage(_ arguments: [String], _ expected: String) async throws {
        let place = try Self.project()
        let found = try await place.tool.ran(["diff"] + arguments)
        #expect(found.status == 64 && found.errors.contains(expected), "\(found)")
    }

    @Test(
        "a patch, even one that begins with a digit, is shown as upstream's plain diff, byte for byte", arguments: ["percpu", "9p-source"])
    func patch(_ name: String) async throws {
        let place = try ProjectFixture()
        let shown = try await place.tool.ran(["diff", name])
        #expect(shown.status == 0, "\(shown)")
        let document = try await place.tool.ran(["diff", name, "--json"]).json()
        let (patch, variant) = (try #require(document["patch"] as? String), try #require(document["variant"] as? String))
        let text = try String(contentsOf: Tool.project.appending(path: "patches/\(patch)/\(variant).patch"), encoding: .utf8)
        #expect(shown.output == text && document["diff"] as? String == text)
        #expect(try await place.tool.ran(["diff", name, "--all"]).status == 64)
        #expect(try await place.tool.ran(["diff", "\(name)x"]).errors.contains("did you mean"), "a near name is suggested")
    }

    @Test("a log that was removed or changed is told")
    func changed() async throws {
        let place = try Self.project()
        _ = try await place.tool.ran(["history"])
        _ = try place.write("workspace/runs/20260102T000000-2/kubelet.log", "forged\n")
        let found = try await place.tool.ran(["diff", "20260101T000000-1a", "20260102"])
        #expect(found.output.contains("kubelet.log of the second run is not what was recorded: it was changed"), "\(found.output)")
        try FileManager.default.removeItem(atPath: "\(place.path)/workspace/runs/20260102T000000-2/kubelet.log")
        let gone = try await place.tool.ran(["diff", "20260101T000000-1a", "20260102"])
        #expect(gone.output.contains("kubelet.log of the second run was removed"), "\(gone.output)")
    }
}
