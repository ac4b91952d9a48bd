import Preflight

/// Recorded environments.
enum WrittenPlace {
    /// runsc of 2024-07-29, by layout: its own mount table, and the cgroups that the harness mounts.
    static func gvisor(root: String = "9p", volume: String? = nil) -> HostFacts {
        var place = HostFacts()
        place.mounts = [Mount](
            table: """
                16 15 0:17 / / rw - \(root) none rw,trans=fd,rfdno=3,wfdno=3,aname=/,cache=fscache,directfs
                18 16 0:18 / /dev rw - tmpfs none rw,mode=0755
                19 16 0:19 / /sys rw - sysfs none rw,dentry_cache_limit=1000
                20 16 0:20 / /run rw - tmpfs none rw
                21 16 0:21 / /proc rw - proc none rw,dentry_cache_limit=1000
                23 19 0:23 / /sys/fs/cgroup rw - tmpfs none rw
                24 23 0:9 /node /sys/fs/cgroup/cpu rw - cgroup none rw,cpu
                25 23 0:10 /node /sys/fs/cgroup/cpuacct rw - cgroup none rw,cpuacct
                26 23 0:11 /node /sys/fs/cgroup/cpuset rw - cgroup none rw,cpuset
                29 23 0:14 /node /sys/fs/cgroup/memory rw - cgroup none rw,memory
                30 23 0:15 /node /sys/fs/cgroup/pids rw - cgroup none rw,pids
                31 16 0:24 / /tmp rw - tmpfs none rw,mode=01777
                """)
        place.devices = [
            "/var/lib/kubelet": DeviceNumber(major: 0, minor: 17), "/var/lib/containerd": DeviceNumber(major: 0, minor: 17),
        ]
        if let volume {
            place.mounts += [Mount](table: "32 16 0:25 / /var/lib/kubelet rw - \(volume) none rw,trans=fd,rfdno=5,wfdno=5")
            place.devices["/var/lib/kubelet"] = DeviceNumber(major: 0, minor: 25)
        }
        place.kernelLog = "[   0.000000] Starting gVisor...\n[   0.529727] Synthesizing system calls...\n"
        place.kernel = "Linux version 4.4.0 #1 SMP Sun Jan 10 15:06:54 PST 2016"
        place.cgroupFiles = [
            "cpu": ["cgroup.procs", "cpu.cfs_period_us", "cpu.cfs_quota_us", "cpu.shares", "tasks"],
            "cpuacct": ["cgroup.procs", "cpuacct.stat", "cpuacct.usage", "cpuacct.usage_sys", "cpuacct.usage_user", "tasks"],
            "cpuset": ["cgroup.procs", "cpuset.cpus", "cpuset.mems", "tasks"],
            "memory": [
                "cgroup.procs", "memory.limit_in_bytes", "memory.pressure_level", "memory.soft_limit_in_bytes", "memory.usage_in_bytes",
                "tasks",
            ],
            "pids": ["cgroup.procs", "pids.current", "pids.max", "tasks"],
        ]
        place.present = ["/proc/sentry-meminfo"]
        place.tunables = ["vm/overcommit_memory": "0"]
        place.pidNamespace = 1
        place.boundingSet = 0x4_FFFF_DFFF
        return place
    }

    /// The same in a sandbox with cgroup v2, as runsc of 2026 provides it.
    static func gvisorV2(root: String = "9p", volume: String? = nil) -> HostFacts {
        var place = gvisor(root: root, volume: volume)
        place.mounts.removeAll { $0.point.hasPrefix("/sys/fs/cgroup") }
        place.mounts += [Mount](table: "23 19 0:23 / /sys/fs/cgroup rw - cgroup2 none rw")
        place.cgroupFiles = [:]
        return place
    }

    /// A virtual machine with cgroup v1 and an ext4 root.
    static func machine() -> HostFacts {
        var place = HostFacts()
        place.mounts = [Mount](
            table: """
                22 28 0:21 / /proc rw,relatime shared:5 - proc proc rw
                28 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard
                30 23 0:26 / /sys/fs/cgroup rw,relatime shared:7 - tmpfs tmpfs rw,mode=755
                31 30 0:27 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:8 - cgroup cgroup rw,cpu,cpuacct
                32 30 0:28 / /sys/fs/cgroup/cpuset rw,relatime shared:9 - cgroup cgroup rw,cpuset
                33 30 0:29 / /sys/fs/cgroup/memory rw,relatime shared:10 - cgroup cgroup rw,memory
                """)
        place.devices = [
            "/var/lib/kubelet": DeviceNumber(major: 254, minor: 0), "/var/lib/containerd": DeviceNumber(major: 254, minor: 0),
        ]
        place.kernel = "Linux version 6.1.0-13-amd64 (builder) #1 SMP"
        let processor: Set<String> = [
            "cpu.cfs_period_us", "cpu.shares", "cpuacct.stat", "cpuacct.usage", "cpuacct.usage_all", "cpuacct.usage_percpu",
        ]
        place.cgroupFiles = [
            "cpu": processor, "cpuacct": processor, "cpuset": ["cpuset.cpus"],
            "memory": [
                "memory.stat", "memory.usage_in_bytes", "memory.max_usage_in_bytes", "memory.failcnt", "memory.limit_in_bytes",
                "memory.use_hierarchy",
            ],
        ]
        place.present = ["/dev/kmsg"]
        for (name, value) in HostFacts.wantedTunables { place.tunables[name] = value }
        place.pidNamespace = 4_026_531_836
        place.boundingSet = 0x1FF_FFFF_FFFF
        place.hasHypervisor = true
        return place
    }

    /// The same kernel as seen in a container with a root of the given type.
    static func container(root: String = "overlay", source: String = "overlay") -> HostFacts {
        var place = machine()
        place.mounts = place.mounts.filter { $0.point != "/" }
        place.mounts += [Mount](table: "500 400 0:77 / / rw,relatime - \(source == "overlay" ? "overlay overlay" : "\(root) \(source)") rw")
        place.devices = [
            "/var/lib/kubelet": DeviceNumber(major: 0, minor: 77), "/var/lib/containerd": DeviceNumber(major: 0, minor: 77),
        ]
        place.pidNamespace = 4_026_532_900
        return place
    }
}
