import Foundation
import Model
import Testing

@testable import Preflight

/// The result of a boot in each of these environments was observed on 2026-11-27 with kubelet 1.20.2 on Linux 6.18 with cgroup v1.
@Suite("Sandboxes of every kind")
struct SandboxPlaceTests {
    private func finding(_ place: HostFacts, _ version: String = "1.20.2") throws -> PreflightFinding {
        PreflightFinding(place, version: try #require(Version(version)), series: [])
    }

    private static func machine(_ change: (inout HostFacts) -> Void) -> HostFacts {
        var place = WrittenPlace.machine()
        change(&place)
        return place
    }

    private static let switches = "/proc/sys/vm/overcommit_memory"

    /// `unshare -Ur` as a user without root.
    private static let userNamespace = machine {
        $0.isOwnUserNamespace = true
        $0.tunables["vm/overcommit_memory"] = "0"
        $0.refused = [switches, "/dev/kmsg", "/sys/fs/cgroup/memory"]
    }

    private static let noGroups = machine { $0.mounts.removeAll { $0.point.hasPrefix("/sys/fs/cgroup") } }

    private static let sealedGroups = machine {
        $0.mounts.removeAll { $0.point.hasSuffix("/memory") }
        $0.mounts += [Mount](table: "33 30 0:29 / /sys/fs/cgroup/memory ro,relatime - cgroup cgroup rw,memory")
    }

    private static let unopenedMessages = machine { $0.refused = ["/dev/kmsg"] }

    private static let sealedSwitches = machine {
        $0.tunables["kernel/panic"] = "0"
        $0.refused = ["/proc/sys/kernel/panic"]
    }

    private static let sealedRoot = machine {
        $0.mounts.removeAll { $0.point == "/" }
        $0.mounts += [Mount](table: "28 1 254:0 / / ro,relatime - ext4 /dev/vda rw")
    }

    private static let sealedRootWithFolders = machine {
        $0 = sealedRoot
        for (number, path) in [(91, "/var/lib/kubelet"), (92, "/var/lib/containerd")] {
            $0.mounts += [Mount](table: "\(number) 28 0:\(number) / \(path) rw - tmpfs tmpfs rw")
            $0.devices[path] = DeviceNumber(major: 0, minor: UInt32(number))
        }
    }

    @Test("what is predicted of a boot is what each boot came to, or nothing")
    func measured() throws {
        let places: [(HostFacts, String, String)] = [
            (Self.userNamespace, "inconclusive", "fatal"), (Self.noGroups, "fatal", "fatal"),
            (Self.sealedGroups, "fatal", "fatal"), (Self.unopenedMessages, "clean", "fatal"),
            (Self.sealedSwitches, "clean", "fatal"), (Self.sealedRoot, "inconclusive", "inconclusive"),
            (Self.sealedRootWithFolders, "clean", "clean"), (WrittenPlace.machine(), "clean", "clean"),
        ]
        for (place, boot, asItStands) in places {
            let found = try finding(place)
            #expect(found.boot.title == boot, "\(found.boot)")
            #expect(found.prediction == found.boot)
            #expect(found.asItStands.title == asItStands, "\(found.asItStands)")
        }
    }

    @Test("in a user namespace that cannot write kubelet's switches they are named, with the kernel's messages, and nothing is clean")
    func userNamespace() throws {
        let found = try finding(Self.userNamespace)
        #expect(found.obstacles.contains { $0.what == "kubelet cannot set vm/overcommit_memory in /proc/sys" })
        #expect(found.obstacles.contains { $0.what.contains("kubelet opens /dev/kmsg for reading, which fails") })
        #expect(found.prediction.reason.contains("user namespace"))
    }

    @Test(
        "the kernel's own user namespace has every id, once",
        arguments: [
            ("         0          0 4294967295\n", true), ("", true), ("0 65534 1\n", false), ("0 0 1\n", false),
            ("0 0 65536\n", false), ("0 0 1000\n1000 1000 4294966295\n", false),
        ])
    func map(_ map: String, _ isWhole: Bool) { #expect(HostFacts.isWhole(map) == isWhole) }

    @Test("here, nothing that can be opened is said to be refused, and what is read-only is")
    func reading() throws {
        // As root, this process can open everything; as another user, it learns nothing.
        let place = HostFacts.reading(kubeletDirectory: FileManager.default.temporaryDirectory.path)
        #expect(!place.refused.contains(place.kubeletDirectory))
        let sealed = HostFacts.reading(kubeletDirectory: "/proc/nothing")
        #expect(geteuid() != 0 || sealed.refused.contains("/proc/nothing") == (access("/proc", W_OK | X_OK) != 0))
    }

    @Test("of other versions without cgroups, or with cgroups that cannot be written, nothing is said")
    func others() throws {
        for version in ["1.21.0", "1.34.1", "1.36.2"] {
            #expect(try finding(Self.noGroups, version).boot.grade == .inconclusive)
            #expect(try finding(Self.sealedGroups, version).boot.grade == .inconclusive)
        }
    }

    @Test(
        "kubelet 1.35 on cgroup v1: ended as it is by default, and told not to by a boot, whose end is told too; the field is a fix to copy"
    )
    func refusal() throws {
        for (place, boot) in [(WrittenPlace.machine(), "inconclusive"), (WrittenPlace.gvisor(), "fatal, memory cache")] {
            let found = try finding(place, "1.35.2")
            #expect(found.prediction.title == "fatal, cgroup v1")
            #expect(found.boot.title == boot, "\(found.boot)")
            #expect(found.fixes.contains { $0.who == .inside && $0.commands == ["configure failCgroupV1 false"] })
        }
        #expect(try finding(WrittenPlace.machine(), "1.34.9").fixes.isEmpty)
        #expect(try finding(WrittenPlace.gvisorV2(), "1.35.2").fixes.allSatisfy { !$0.commands.joined().contains("failCgroupV1") })
    }

    /// Environments with every combination of seven troubles.
    private static func troubled() -> [HostFacts] {
        (0..<128).map { bits in
            machine { place in
                let has = { (bit: Int) in bits >> bit & 1 == 1 }
                if has(0) { place.hasSwap = true }
                if has(1) { place.present = [] }
                if has(2) { place.boundingSet = 0 }
                if has(3) { place.isOwnUserNamespace = true }
                if has(4) { place.refused.formUnion(["/var/lib/kubelet", "/dev/kmsg"]) }
                if has(5) {
                    place.tunables["kernel/panic"] = "0"
                    place.refused.insert("/proc/sys/kernel/panic")
                }
                if has(6) { place.mounts.removeAll { $0.point.hasPrefix("/sys/fs/cgroup") } }
            }
        }
    }

    @Test("no place with trouble that a boot does not clear is clean, and none with any is clean as it stands")
    func neverClean() throws {
        for (bits, place) in Self.troubled().enumerated() {
            let found = try finding(place)
            if bits & 0b1011100 != 0 { #expect(found.boot.grade != .clean, "\(bits)") }
            #expect((found.asItStands.grade == .clean) == (bits == 0), "\(bits)")
        }
    }

    @Test("each obstacle has a fix, and every script is one for a shell, of which nothing but root's own lines would be run")
    func scripts() throws {
        let places =
            Self.troubled() + [
                Self.userNamespace, Self.sealedGroups, Self.sealedRoot, WrittenPlace.gvisor(), WrittenPlace.gvisor(volume: "9p"),
                WrittenPlace.gvisorV2(),
            ]
        var scripts: Set<String> = []
        for place in places {
            let found = try finding(place, "1.20.2")
            #expect(found.fixes.count >= found.obstacles.count)
            // Fixes without a patch come first.
            let order = found.fixes.map { PreflightFinding.Fix.Who.allCases.firstIndex(of: $0.who) ?? 0 }
            #expect(order == order.sorted())
            scripts.insert(found.script)
            let inside = Set(found.fixes.filter { $0.who == .inside }.flatMap(\.commands))
            let outside = found.fixes.filter { $0.who != .inside }.flatMap(\.commands)
            let run = found.script.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("#") }
            for command in outside where !inside.contains(command) { #expect(!run.contains { $0.contains(command) }, "\(command)") }
        }
        // One shell for all scripts: an unclosed construct in one would swallow the next, and the last one is also followed by a closing
        // line.
        let functions = scripts.sorted().enumerated().map { "script\($0)() {\n\($1)\n:\n}" }
        #expect(try check(functions.joined(separator: "\n")) == 0, "\(functions)")
    }

    @Test("a directory's name that would be a command stays a word")
    func hostile() throws {
        let name = "/a'; touch /tmp/evil; '\ntouch /tmp/evil\n"
        let place = Self.machine {
            $0.kubeletDirectory = name
            $0.refused = [name]
        }
        let script = try finding(place).script
        #expect(try check(script) == 0)
        #expect(!script.split(separator: "\n").contains { $0.hasPrefix("touch") })
    }

    /// The exit code of a shell that only parses a script.
    private func check(_ script: String) throws -> Int32 {
        let file = FileManager.default.temporaryDirectory.appending(path: "ninepin-fix-\(UUID())")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(script.utf8).write(to: file)
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-n", file.path]
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }
}
