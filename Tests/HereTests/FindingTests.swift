import Foundation
import Here
import Model
import Testing

@Suite("What is found out about a place")
struct FindingTests {
    private func finding(_ place: Place, series: [KnownPatch] = []) throws -> PlaceFinding {
        PlaceFinding(place, version: try #require(Version("1.20.2")), series: series)
    }

    @Test("gVisor is known by each of its marks alone, also where it looks like a container")
    func gvisor() {
        var place = WrittenPlace.gvisor()
        #expect(place.sandbox.kind == .gvisor)
        place.kernelLog = ""
        place.present = []
        #expect(place.sandbox.kind == .gvisor)
        place.kernel = "Linux version 6.1.0"
        #expect(place.sandbox.kind == .container)
        place.kernelLog = "[   0.000000] Starting gVisor...\n"
        #expect(place.sandbox.kind == .gvisor)
        place.kernelLog = ""
        place.present = ["/proc/sentry-meminfo"]
        #expect(place.sandbox.kind == .gvisor)
    }

    @Test("a kernel of the same number that is not gVisor's is not taken for it")
    func oldKernel() {
        var place = WrittenPlace.machine()
        place.kernel = "Linux version 4.4.0-210-generic (buildd@lgw01) #242-Ubuntu SMP Fri Apr 16 09:57:56 UTC 2021"
        #expect(place.sandbox.kind == .vm)
    }

    @Test("a container is one by its PID namespace; a machine whose disk was an image is none")
    func containers() {
        #expect(WrittenPlace.container().sandbox.kind == .container)
        var disk = WrittenPlace.machine()
        disk.present.insert("/.dockerenv")
        #expect(disk.sandbox.kind == .vm)
        var hostPID = WrittenPlace.container()
        hostPID.pidNamespace = 4_026_531_836
        hostPID.present.insert("/.dockerenv")
        #expect(hostPID.sandbox.kind == .container)
        var metal = WrittenPlace.machine()
        metal.hasHypervisor = false
        #expect(metal.sandbox.kind == .host)
    }

    @Test("file systems are told by type and source, and kubelet's directory by the deepest and last mount around it")
    func fileSystems() throws {
        var place = WrittenPlace.machine()
        place.mounts += [Mount](
            table: #"""
                90 28 0:49 / /var/lib/kube rw - xfs /dev/other rw
                91 28 0:50 / /var/lib/kubelet rw - xfs /dev/under rw
                92 91 0:51 / /var/lib/kubelet rw - 9p a\040share rw
                """#)
        let found = try finding(place)
        #expect(found.root == PlaceFinding.Directory(path: "/", mountPoint: "/", type: "ext4", source: "/dev/vda"))
        #expect(found.kubelet.type == "9p")
        #expect(found.kubelet.source == "a share")
        #expect(found.kubelet.mountPoint == "/var/lib/kubelet")
    }

    @Test("gVisor's missing files are named, the one that ends kubelet first")
    func missing() throws {
        let found = try finding(WrittenPlace.gvisor())
        #expect(
            found.cgroup.missing == [
                "cpuacct.usage_percpu", "memory.stat", "memory.max_usage_in_bytes", "memory.failcnt", "memory.use_hierarchy",
            ])
        #expect(found.cgroup.version == 1)
        #expect(found.cgroup.unmounted.isEmpty)
    }

    @Test(
        "a patch helps where some node is better with it than without, and the remedy is the fewest of those",
        arguments: [
            ("root-9p", ["percpu", "memory-usage"]), ("root-overlay", ["percpu", "memory-usage"]),
            ("volume-9p", ["percpu", "memory-usage", "9p-source"]), ("machine", []),
        ])
    func help(_ layout: String, _ expected: [String]) throws {
        let place =
            switch layout {
            case "root-9p": WrittenPlace.gvisor()
            case "root-overlay": WrittenPlace.gvisor(root: "overlay")
            case "volume-9p": WrittenPlace.gvisor(volume: "9p")
            default: WrittenPlace.machine()
            }
        let found = try finding(place)
        #expect(found.patches.filter(\.helps).map(\.name.name) == expected)
        #expect(found.remedy.map(\.name) == expected)
        #expect(found.patches.count == KnownPatch.allCases.count)
        #expect(found.patches.allSatisfy { !$0.reason.isEmpty })
    }

    @Test("where the prediction is inconclusive no patch is said to help")
    func noHelp() throws {
        var place = WrittenPlace.gvisor()
        place.boundingSet = 0xA804_25FB
        let found = try finding(place)
        #expect(found.prediction.grade == .inconclusive)
        #expect(found.patches.filter(\.helps).isEmpty)
        #expect(found.remedy.isEmpty)
    }

    @Test("what stands in kubelet's way is named with its cure, and nothing where nothing does")
    func obstacles() throws {
        #expect(try finding(WrittenPlace.machine()).obstacles.isEmpty)
        let inGvisor = try finding(WrittenPlace.gvisor()).obstacles.map(\.what)
        #expect(inGvisor.count == 2)
        #expect(inGvisor[0].contains("/dev/kmsg"))
        #expect(inGvisor[1].contains("vm/overcommit_memory, vm/panic_on_oom, kernel/panic"))
        var place = WrittenPlace.machine()
        place.hasSwap = true
        place.boundingSet = 0
        place.tunables["kernel/panic"] = "0"
        #expect(place.obstacles.map(\.what).map { $0.prefix(10) } == ["no process", "there is s"])
        place.mounts += [Mount](table: "22 28 0:21 / /proc/sys ro,relatime - proc proc rw")
        #expect(place.obstacles.contains { $0.what.contains("kernel/panic") })
    }

    @Test("each patch of the registry is one whose effect on a node is known, but for those that change nothing in one")
    func registry() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "patches")
        for upstream in try FileManager.default.contentsOfDirectory(atPath: folder.path)
        where !["projects", "reflect2"].contains(upstream) {
            for name in try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: upstream).path)
            where !name.contains(".") {
                #expect(KnownPatch(rawValue: "\(upstream)/\(name)") != nil, "\(upstream)/\(name)")
            }
        }
    }

    @Test("every key is in the JSON, null where there is nothing to say")
    func json() throws {
        var place = WrittenPlace.machine()
        place.mounts.removeAll { $0.type == "cgroup" }
        let object = try #require(
            try JSONSerialization.jsonObject(with: JSONEncoder().encode(try finding(place))) as? [String: Any])
        #expect((object["sandbox"] as? [String: Any])?["kind"] as? String == "vm")
        #expect((object["cgroup"] as? [String: Any])?["version"] is NSNull)
        #expect((object["prediction"] as? [String: Any])?["cause"] is NSNull)
        #expect((object["patches"] as? [[String: Any]])?.first?["name"] as? String == "libcontainer/percpu")
    }
}
