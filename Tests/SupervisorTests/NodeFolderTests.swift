import Cluster
import FileSystem
import FoundationEssentials
import Glibc
import Host
import Model
import SystemPackage
import Testing

@testable import Supervisor

@Suite("A node's folder")
struct NodeFolderTests {
    private let place: SupervisorFixture

    init() throws { place = try SupervisorFixture() }

    @Test("a name is small letters, digits and hyphens, and never a path", arguments: ["a", "a-1", "0", String(repeating: "a", count: 40)])
    func names(_ name: String) throws {
        let folder = try place.folder(name)
        #expect(folder.name == name && folder.path == place.path.appending("nodes").appending(name))
    }

    @Test(
        "what is no name is refused with what is one",
        arguments: [
            "", "-a", "a-", "A", "a_b", ".", "..", "../a", "a/b", "/a", "a\n", "ä", "１", "a b", String(repeating: "a", count: 41),
        ])
    func badNames(_ name: String) throws {
        #expect(throws: SupervisorError.self) { try place.folder("\(name)\0") }
        let error = #expect(throws: SupervisorError.self) { try place.folder(name) }
        #expect(error?.description.contains("lowercase letters, digits and hyphens") == true)
    }

    @Test("a node is made once: of many that want the name at the same time one gets it, and its plan is whole")
    func once() async throws {
        let folder = try place.folder()
        #expect(!folder.exists)
        let made = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<20 {
                group.addTask {
                    do {
                        try folder.create(try SupervisorFixture.plan(warmUp: Double(number)))
                        return true
                    } catch SupervisorError.exists("a") { return false } catch {
                        Issue.record("\(error)")
                        return false
                    }
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(made == 1 && folder.exists)
        #expect(try folder.plan().name == "a")
        #expect(Files.isDirectory(folder.logs))
    }

    @Test("a node that could not be made leaves its name free")
    func notMade() throws {
        let folder = try place.folder()
        // JSON cannot represent this number.
        #expect(throws: (any Error).self) { try folder.create(try SupervisorFixture.plan(warmUp: .infinity)) }
        #expect(!Files.exists(folder.path))
        try folder.create(try SupervisorFixture.plan())
    }

    @Test("a plan is read as it was written, with either kind of control plane")
    func plans() throws {
        let programs = ControlPlanePrograms(etcd: "/e", apiServer: "/a", controllerManager: "/c", scheduler: "/s")
        for (name, plane) in [("k", ControlPlaneKind.kubernetes(programs)), ("s", .k3s("/p/k3s"))] {
            let folder = try place.folder(name)
            let written = try SupervisorFixture.plan(name, warmUp: 12.5, controlPlane: plane)
            try folder.create(written)
            let read = try folder.plan()
            #expect(read.name == name && read.recipe == written.recipe && read.series == written.series && read.layout == written.layout)
            #expect(read.node == written.node && read.artifact == written.artifact && read.since == written.since)
            #expect(read.controlPlane == plane)
        }
    }

    @Test("no plan is no node; a plan that cannot be read is another fault, and names the file")
    func unreadablePlans() throws {
        let folder = try place.folder()
        func fault() -> SupervisorError? { #expect(throws: SupervisorError.self) { try folder.plan() } }
        guard case .unknown("a")? = fault() else {
            Issue.record("not unknown")
            return
        }
        try Files.makeDirectory(folder.path)
        let file = folder.path.appending("plan.json")
        for text in ["", "{", "[]", #"{"name": "a"}"#] {
            try Files.write(text, to: file)
            guard case .unreadable("a", file)? = fault() else {
                Issue.record("not unreadable: \(text)")
                return
            }
        }
        // A path that exists but cannot be opened is not a missing node.
        try Files.remove(file)
        try Files.makeDirectory(file)
        guard case .unreadable("a", file)? = fault() else {
            Issue.record("a folder in the place of the plan")
            return
        }
    }

    @Test("the nodes of a workspace are listed by name, and what cannot be a node's folder is none of them")
    func lists() throws {
        #expect(try NodeFolder.list(in: place.path).isEmpty)
        for name in ["c", "a", "b"] { _ = try place.node(name) }
        try Files.makeDirectory(place.path.appending("nodes/Not-a-node"))
        try Files.write("", to: place.path.appending("nodes/.hidden"))
        #expect(try NodeFolder.list(in: place.path).map(\.name) == ["a", "b", "c"])
    }

    @Test("a log is one of those that the node has, and no other file")
    func logs() throws {
        let folder = try place.node()
        try Files.write("", to: folder.logs.appending("kubelet.log"))
        try Files.write("", to: folder.logs.appending("kubelet.log.1"))
        #expect(try folder.log(of: "kubelet") == folder.logs.appending("kubelet.log"))
        #expect(try folder.log(of: "keeper") == folder.keeperLog)
        for wrong in ["etcd", "../plan", "kubelet.log", "", "/etc/passwd"] {
            let error = #expect(throws: SupervisorError.self) { try folder.log(of: wrong) }
            guard case .noLog("a", wrong, ["kubelet", "keeper"])? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
        #expect(throws: SupervisorError.self) { try place.folder("none").log(of: "keeper") }
    }
}

@Suite("What a keeper reports")
struct ReportTests {
    private let place: SupervisorFixture

    init() throws { place = try SupervisorFixture() }

    private func report(_ stage: String, verdict: Verdict? = nil) -> NodeReport {
        NodeReport(state: .up, stage: stage, isReady: true, verdict: verdict, version: "Kubernetes v1.20.2")
    }

    /// A disk without room for new files.
    private func full(_ bytes: [UInt8], _ path: FilePath) throws(FileError) { throw Files.error("write", path, ENOSPC) }

    @Test("a report is read as it was written, and there is none before the first")
    func roundTrip() throws {
        let folder = try place.node()
        #expect(try folder.report() == nil)
        try folder.write(report("kubelet", verdict: SupervisorFixture.verdict(.degraded, "ümlaut")))
        let read = try #require(try folder.report())
        #expect(read.state == .up && read.stage == "kubelet" && read.isReady && read.version == "Kubernetes v1.20.2")
        #expect(read.verdict == SupervisorFixture.verdict(.degraded, "ümlaut"))
        try folder.write(NodeReport(state: .ended, stage: "kubelet", isReady: false))
        #expect(try folder.report()?.state == .ended && folder.report()?.verdict == nil)
    }

    @Test("a report that cannot be read is an error, and not a node that starts", arguments: ["", "{", "{}"])
    func unreadableReport(_ text: String) throws {
        let folder = try place.node()
        try Files.write(text, to: folder.path.appending("report.json"))
        #expect(throws: SupervisorError.self) { try folder.report() }
        #expect(throws: SupervisorError.self) { try KeptNode(folder) }
    }

    @Test("a folder of nodes that cannot be read is an error, and not a workspace without nodes")
    func unreadableList() throws {
        let other = place.path.appending("other")
        try Files.makeDirectory(other)
        try Files.write("no folder", to: other.appending("nodes"))
        #expect(throws: FileError.self) { try NodeFolder.list(in: other) }
    }

    @Test("on a full disk a report takes the place of the last one, whichever of them is longer")
    func fullDisk() throws {
        let folder = try place.node()
        let long = SupervisorFixture.verdict(.fatal, String(repeating: "long ", count: 30_000))
        try folder.write(report("kubelet", verdict: long))
        try folder.write(report("short"), replacing: full)
        #expect(try folder.report()?.stage == "short" && folder.report()?.verdict == nil)
        try folder.write(report("again", verdict: long), replacing: full)
        #expect(try folder.report()?.verdict == long)
        try folder.write(report("last"), replacing: full)
        #expect(try folder.report()?.stage == "last" && folder.report()?.verdict == nil)
    }

    @Test("a report that cannot be written for another reason is an error, and the last one stays")
    func otherFault() throws {
        let folder = try place.node()
        try folder.write(report("first"))
        #expect(throws: FileError.self) {
            try folder.write(report("second")) { (_: [UInt8], path: FilePath) throws(FileError) in throw Files.error("write", path, EIO) }
        }
        #expect(try folder.report()?.stage == "first")
        // If there was no report, a full disk has no room for one.
        let other = try place.node("b")
        #expect(throws: FileError.self) { try other.write(report("first"), replacing: full) }
        #expect(try other.report() == nil)
    }
}
