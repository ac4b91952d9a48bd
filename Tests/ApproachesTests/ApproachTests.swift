import Foundation
import Testing

@testable import Approaches

@testable import Model

@Suite("Approaches, as files and as a table")
struct ApproachTests {
    private static let head = "title: t\norder: 1\nchanges: c\nclaim: l\ngoodFor: g\n"

    private func read(_ rest: String) throws -> Approach { try Approach(yaml: Self.head + rest, file: "a.yaml", name: "a") }

    @Test("a file that changes nothing is of the stock node in runsc")
    func plain() throws {
        let approach = try read("")
        #expect(approach.subject == .series([]))
        #expect(approach.runtime == .runsc)
        #expect(
            approach.binds.isEmpty && approach.copies.isEmpty && approach.wrapper.isEmpty && approach.fuse == nil && approach.preload == nil
        )
    }

    @Test("every key is read")
    func whole() throws {
        let approach = try read(
            """
            subject: cadvisor/9p-line, libcontainer/percpu
            runtime: runc
            kubelet: [{versions: "<1.25", featureGates: {Some: false}}, {versions: ">=1.25", fields: {some: false}}]
            tools: [{name: proot, package: proot}]
            compile: [{source: x/y.c, at: /opt/y.so, shared: true}]
            copies: [{of: /sys/a, at: /tmp/a, files: {one: "0 0"}}]
            binds: [{of: /tmp/a, at: /sys/a}]
            fuse: {run: [/usr/bin/f, -f], at: /mnt}
            preload: /opt/y.so
            wrapper: [/usr/bin/proot, -b, "/a:/b"]
            asks: [{title: a question, run: [cat, /a], preloaded: true, early: true}]
            """)
        #expect(approach.subject.description == "cadvisor/9p-line,libcontainer/percpu")
        #expect(approach.runtime == .runc)
        #expect(
            approach.kubelet.map(\.featureGates) == [["Some": false], [:]] && approach.kubelet.map(\.fields) == [[:], ["some": false]])
        #expect(approach.tools == [Approach.Tool(name: "proot", package: "proot")])
        #expect(approach.compiled.map(\.isShared) == [true])
        #expect(approach.copies.first?.files == ["one": "0 0"])
        #expect(approach.binds.map(\.place.description) == ["/sys/a"])
        #expect(approach.fuse?.run.map(\.description) == ["/usr/bin/f", "-f"])
        #expect(approach.wrapper.map(\.description) == ["/usr/bin/proot", "-b", "/a:/b"])
        #expect(approach.questions.map(\.isPreloaded) == [true] && approach.questions.map(\.isEarly) == [true])
    }

    @Test(
        "a mistake is named with its place: line and column",
        arguments: [
            ("wraper: [x]", "a.yaml:6:1: unknown key 'wraper'"), ("runtime: docker", "a.yaml:6:10: unknown value 'docker'"),
            ("binds: [{of: tmp, at: /a}]", "a.yaml:6:14: 'of': expected an absolute path"),
            ("binds: [{of: /a/../b, at: /a}]", "a.yaml:6:14: 'of': expected an absolute path"),
            ("wrapper: [\"a;b\"]", "a.yaml:6:11: expected a word"), ("wrapper: [\"$(x)\"]", "a.yaml:6:11: expected a word"),
            ("fuse: {run: [], at: /a}", "a.yaml:6:13: 'run': expected a program"),
            ("kubelet: [{featureGates: {A: maybe}}]", "expected true or false at 'A', found 'maybe'"),
            ("kubelet: [{featureGates: {\"A: true, B\": true}}]", "expected a name of letters and digits"),
            ("preload: /opt/y.so", "a.yaml:6:10: 'preload': expected a shared library of 'compile'"),
            ("copies: [{at: /a, files: {../x: y}}]", "expected a plain file name"),
            ("tools: [{name: \"a b\", package: p}]", "expected a program name"), ("subject: percpu", "a.yaml:6:10: 'subject'"),
            ("compile: [{source: ../x.c, at: /x}]", "a.yaml:6:20: 'source': expected a relative path"),
        ])
    func mistakes(_ line: String, _ words: String) {
        #expect { try read(line) } throws: { "\($0)".contains(words) }
    }

    @Test("boots that agree have one outcome; boots that do not are inconclusive, whatever the best of them says")
    func agreement() throws {
        func attempt(_ grade: Grade, cause: Cause? = nil, seconds: Double = 1) -> ApproachAttempt {
            let evidence = [Evidence(kind: .log, text: "x", source: "kubelet")]
            return ApproachAttempt(
                Verdict(grade: grade, level: .boot, cause: cause, summary: "s", evidence: evidence), refusal: nil, answers: [],
                measures: Measures(secondsToHealth: seconds))
        }
        let approach = try read("")
        let same = try #require(
            ApproachTable.Row(
                approach, series: "none", attempts: [attempt(.clean), attempt(.clean, seconds: 9), attempt(.clean, seconds: 2)]))
        #expect(same.outcome == .clean && same.grade == .clean)
        #expect(same.measures.secondsToHealth == 2)
        let differing = try #require(ApproachTable.Row(approach, series: "none", attempts: [attempt(.clean), attempt(.fatal)]))
        #expect(differing.outcome == .inconclusive && differing.summary.contains("clean, fatal"))
        let causes = try #require(
            ApproachTable.Row(approach, series: "none", attempts: [attempt(.fatal, cause: .percpu), attempt(.fatal, cause: .pod)]))
        #expect(causes.outcome == .fatal && causes.cause == nil)
        #expect(ApproachTable.Row(approach, series: "none", attempts: []) == nil)
    }

    @Test("what was found is told only for the outcome that it was written for")
    func finding() throws {
        let approach = try read("finding: {when: degraded, text: it lives}\n")
        for (grade, text) in [(Grade.degraded, "it lives"), (.fatal, nil), (.inconclusive, nil)] {
            let verdict = Verdict(grade: grade, level: .boot, summary: "s", evidence: [])
            let attempt = ApproachAttempt(verdict, refusal: nil, answers: [], measures: Measures())
            #expect(ApproachTable.Row(approach, series: "none", attempts: [attempt])?.finding == text)
        }
        #expect { try read("finding: {when: good, text: x}") } throws: { "\($0)".contains("a.yaml:6:17: unknown value 'good'") }
    }

    @Test("a refusal is no grade: the row has the sandbox's own line, and null where a grade would be")
    func refusal() throws {
        let line = Evidence(kind: .harness, text: "mount: refused", source: "sandbox")
        let verdict = Verdict(grade: .inconclusive, level: .boot, summary: "could not be prepared", evidence: [line])
        let attempt = ApproachAttempt(verdict, refusal: [line], answers: [], measures: Measures())
        let row = try #require(ApproachTable.Row(try read(""), series: "none", attempts: [attempt]))
        #expect(row.outcome == .cannot && row.grade == nil)
        #expect(row.summary == "the sandbox refused: mount: refused")
        // Without the control's message, the outcome is what the grader reported.
        #expect(ApproachAttempt(verdict, refusal: nil, answers: [], measures: Measures()).outcome == .inconclusive)
    }

    @Test("every approach of the project can be read, and has a place of its own in the table")
    func shipped() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../approaches").standardized
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil).filter {
            $0.pathExtension == "yaml"
        }
        let all = try files.map {
            try Approach(
                yaml: String(contentsOf: $0, encoding: .utf8), file: $0.lastPathComponent,
                name: $0.deletingPathExtension().lastPathComponent)
        }
        #expect(all.count >= 12)
        #expect(Set(all.map(\.order)).count == all.count)
        for compiled in all.flatMap(\.compiled) {
            #expect(FileManager.default.fileExists(atPath: folder.appending(path: compiled.source).path))
        }
    }

    @Test("what an approach puts into a sandbox has plain names", arguments: ["..", ".", "a/b", ".git"])
    func names(name: String) throws {
        let text = """
            title: x
            order: 1
            changes: x
            claim: x
            finding: {when: fatal, text: x}
            goodFor: x
            copies: [{at: /x, files: {NAME: y}}]
            """
        let bad = #expect(throws: Diagnostic.self) {
            try Approach(yaml: text.replacing("NAME", with: "'\(name)'"), file: "a.yaml", name: "a")
        }
        #expect(throws: Never.self) { try Approach(yaml: text.replacing("NAME", with: "f"), file: "a.yaml", name: "a") }
        #expect(bad?.message.contains("files") == true)
        #expect(SandboxPath("/a/../b") == nil && SandboxPath("/a//b") == nil && SandboxPath("/.git") == nil)
    }
}
