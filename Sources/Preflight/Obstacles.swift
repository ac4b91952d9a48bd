import Model

extension HostFacts {
    /// The obstacles for a kubelet here, whatever its patches. `ninepin verify` removes all except a missing capability.
    package var obstacles: [PreflightFinding.Obstacle] {
        var all: [PreflightFinding.Obstacle] = []
        let note = { (what: String, cure: String) in all.append(PreflightFinding.Obstacle(what: what, cure: cure)) }
        if let boundingSet, boundingSet & 1 << 21 == 0 {
            note("no process here can have CAP_SYS_ADMIN, which kubelet needs for mounts", "start the sandbox with that capability")
        }
        if !present.contains("/dev/kmsg") {
            note("kubelet opens /dev/kmsg, which does not exist", "ln -s /dev/null /dev/kmsg")
        } else if refused.contains("/dev/kmsg") {
            note("kubelet opens /dev/kmsg for reading, which fails here", "mount --bind /dev/null /dev/kmsg")
        }
        let stuck = stuckTunables
        if !stuck.isEmpty {
            note(
                "kubelet cannot set \(stuck.joined(separator: ", ")) in /proc/sys",
                "bind-mount copies with the right values over /proc/sys/vm and /proc/sys/kernel")
        }
        if hasSwap { note("swap is on", "failSwapOn: false in kubelet's configuration") }
        return all
    }

    /// The sysctls that kubelet requires and that are missing, or have another value that kubelet cannot change: gVisor does not support
    /// such a write, whatever the file mode; elsewhere `/proc/sys` is read-only, or root tried and failed.
    var stuckTunables: [String] {
        let isSealed = sandbox.kind == .gvisor || mounts.holding("/proc/sys")?.isReadOnly == true
        return Self.wantedTunables.filter { name, value in
            guard let found = tunables[name] else { return true }
            return found != value && (isSealed || refused.contains("/proc/sys/\(name)"))
        }.map(\.name)
    }
}
