import Model

extension HostFacts {
    /// Which sandbox the place is, and what shows it.
    package var sandbox: PreflightFinding.Sandbox {
        if !gvisorMarks.isEmpty { return PreflightFinding.Sandbox(kind: .gvisor, marks: gvisorMarks + controllerMark) }
        if !containerMarks.isEmpty { return PreflightFinding.Sandbox(kind: .container, marks: containerMarks) }
        if hasHypervisor { return PreflightFinding.Sandbox(kind: .vm, marks: ["the processor reports a hypervisor", release]) }
        if present.contains("/sys/hypervisor/type") {
            return PreflightFinding.Sandbox(kind: .vm, marks: ["/sys/hypervisor/type", release])
        }
        return PreflightFinding.Sandbox(kind: .host, marks: ["no sign of a sandbox", release])
    }

    /// What only gVisor's kernel has: its first log line (`pkg/sentry/kernel/syslog.go`), a file of its own, a date of 2016 in its name
    /// (`pkg/sentry/syscalls/linux/linux64.go`).
    private var gvisorMarks: [String] {
        var marks: [String] = []
        if kernelLog.contains("Starting gVisor") { marks.append("the kernel log begins with 'Starting gVisor...'") }
        if present.contains("/proc/sentry-meminfo") { marks.append("/proc/sentry-meminfo") }
        if kernel.hasPrefix("Linux version 4.4.0 #1 SMP Sun Jan 10 15:06:54 PST 2016") { marks.append(release) }
        return marks
    }

    /// gVisor says no version of its own, but the controllers of its cgroups came one after the other.
    private var controllerMark: [String] {
        if isUnified { return ["cgroup2: a release of 2026 or later"] }
        let names = cgroupFiles.keys.sorted()
        guard !names.isEmpty else { return [] }
        return ["cgroup controllers \(names.joined(separator: ", "))\(names.contains("freezer") ? ": a release of 2026 or later" : "")"]
    }

    /// A PID namespace of its own makes a container. In the kernel's first one the files that runtimes leave count only where the root is an
    /// overlay too: an image that became a machine's disk has them as well.
    private var containerMarks: [String] {
        // include/linux/proc_ns.h, PROC_PID_INIT_INO: the first PID namespace of a kernel has this number, and no other has.
        let isOwn = pidNamespace.map { $0 != 0xEFFF_FFFC }
        let words = ["docker", "kubepods", "containerd", "libpod", "lxc"].filter(cgroupPaths.contains).map {
            "'\($0)' in /proc/self/cgroup"
        }
        let left = ["/.dockerenv", "/run/.containerenv"].filter(present.contains) + words
        if isOwn == true { return ["a separate PID namespace"] + left + [release] }
        guard !left.isEmpty, isOwn == nil || mounts.holding("/")?.type == "overlay" else { return [] }
        return left + [release]
    }

    /// `Linux version 6.1.0-13-amd64`, without who built it.
    private var release: String { kernel.split(separator: " ").prefix(3).joined(separator: " ") }
}
