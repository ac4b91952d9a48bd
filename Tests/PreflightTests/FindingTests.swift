import Foundation
import Model
import Preflight
import Testing

@Suite("What is found out about a place")
struct FindingTests {
    private func finding(_ place: HostFacts, series: [KnownPatch] = []) throws -> PreflightFinding {
        PreflightFinding(place, version: try #require(Version("1.20.2")), series: series)
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
        #expect(found.root == PreflightFinding.Directory(path: "/", mountPoint: "/", type: "ext4", source: "/dev/vda"))
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
        #expect(place.obstacles.map(\.what).map { $0.prefix(10) } == ["no process", "swap is on"])
        place.mounts += [Mount](table: "22 28 0:21 / /proc/sys ro,relatime - proc proc rw")
        #expect(place.obstacles.contains { $0.what.contains("kernel/panic") })
    }

    /// The registry that comes with Ninepin.
    private static func registry() throws -> [PatchEntry] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "patches")
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0 != "projects" }.flatMap { upstream in
            try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: upstream).path).filter { !$0.contains(".") }.map {
                let file = folder.appending(path: "\(upstream)/\($0)/patch.yaml")
                return try PatchEntry(
                    yaml: try String(contentsOf: file, encoding: .utf8), file: file.path, name: try #require(PatchName("\(upstream)/\($0)"))
                )
            }
        }
    }

    @Test("each patch of the registry that has rules is one whose effect is known, and each known one has rules")
    func known() throws {
        let ruled = Set(try Self.registry().filter { !$0.needs.isEmpty }.map(\.name.description))
        #expect(ruled == Set(KnownPatch.allCases.map(\.rawValue)))
    }

    @Test("for kubelet 1.20 on cgroup v1 the registry's rules say of each patch what the code that is followed says of it")
    func agreement() throws {
        let entries = try Self.registry()
        for (root, volume) in [("9p", String?.none), ("overlay", nil), ("9p", "9p")] {
            let place = WrittenPlace.gvisor(root: root, volume: volume)
            let found = PreflightFinding(place, version: try #require(Version("1.20.2")), series: [], rules: entries)
            for patch in found.patches {
                let need = try #require(found.needs.first { $0.patch == patch.name })
                #expect((need.answer == .needed) == patch.helps, "\(patch.name) on \(root), \(volume ?? "no volume")")
                #expect(patch.reason == need.evidence)
            }
            #expect(found.asks.isEmpty || root == "overlay", "\(found.asks)")
        }
    }

    @Test(
        "a stock kubelet in gVisor is predicted as it was measured, on both versions of cgroups, and what to ask for comes from the same rules",
        arguments: [
            ("1.36.2", "v2", "9p", "", "fatal, filesystem info", ["overlay2"]), ("1.36.2", "v2", "overlay", "", "clean", ["overlay2"]),
            ("1.36.2", "v2", "9p", "9p", "fatal, could not find device", ["overlay2", "no 9p volume"]),
            ("1.34.9", "v2", "9p", "", "clean", []), ("1.34.9", "v1", "9p", "", "fatal, memory cache", ["in-sandbox-cgroup"]),
            ("1.34.9", "v2", "9p", "9p", "fatal, could not find device", ["no 9p volume"]),
            ("1.36.2", "v1", "9p", "", "fatal, cgroup v1", ["overlay2", "in-sandbox-cgroup"]),
            ("1.25.0", "v1", "9p", "", "fatal, memory cache", []), ("1.25.0", "v2", "9p", "", "inconclusive", []),
            ("1.20.2", "v2", "9p", "", "degraded, memory cache", []),
            ("1.37.0", "v2", "overlay", "", "inconclusive", []),
        ])
    func versions(_ version: String, _ cgroup: String, _ root: String, _ volume: String, _ title: String, _ asks: [String]) throws {
        let own = volume.isEmpty ? nil : volume
        let place = cgroup == "v2" ? WrittenPlace.gvisorV2(root: root, volume: own) : WrittenPlace.gvisor(root: root, volume: own)
        let found = PreflightFinding(place, version: try #require(Version(version)), series: [], rules: try Self.registry())
        #expect(found.prediction.title == title, "\(found.prediction)")
        #expect(found.asks.count == asks.count && zip(found.asks, asks).allSatisfy { $0.flag.contains($1) }, "\(found.asks)")
    }

    @Test("the one line is the whole remedy for 1.36 on a 9p root with cgroup v2, and a node with it is predicted to be clean")
    func oneLine() throws {
        let entries = try Self.registry()
        let version = try #require(Version("1.36.2"))
        let stock = PreflightFinding(WrittenPlace.gvisorV2(), version: version, series: [], rules: entries)
        #expect(stock.remedy.count == 1 && stock.remedy[0].upstream == "cadvisor", "\(stock.remedy)")
        let patched = PreflightFinding(WrittenPlace.gvisorV2(), version: version, series: [.line9p], rules: entries)
        #expect(patched.prediction.grade == .clean)
        #expect(patched.prediction.notes.contains { $0.contains("memory reads 0") })
        #expect(patched.prediction.basis.contains("2026-11-26"))
    }

    @Test("what was asked by a probe alone is promised to nobody: on cgroup v2 it does not help by what is known, and the reason says so")
    func probedOnly() throws {
        for version in ["1.20.2", "1.25.0"] {
            let all = PreflightFinding(
                WrittenPlace.gvisorV2(), version: try #require(Version(version)), series: KnownPatch.allCases, rules: try Self.registry())
            #expect(all.prediction.grade == .inconclusive, "\(all.prediction)")
        }
        for version in ["1.20.2", "1.36.2"] {
            let found = PreflightFinding(
                WrittenPlace.gvisorV2(), version: try #require(Version(version)), series: [], rules: try Self.registry())
            for name in ["memory-usage-v2", "v2-missing-files"] {
                let patch = try #require(found.patches.first { $0.name.name == name })
                #expect(!patch.helps && !found.remedy.contains(patch.name))
                let isRuled = version == "1.36.2" && name == "v2-missing-files"
                #expect(patch.reason.contains(isRuled ? "clean on v2 without it" : "no node was booted with it"), "\(patch.reason)")
            }
        }
    }

    @Test("outside of gVisor no rule says anything, and nothing is asked for")
    func elsewhere() throws {
        let found = PreflightFinding(
            WrittenPlace.machine(), version: try #require(Version("1.36.2")), series: [], rules: try Self.registry())
        #expect(found.needs.isEmpty && found.asks.isEmpty)
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
