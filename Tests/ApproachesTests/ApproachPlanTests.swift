import FileSystem
import Grading
import Host
import Model
import SystemPackage
import Testing

@testable import Approaches

@testable import Node

@Suite("What an approach changes")
struct ApproachPlanTests {
    private let host = Host(environment: ["PATH": "/usr/bin:/bin"], workspace: "/nowhere", project: "/nowhere", isRoot: false)

    private func plan(_ rest: String, version: String = "1.20.2") throws -> ApproachPlan {
        let head = "title: t\norder: 1\nchanges: c\nclaim: l\ngoodFor: g\n"
        let approach = try Approach(yaml: head + rest, file: "a.yaml", name: "a")
        return try ApproachPlan(approach, version: #require(Version(version)), folder: "/nowhere", on: host)
    }

    @Test("no approach changes nothing: the node's first program has no trace of one", arguments: NodeSpec.Profile.allCases)
    func none(_ profile: NodeSpec.Profile) {
        let script = NodeScript.node(for: profile)
        #expect(!script.contains("@APPROACH@") && !script.contains("@AFTERMATH@") && !script.contains("approach"))
        #expect(NodeModification().kubeletConfiguration.isEmpty)
        #expect(NodeModification().prefix.isEmpty)
    }

    @Test(
        "local storage is turned off by a feature gate up to 1.24, and by a field from 1.25, where the gate is refused",
        arguments: [
            ("1.20.2", "featureGates: {LocalStorageCapacityIsolation: false}\n"),
            ("1.24.17", "featureGates: {LocalStorageCapacityIsolation: false}\n"),
            ("1.25.0", "localStorageCapacityIsolation: false\n"), ("1.36.1", "localStorageCapacityIsolation: false\n"),
        ])
    func gate(_ version: String, _ configuration: String) throws {
        let file = try Files.readText(
            FilePath(#filePath).removingLastComponent().appending("../../approaches/gate.yaml").lexicallyNormalized())
        let approach = try Approach(yaml: file, file: "gate.yaml", name: "gate")
        let plan = try ApproachPlan(approach, version: #require(Version(version)), folder: "/nowhere", on: host)
        #expect(plan.modification.kubeletConfiguration == configuration)
        #expect(plan.modification.preparation.isEmpty)
    }

    @Test("copies come first, then bind mounts, then early questions, then FUSE, then the other questions")
    func order() throws {
        let plan = try plan(
            """
            asks: [{title: late, run: [cat, /late]}, {title: soon, run: [cat, /soon], early: true}]
            fuse: {run: [/bin/fuse, -f], at: /mnt/fuse}
            binds: [{of: /tmp/copy, at: /sys/place}]
            copies: [{of: /sys/place, at: /tmp/copy, files: {one: "0 0"}}]
            """)
        let text = plan.modification.preparation
        let places = [
            "cp -r /sys/place/. /tmp/copy/", "cp /opt/approach/files/0/* /tmp/copy/", "mount --bind /tmp/copy /sys/place", "cat /soon",
            "/bin/fuse -f", "cat /late",
        ].map { text.firstRange(of: $0)?.lowerBound }
        #expect(places.allSatisfy { $0 != nil })
        #expect(places.compactMap(\.self) == places.compactMap(\.self).sorted())
    }

    @Test("a wrapper and a library stand in front of the node's program and of nothing else")
    func front() throws {
        let plan = try plan("wrapper: [/usr/bin/env, -i]")
        #expect(plan.modification.prefix == "/usr/bin/env -i ")
        let script = NodeScript.node(for: .kubelet, modification: plan.modification)
        #expect(script.contains("\n/usr/bin/env -i /usr/local/bin/kubelet --config"))
        #expect(script.contains("timeout 30 /usr/local/bin/kubelet --version"))
    }

    @Test("what the machine lacks is named with the package that has it, before anything is built")
    func missing() throws {
        let yaml = "tools: [{name: no-such-program, package: some-package}, {name: /no/such/file, package: other-package}]"
        #expect { try plan(yaml) } throws: { error in
            let text = "\(error)"
            return error is ApproachPlan.Missing && text.contains("no-such-program, /no/such/file")
                && text.contains("apt-get install other-package some-package")
        }
    }

    @Test("a witness keeps answers, the first refusal, and when the node answered; the grader passes them over")
    func witness() throws {
        let witness = BootWitness()
        func line(_ text: String, at now: Double) {
            let event = NodeFact(text).map(BootEvent.fact) ?? .log(Array(text.utf8))
            witness.take(event, bundle: "/nowhere", at: now)
        }
        line("@ninepin stage approach", at: 1)
        line("@ninepin probe approach a question: an answer", at: 1)
        #expect(!witness.isPrepared)
        line("@ninepin stage version", at: 2)
        #expect(witness.isPrepared && !witness.isSatisfied)
        line("I1123 12:00:06.000000 1 server.go:1176] Started kubelet", at: 6)
        line("@ninepin probe healthz wget: can't connect", at: 7)
        line("@ninepin probe healthz ok ", at: 8)
        line("@ninepin probe healthz ok ", at: 9)
        line("@ninepin probe approach-refused mount: first", at: 9)
        line("@ninepin probe approach-refused mount: second", at: 9)
        #expect(witness.answers == ["a question: an answer"])
        #expect(witness.refusal?.text == "mount: first")
        #expect(witness.measures.secondsToStart == 6 && witness.measures.secondsToHealth == 8)
    }
}
