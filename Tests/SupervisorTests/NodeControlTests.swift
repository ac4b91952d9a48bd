import Cluster
import FileSystem
import FoundationEssentials
import Glibc
import Host
import Model
import SystemPackage
import Testing

@testable import Supervisor
@testable import Sandbox

@Suite("Nodes as they are listed", .timeLimit(.minutes(2)))
struct KeptNodeTests {
    private let place: SupervisorFixture

    init() throws { place = try SupervisorFixture() }

    private func report(_ folder: NodeFolder, _ state: NodeReport.State, isReady: Bool = false, _ grade: Grade? = nil) throws {
        try folder.write(
            NodeReport(state: state, stage: "kubelet", isReady: isReady, verdict: grade.map { SupervisorFixture.verdict($0) }, version: nil)
        )
    }

    @Test("a node with a keeper is what its keeper reports, and starting before the first report")
    func alive() throws {
        let folder = try place.node()
        _ = try place.keeper(of: folder)
        var node = try #require(try KeptNode(folder))
        #expect(node.state == "starting" && !node.isReady && node.verdict == nil)
        try report(folder, .up, isReady: true, .clean)
        node = try #require(try KeptNode(folder))
        #expect(node.state == "up" && node.isReady && node.verdict?.grade == .clean)
        #expect(node.name == "a" && node.recipe == "kubelet-1.20" && node.series.map(\.description) == ["libcontainer/percpu"])
        #expect(node.layout == .sandbox(.root9p) && node.since == "2026-01-01T00:00:00Z")
        #expect(node.kubeconfig == folder.kubeconfig.string)
        #expect(node.memoryBytes > 0, "what the keeper's own process holds")
    }

    @Test("the sandbox of a node is told from that of its server, and from a container of another name")
    func sandboxes() throws {
        let runsc = Runsc(program: "/t/runsc", version: "1")
        let words = { (bundle: String) in ["/t/runsc", "--root=/w/state", "run", "--bundle", bundle, "node"] }
        #expect(NodeFolder.runs("/w/nodes/a/boot", words("/w/nodes/a/boot"), runsc: runsc))
        #expect(!NodeFolder.runs("/w/nodes/a/boot", words("/w/nodes/a/boot/control-plane/k3s-server"), runsc: runsc))
        #expect(!NodeFolder.runs("/w/nodes/a/boot", ["sh"] + words("/w/nodes/a/boot"), runsc: runsc))
    }

    @Test("a node's folder is for its owner alone")
    func owner() throws {
        let folder = try place.node()
        let mode = try FileManager.default.attributesOfItem(atPath: folder.path.string)[.posixPermissions] as? Int
        #expect(mode == 0o700)
    }

    @Test("a node whose keeper is gone is lost, unless it had ended before; neither is Ready")
    func gone() throws {
        for (state, expected) in [(NodeReport.State.starting, "lost"), (.up, "lost"), (.ended, "ended")] {
            let folder = try place.node(expected + "-\(state)")
            let keeper = try place.keeper(of: folder)
            try report(folder, state, isReady: true, .clean)
            place.kill(keeper)
            let node = try #require(try KeptNode(folder))
            #expect(node.state == expected && !node.isReady && node.memoryBytes == 0)
            #expect(node.verdict?.grade == .clean, "what was known stays known")
        }
    }

    @Test("a folder without a plan is no node yet; one whose plan cannot be read is told of, and not passed over")
    func plans() throws {
        let folder = try place.folder()
        #expect(try KeptNode(folder)?.name == nil)
        try Files.makeDirectory(folder.path)
        #expect(try KeptNode(folder)?.name == nil)
        try Files.write("{}", to: folder.path.appending("plan.json"))
        #expect(throws: SupervisorError.self) { try KeptNode(folder) }
    }
}

@Suite("Ending, waiting for and entering nodes", .timeLimit(.minutes(2)))
struct NodeControlTests {
    private let place: SupervisorFixture

    init() throws { place = try SupervisorFixture() }

