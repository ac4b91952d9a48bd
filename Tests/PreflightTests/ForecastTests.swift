import Model
import Preflight
import Testing

@Suite("What a kubelet would come to in a place")
struct ForecastTests {
    private func title(_ place: HostFacts, _ patches: Set<KnownPatch> = [], version: String = Forecast.measured) throws -> String {
        Forecast(place, version: try #require(Version(version))).prediction(with: patches).title
    }

    private static let series: [(names: Set<KnownPatch>, titles: [String])] = [
        // As measured on a 9p root, with a 9p volume, and on an overlay.
        ([], ["fatal, memory cache", "fatal, could not find device", "fatal, memory cache"]),
        ([.line9p], ["fatal, memory cache", "fatal, could not find device", "fatal, memory cache"]),
        ([.percpu], ["clean", "fatal, could not find device", "clean"]),
        ([.source9p], ["fatal, memory cache", "fatal, memory cache", "fatal, memory cache"]),
        ([.percpu, .source9p], ["clean", "clean", "clean"]),
        ([.percpu, .memoryUsage, .source9p], ["clean", "clean", "clean"]),
    ]

    @Test("all eighteen cells that were measured in gVisor are predicted as they were measured", arguments: 0..<6)
    func cells(_ row: Int) throws {
        let (names, titles) = Self.series[row]
        let places = [
            WrittenPlace.gvisor(), WrittenPlace.gvisor(volume: "9p"), WrittenPlace.gvisor(root: "overlay"),
        ]
        for (place, title) in zip(places, titles) { #expect(try self.title(place, names) == title, "\(names)") }
    }

    @Test("on cgroup v1 with all files and a root that has a device, a stock kubelet is clean: on a machine and in a container on it")
    func control() throws {
        #expect(try title(WrittenPlace.machine()) == "clean")
        #expect(try title(WrittenPlace.container()) == "clean")
    }

    @Test(
        "a directory of kubelet's on a type that cAdvisor does not count ends it, where it is no part of '/'",
        arguments: ["9p", "virtiofs", "fuse.mergerfs", "nfs4", "bcachefs"])
    func foreign(_ type: String) throws {
        var place = WrittenPlace.machine()
        place.mounts += [Mount](table: "90 28 0:50 / /var/lib/kubelet rw - \(type) share rw")
        place.devices["/var/lib/kubelet"] = DeviceNumber(major: 0, minor: 50)
        #expect(try title(place) == "fatal, could not find device")
        let reason = Forecast(place, version: try #require(Version("1.20.2"))).prediction(with: []).reason
        #expect(reason.contains("could not find device with major: 0, minor: 50 in cached partitions map"))
        #expect(reason.contains("\(type), source share"))
    }

    @Test("9p with a source of its own has a device with the one line; with the source of another 9p mount it has none")
    func ownSource() throws {
        var place = WrittenPlace.machine()
        place.mounts += [Mount](table: "90 28 0:50 / /var/lib/kubelet rw - 9p share rw")
        place.devices["/var/lib/kubelet"] = DeviceNumber(major: 0, minor: 50)
        #expect(try title(place, [.line9p]) == "clean")
        place.mounts = [Mount](table: "80 28 0:49 / /mnt rw - 9p share rw") + place.mounts
        #expect(try title(place, [.line9p]) == "fatal, could not find device")
        #expect(try title(place, [.source9p]) == "clean")
    }

    @Test("the same types are well as the root: cAdvisor 0.38 always counts '/'", arguments: ["9p", "virtiofs", "zfs", "xfs", "bcachefs"])
    func root(_ type: String) throws {
        #expect(try title(WrittenPlace.container(root: type, source: "share")) == "clean")
    }

    @Test("supported types have a device on a mount of their own too", arguments: ["ext3", "xfs", "zfs", "tmpfs", "overlay"])
    func supported(_ type: String) throws {
        var place = WrittenPlace.machine()
        place.mounts += [Mount](table: "90 28 0:50 / /var/lib/kubelet rw - \(type) thing rw")
        place.devices["/var/lib/kubelet"] = DeviceNumber(major: 0, minor: 50)
        #expect(try title(place) == "clean")
    }

    @Test("a second file system with the source of the first is taken for a bind mount, and kubelet's directory on it has no device")
    func twoOfOneSource() throws {
        var place = WrittenPlace.machine()
        place.mounts += [Mount](table: "90 28 0:49 / /data rw - xfs tank rw\n91 28 0:50 / /var/lib/kubelet rw - xfs tank rw")
        place.devices["/var/lib/kubelet"] = DeviceNumber(major: 0, minor: 50)
        #expect(try title(place) == "fatal, could not find device")
    }

    @Test("on btrfs the number that stat(2) gives is taken, and a subvolume that is no mount is found by its mount's source")
    func btrfs() throws {
        var place = WrittenPlace.container(root: "btrfs", source: "/dev/sda2")
        place.devices = [
            "/": DeviceNumber(major: 0, minor: 33), "/var/lib/kubelet": DeviceNumber(major: 0, minor: 33),
            "/var/lib/containerd": DeviceNumber(major: 0, minor: 34),
        ]
        #expect(try title(place) == "clean")
    }

    @Test(
        "any file that the reader takes for an error ends kubelet when it is missing",
        arguments: ["cpuacct.usage_percpu", "cpuacct.stat", "cpuacct.usage"])
    func missing(_ file: String) throws {
        var place = WrittenPlace.machine()
        place.cgroupFiles["cpuacct"] = (place.cgroupFiles["cpuacct"] ?? nil)?.subtracting([file])
        #expect(try title(place) == "fatal, memory cache")
        #expect(try title(place, [.percpu]) == (file == "cpuacct.usage_percpu" ? "clean" : "fatal, memory cache"))
    }

    @Test("memory.stat without its companions is an error; without memory.stat they are not looked at, and memory reads 0")
    func memory() throws {
        var place = WrittenPlace.machine()
        place.cgroupFiles["memory"] = ["memory.stat", "memory.usage_in_bytes", "memory.limit_in_bytes"]
        #expect(try title(place) == "fatal, memory cache")
        place.cgroupFiles["memory"] = ["memory.usage_in_bytes"]
        let version = try #require(Version("1.20.2"))
        let blind = Forecast(place, version: version).prediction(with: [])
        #expect(blind.grade == .clean)
        #expect(blind.notes.contains { $0.contains("memory reads 0") })
        #expect(Forecast(place, version: version).prediction(with: [.memoryUsage]).notes.isEmpty)
    }

    @Test(
        "huge pages of which the kernel knows but of which there is no file are an error, and none are asked for where hugetlb is not mounted"
    )
    func hugePages() throws {
        var place = WrittenPlace.machine()
        place.hugePageSizes = ["2MB"]
        #expect(try title(place) == "clean")
        place.mounts += [Mount](table: "40 30 0:31 / /sys/fs/cgroup/hugetlb rw - cgroup cgroup rw,hugetlb")
        place.cgroupFiles["hugetlb"] = ["hugetlb.1GB.usage_in_bytes"]
        #expect(try title(place) == "fatal, memory cache")
        place.cgroupFiles["hugetlb"] = ["hugetlb.2MB.usage_in_bytes", "hugetlb.2MB.max_usage_in_bytes", "hugetlb.2MB.failcnt"]
        #expect(try title(place) == "clean")
    }

    @Test("a controller that kubelet wants and that is not mounted ends it", arguments: ["cpuset", "memory"])
    func unmounted(_ controller: String) throws {
        var place = WrittenPlace.machine()
        place.mounts.removeAll { $0.point.hasSuffix("/\(controller)") }
        place.cgroupFiles[controller] = nil
        let prediction = Forecast(place, version: try #require(Version("1.20.2"))).prediction(with: [])
        #expect(prediction.title == "fatal")
        #expect(prediction.reason.contains("Following Cgroup subsystem not mounted: [\(controller)]"))
    }

    @Test("without cpuacct nothing misses its files, and kubelet ends of the controller itself")
    func withoutCpuacct() throws {
        var place = WrittenPlace.gvisor()
        place.mounts.removeAll { $0.point.hasSuffix("/cpuacct") }
        place.cgroupFiles["cpuacct"] = nil
        let prediction = Forecast(place, version: try #require(Version("1.20.2"))).prediction(with: [])
        #expect(prediction.title == "fatal")
        #expect(prediction.reason.contains("[cpuacct]"))
    }

    @Test("what was never measured is not predicted, and the reason says what")
    func doubts() throws {
        let version = try #require(Version("1.20.2"))
        func expect(_ words: String, _ change: (inout HostFacts) -> Void) {
            var place = WrittenPlace.machine()
            change(&place)
            let prediction = Forecast(place, version: version).prediction(with: [.percpu, .source9p])
            #expect(prediction.grade == .inconclusive)
            #expect(prediction.cause == nil)
            #expect(prediction.reason.contains(words), "\(prediction.reason)")
        }
        expect("cgroup v2") {
            $0.mounts.removeAll { $0.point.hasPrefix("/sys/fs/cgroup") }
            $0.mounts += [Mount](table: "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw")
        }
        expect("/var/lib/kubelet, /var/lib/containerd cannot be written") {
            $0.mounts.removeAll { $0.point == "/" }
            $0.mounts += [Mount](table: "28 1 254:0 / / ro,relatime - ext4 /dev/vda rw")
        }
        expect("/var/lib/containerd cannot be written") { $0.refused = ["/var/lib/containerd"] }
        expect("user namespace") { $0.isOwnUserNamespace = true }
        expect("cannot be created, because /dev") {
            $0.present = []
            $0.mounts += [Mount](table: "40 28 0:6 / /dev ro - tmpfs tmpfs rw")
        }
        expect("CAP_SYS_ADMIN") { $0.boundingSet = 0xA804_25FB }
        expect("capabilities") { $0.boundingSet = nil }
        expect("mount table") { $0.mounts = [] }
        expect("cannot be listed") { $0.cgroupFiles.updateValue(nil, forKey: "cpuacct") }
        expect("/var/lib/kubelet cannot be read") { $0.devices["/var/lib/kubelet"] = nil }
        expect("where containerd keeps images") {
            $0.mounts += [Mount](table: "90 28 0:50 / /var/lib/containerd rw - fuse.x share rw")
            $0.devices["/var/lib/containerd"] = DeviceNumber(major: 0, minor: 50)
        }
    }

    @Test(
        "of other versions only that is said which is known of them",
        arguments: [
            ("1.21.0", "gvisor", "fatal, memory cache"), ("1.34.1", "gvisor", "fatal, memory cache"), ("1.34.1", "machine", "inconclusive"),
            ("1.35.0", "gvisor", "fatal, cgroup v1"), ("1.36.2", "machine", "fatal, cgroup v1"), ("1.19.3", "gvisor", "inconclusive"),
            ("2.0.0", "machine", "inconclusive"), ("1.20.15", "machine", "clean"), ("v1.20.2", "machine", "clean"),
        ])
    func versions(_ version: String, _ place: String, _ title: String) throws {
        #expect(try self.title(place == "gvisor" ? WrittenPlace.gvisor() : WrittenPlace.machine(), version: version) == title)
    }

    @Test("a patch that takes the known fault away leaves another version's end open")
    func patchedOther() throws {
        #expect(try title(WrittenPlace.gvisor(), [.percpu], version: "1.30.2") == "inconclusive")
    }
}
