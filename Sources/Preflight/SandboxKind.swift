import Model

extension HostFacts {
    /// The kind of environment, with evidence.
    package var sandbox: PreflightFinding.Sandbox {
        if !gvisorMarks.isEmpty { return PreflightFinding.Sandbox(kind: .gvisor, marks: gvisorMarks + controllerMark) }
        if !containerMarks.isEmpty { return PreflightFinding.Sandbox(kind: .container, marks: containerMarks) }
        if hasHypervisor { return PreflightFinding.Sandbox(kind: .vm, marks: ["the processor reports a hypervisor", release]) }
        if present.contains("/sys/hypervisor/type") {
            return PreflightFinding.Sandbox(kind: .vm, marks: ["/sys/hypervisor/type", release])
        }
        return PreflightFinding.Sandbox(kind: .host, marks: ["no sign of a sandbox", release])
    }

    /// Evidence that only gVisor's kernel provides: its first log line (`pkg/sentry/kernel/syslog.go`), a file of its own, a date from 2016
    /// in its name (`pkg/sentry/syscalls/linux/linux64.go`).
    private var gvisorMarks: [String] {
        var marks: [String] = []
        if kernelLog.contains("Starting gVisor") { marks.append("the kernel log begins with 'Starting gVisor...'") }
        if present.contains("/proc/sentry-meminfo") { marks.append("/proc/sentry-meminfo") }
        if kernel.hasPrefix("Linux version 4.4.0 #1 SMP Sun Jan 10 15:06:54 PST 2016") { marks.append(release) }
        return marks
    }

    /// gVisor does not report its version, but its cgroup controllers were added one by one.
    private var controllerMark: [String] {
        if isUnified { return ["cgroup2: a release of 2026 or later"] }
        let names = cgroupFiles.keys.sorted()
        guard !names.isEmpty else { return [] }
        return ["cgroup controllers \(names.joined(separator: ", "))\(names.contains("freezer") ? ": a release of 2026 or later" : "")"]
    }

    /// A non-initial PID namespace indicates a container. In the initial one, files left by container runtimes count only if the root is an
    /// overlay too, because an image that became a machine's disk also has them.
    private var containerMarks: [String] {
        // include/linux/proc_ns.h, PROC_PID_INIT_INO: only the kernel's first PID namespace has this number.
        let isOwn = pidNamespace.map { $0 != 0xEFFF_FFFC }
        let words = ["docker", "kubepods", "containerd", "libpod", "lxc"].filter(cgroupPaths.contains).map {
            "'\($0)' in /proc/self/cgroup"
        }
        let left = ["/.dockerenv", "/run/.containerenv"].filter(present.contains) + words
        if isOwn == true { return ["a separate PID namespace"] + left + [release] }
        guard !left.isEmpty, isOwn == nil || mounts.holding("/")?.type == "overlay" else { return [] }
        return left + [release]
    }

    /// `Linux version 6.1.0-13-amd64`, without the build information.
    private var release: String { kernel.split(separator: " ").prefix(3).joined(separator: " ") }
}
