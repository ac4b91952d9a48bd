import CKernelLog
import FileSystem
import Glibc
import Host
import Model
import SystemPackage

extension HostFacts {
    /// Reads the facts about the environment of this process. Changes nothing, and omits what cannot be read.
    ///
    /// - Parameter directory: kubelet's directory, which need not exist.
    package static func reading(kubeletDirectory directory: String) -> HostFacts {
        var place = HostFacts()
        place.mounts = [Mount](table: text("/proc/self/mountinfo"))
        place.kubeletDirectory = resolved(directory)
        place.imageDirectory = resolved(place.imageDirectory)
        place.readDevices()
        place.kernelLog = kernelLog()
        place.kernel = text("/proc/version").trimmingEnd
        place.readCgroups()
        place.present = Set(asked.filter { access($0, F_OK) == 0 })
        for (name, _) in wantedTunables where access("/proc/sys/\(name)", R_OK) == 0 {
            place.tunables[name] = text("/proc/sys/\(name)").trimmingEnd
        }
        place.readStatus()
        // The first CPU is enough; on a large machine the file is long.
        place.hasHypervisor = text("/proc/cpuinfo", limit: 1 << 14).contains("hypervisor")
        place.hasSwap = text("/proc/swaps").split(separator: "\n").count > 1
        place.isOwnUserNamespace = !isWhole(text("/proc/self/uid_map"))
        if geteuid() == 0 { place.refused = place.tried() }
        return place
    }

    private mutating func readDevices() {
        for path in [kubeletDirectory, imageDirectory] { devices[path] = Self.device(of: Self.nearest(path)) }
        for mount in mounts where mount.type == "btrfs" { devices[mount.point] = Self.device(of: mount.point) }
    }

    private mutating func readCgroups() {
        cgroupPaths = Self.text("/proc/self/cgroup")
        for mount in mounts where mount.type == "cgroup" {
            let names = Self.listed(mount.point)
            for controller in mount.superOptions where Self.controllers.contains(String(controller)) {
                guard cgroupFiles.index(forKey: String(controller)) == nil else { continue }
                cgroupFiles.updateValue(names, forKey: String(controller))
            }
        }
        hugePageSizes = Files.names(in: "/sys/kernel/mm/hugepages").compactMap(Self.hugePageSize)
    }

    private mutating func readStatus() {
        for line in Self.text("/proc/self/status").split(separator: "\n") where line.hasPrefix("CapBnd:") {
            boundingSet = line.split(whereSeparator: \.isWhitespace).last.flatMap { UInt64($0, radix: 16) }
        }
        // `pid:[4026531836]`
        pidNamespace = Files.linkTarget("/proc/self/ns/pid").flatMap { UInt64($0.drop { $0 != "[" }.dropFirst().dropLast()) }
    }

    /// Opens files in the same way as kubelet, without writing. File modes are not reliable in a user namespace, in gVisor, or with a
    /// kernel security module.
    private func tried() -> Set<String> {
        let switches = Self.wantedTunables.filter { tunables[$0.name] != nil && tunables[$0.name] != $0.value }.map {
            "/proc/sys/\($0.name)"
        }
        var refused = switches.filter { !Self.opens($0, O_WRONLY) }
        // Several processes can read the kernel log without affecting each other.
        if present.contains("/dev/kmsg"), !Self.opens("/dev/kmsg", O_RDONLY) { refused.append("/dev/kmsg") }
        let groups = isUnified ? ["/sys/fs/cgroup"] : CgroupReader.wanted.compactMap { mount(of: $0)?.point }
        refused += ([kubeletDirectory, imageDirectory] + groups).filter { access(Self.nearest($0), W_OK | X_OK) != 0 }
        return Set(refused)
    }

    private static func opens(_ path: String, _ mode: Int32) -> Bool {
        let file = open(path, mode | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
        guard file >= 0 else { return false }
        close(file)
        return true
    }

    /// The initial user namespace maps every ID to itself (user_namespaces(7), `/proc/PID/uid_map`). A kernel without user namespaces has
    /// no such file.
    static func isWhole(_ map: String) -> Bool {
        map.isEmpty || map.split(whereSeparator: \.isWhitespace).compactMap { UInt64($0) } == [0, 0, 4_294_967_295]
    }

    private static let controllers: Set<String> = [
        "cpu", "cpuacct", "cpuset", "memory", "pids", "devices", "freezer", "blkio", "hugetlb", "job", "perf_event", "net_cls", "net_prio",
    ]

    /// The path, with links resolved in the part that exists.
    private static func resolved(_ path: String) -> String {
        let there = nearest(path)
        guard let real = try? Files.realPath(FilePath(there)).string else { return path }
        let rest = path.dropFirst(there.count).drop { $0 == "/" }
        return rest.isEmpty ? real : (real == "/" ? "/\(rest)" : "\(real)/\(rest)")
    }

    /// The path, or its nearest existing parent.
    private static func nearest(_ path: String) -> String {
        var folder = FilePath(path)
        while access(folder.string, F_OK) != 0, folder.removeLastComponent() {}
        return folder.string
    }

    private static func device(of path: String) -> DeviceNumber? {
        var status = stat()
        return stat(path, &status) == 0 ? DeviceNumber(UInt64(status.st_dev)) : nil
    }

    /// The names in a directory; nil if it cannot be listed.
    private static func listed(_ directory: String) -> Set<String>? {
        access(directory, R_OK | X_OK) == 0 ? Set(Files.names(in: FilePath(directory))) : nil
    }

    /// Converts `hugepages-2048kB` to `2MB`, as in the names of cgroup files (libcontainer, `cgroups/utils.go`, `GetHugePageSize`).
    private static func hugePageSize(_ folder: String) -> String? {
        guard var size = folder.split(separator: "-").last.flatMap({ Int($0.prefix { $0.isNumber }) }) else { return nil }
        var units = ["KB", "MB", "GB", "TB"][...]
        while size >= 1024, units.count > 1 {
            size /= 1024
            units.removeFirst()
        }
        return units.first.map { "\(size)\($0)" }
    }

    /// The beginning of the kernel log, which syslog(2) returns to processes with permission.
    private static func kernelLog() -> String {
        var bytes = [CChar](repeating: 0, count: 1 << 18)
        // SYSLOG_ACTION_READ_ALL is 3. It returns the end of a log that is longer than the buffer.
        let count = klogctl(3, &bytes, Int32(bytes.count))
        return count <= 0 ? "" : String(decoding: bytes.prefix(min(Int(count), 1 << 12)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func text(_ path: String, limit: Int = 1 << 20) -> String {
        let bytes = (try? Files.read(FilePath(path), from: 0, count: limit)) ?? []
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension String {
    fileprivate var trimmingEnd: String { String(prefix(upTo: lastIndex { !$0.isWhitespace }.map { index(after: $0) } ?? startIndex)) }
}