    @Test("down ends the keeper and removes all that the node left")
    func down() async throws {
        let folder = try place.node()
        let keeper = try place.keeper(of: folder)
        try await folder.down(patience: .seconds(30))
        #expect(!ProcessTree.isRunning(keeper))
        #expect(!Files.exists(folder.path))
        let error = await #expect(throws: SupervisorError.self) { try await folder.down(patience: .seconds(30)) }
        guard case .unknown("a")? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("a node whose keeper is gone is removed, also when its plan cannot be read")
    func downWithoutKeeper() async throws {
        let folder = try place.node()
        place.kill(try place.keeper(of: folder))
        try Files.write("spoilt", to: folder.path.appending("plan.json"))
        try await folder.down(patience: .seconds(30))
        #expect(!Files.exists(folder.path))
    }

    @Test("a keeper that does not end is told of with its number, and its node stays")
    func stubborn() async throws {
        let folder = try place.node()
        let keeper = try place.keeper(of: folder, "trap '' TERM")
        let error = await #expect(throws: SupervisorError.self) { try await folder.down(patience: .milliseconds(300)) }
        guard case .stuck("a", keeper)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(ProcessTree.isRunning(keeper) && folder.exists)
    }

    @Test("who waits is called with each report until one says what is waited for")
    func waits() async throws {
        let folder = try place.node()
        _ = try place.keeper(of: folder)
        var stages: [String] = []
        try folder.write(NodeReport(state: .starting, stage: "sandbox", isReady: false))
        let found = try await folder.wait(grace: .seconds(5)) { report -> String? in
            stages.append(report.stage)
            if report.isReady { return "Ready at \(report.stage)" }
            try? folder.write(NodeReport(state: .up, stage: "kubelet", isReady: true))
            return nil
        }
        #expect(found == "Ready at kubelet" && stages == ["sandbox", "kubelet"])
    }

    @Test("a keeper that ends without having said it ends the waiting, with where its words are")
    func waitsInVain() async throws {
        let folder = try place.node()
        let keeper = try place.keeper(of: folder)
        try folder.write(NodeReport(state: .starting, stage: "sandbox", isReady: false))
        let error = await #expect(throws: SupervisorError.self) {
            try await folder.wait(grace: .milliseconds(1)) { _ -> Int? in
                place.kill(keeper)
                return nil
            }
        }
        guard case .notUp("a", folder.keeperLog)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("a keeper that was only just started has time to take its lock")
    func waitsForTheKeeper() async throws {
        let folder = try place.node()
        async let found = folder.wait(grace: .seconds(5)) { $0.isReady ? true : nil }
        try await Task.sleep(for: .milliseconds(300))
        _ = try place.keeper(of: folder)
        try folder.write(NodeReport(state: .up, stage: "kubelet", isReady: true))
        #expect(try await found)
    }

    @Test("what the keeper said last counts, although it has ended since")
    func lastWords() async throws {
        let folder = try place.node()
        place.kill(try place.keeper(of: folder))
        try folder.write(NodeReport(state: .ended, stage: "kubelet", isReady: false, verdict: SupervisorFixture.verdict(.fatal)))
        #expect(try await folder.wait(grace: .seconds(5)) { $0.state == .ended ? $0.verdict?.grade : nil } == .fatal)
    }

    @Test("who waits can be cancelled, and the node stays as it is")
    func cancelledWait() async throws {
        let folder = try place.node()
        let keeper = try place.keeper(of: folder)
        let task = Task { try await folder.wait(grace: .seconds(5)) { _ -> Int? in nil } }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(try folder.keeper == keeper)
    }

    @Test("a command is run where runsc has the node's sandbox, and nowhere when the node is not up")
    func commands() async throws {
        let folder = try place.node()
        let program = place.path.appending("runsc")
        try #require(symlink("/bin/sh", program.string) == 0)
        let runsc = Runsc(program: program, version: "20240729.0")
        func fault() -> SupervisorError? {
            #expect(throws: SupervisorError.self) { try folder.command(["ps"], runsc: runsc, isGvisor: false) }
        }
        guard case .notUp("a", folder.keeperLog)? = fault() else {
            Issue.record("no keeper")
            return
        }
        let started = folder.path.appending("started")
        let keeper = try place.keeper(
            of: folder, "'\(program)' -c 'echo $$ > \(started); sleep 600; :' --bundle '\(folder.boot)' 3>&- &")
        // The keeper, runsc, and the process that runsc started last.
        try soon { ProcessTree(below: keeper).members.count == 3 }
        let inner = try Files.readText(started).filter(\.isNumber)
        let (found, arguments) = try folder.command(["ps", "-a"], runsc: runsc, isGvisor: false)
        #expect(found == "/usr/bin/nsenter" && arguments.first == "--target=\(inner)")
        let words = [program.string, "--root=\(folder.boot)/state", "exec", Bundle.container] + Bundle.entering + ["ps", "-a"]
        #expect(arguments.suffix(words.count) == words[...])
        place.kill(keeper)
        guard case .notUp("a", folder.keeperLog)? = fault() else {
            Issue.record("a keeper that is gone")
            return
        }
    }

    @Test("the programs of a control plane go into a plan by their paths, in the form that plans have always had")
    func controlPlanes() throws {
        let programs = ControlPlanePrograms(etcd: "/e", apiServer: "/a", controllerManager: "/c", scheduler: "/s")
        let forms: [(ControlPlaneKind, String)] = [
            (.k3s("/p/k3s"), #"{"k3s":{"program":"/p/k3s"}}"#),
            (
                .kubernetes(programs),
                #"{"kubernetes":{"programs":{"apiServer":"/a","controllerManager":"/c","etcd":"/e","scheduler":"/s"}}}"#
            ),
        ]
        for (plane, text) in forms {
            #expect(String(decoding: try JSONDocument.line(of: plane), as: UTF8.self) == text)
            #expect(try JSONDecoder().decode(ControlPlaneKind.self, from: Data(text.utf8)) == plane)
        }
    }
}
