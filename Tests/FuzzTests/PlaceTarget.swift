import Fuzzing
import Model
import Preflight

extension FuzzTarget {
    /// What the kernel, or an impostor, reports about the environment: the mount table, cgroups, the log.
    static let place = FuzzTarget(
        "place", limit: 1 << 13,
        words: [
            " - ", "9p", "overlay", "tmpfs", "btrfs", "ext4", "cgroup", "cgroup2", "none", "\\040", "\\134", "\\777", "/sys/fs/cgroup",
            "/var/lib/kubelet", "0:17",
            "4294967296:0", "cpu,cpuacct", "memory", "Starting gVisor...", "docker", "==\n", "rw", "ro",
        ],
        seeds: {
            bytes([
                """
                16 15 0:17 / / rw - 9p none rw,trans=fd,rfdno=3,wfdno=3
                18 16 0:18 / /dev rw - tmpfs none rw,mode=0755
                23 19 0:23 / /sys/fs/cgroup rw - tmpfs none rw
                25 23 0:10 /node /sys/fs/cgroup/cpuacct rw - cgroup none rw,cpuacct
                29 23 0:14 /node /sys/fs/cgroup/memory rw - cgroup none rw,memory
                31 16 0:24 / /var/lib/kubelet rw - 9p none rw
                ==
                memory:/
                cpuacct.usage cpuacct.stat memory.stat
                ==
                [    0.000000] Starting gVisor...
                """,
                """
                22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
                24 22 0:21 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate
                26 22 0:44 / /mnt/a\\040b rw - btrfs /dev/sdb rw,subvol=/
                ==
                0::/system.slice/docker-1.scope
                ==
                Linux version 6.1.0-13-amd64
                """,
            ])
        }
    ) {
        { input in
            let parts = String(decoding: input, as: UTF8.self).split(separator: "==\n", omittingEmptySubsequences: false).map(String.init)
            var place = HostFacts()
            place.mounts = [Mount](table: parts[0])
            place.cgroupPaths = parts.count > 1 ? parts[1] : ""
            place.kernelLog = parts.count > 2 ? parts[2] : ""
            place.kernel = place.kernelLog
            let names = Set(place.cgroupPaths.split(whereSeparator: \.isWhitespace).map(String.init))
            for controller in ["cpuacct", "memory", "cpuset", "cpu"] { place.cgroupFiles[controller] = .some(names) }
            place.boundingSet = 1 << 21
            if let first = place.mounts.first { place.devices[place.kubeletDirectory] = first.device }
            for mount in place.mounts {
                try hold(place.mounts.holding(mount.point)?.point == mount.point, "\(mount.point) is not held by its own mount")
            }
            guard let version = Version("1.20.2") else { throw Broken("no version") }
            let finding = PreflightFinding(place, version: version, series: [])
            try hold("\(finding.sandbox.marks)".utf8.count < 1 << 16, "the marks of a sandbox are a text without end")
            // Nothing is predicted without measurements.
            if place.mounts.isEmpty {
                try hold(finding.prediction.grade == .inconclusive, "a place without mounts is \(finding.prediction.grade)")
            }
            return "\(finding.sandbox.kind), \(finding.prediction.grade), \(finding.prediction.reason), \(min(place.mounts.count, 6))"
        }
    }
}
