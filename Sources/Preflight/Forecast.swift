import Model

/// Predicts the result of booting a kubelet in a host environment: a pure function of the facts about it. Each rule names its source, and
/// if no rule applies the answer is `inconclusive`: no prediction is better than a wrong one.
///
/// The rules follow the order of the checks in kubelet 1.20 (`kubelet.go`, `initializeRuntimeDependentModules`; `cm`,
/// `containerManagerImpl.Start`): device of its directory, statistics of `/`, controllers. All assume that every `Obstacle` is removed.
package struct Forecast: Sendable {
    let place: HostFacts
    let version: Version
    private let rules: [PatchEntry]

    /// Creates a forecast for a kubelet version.
    ///
    /// - Parameter rules: the registry's entries, whose rules cover versions and cgroups that no code here covers.
    package init(_ place: HostFacts, version: Version, rules: [PatchEntry] = []) {
        self.place = place
        self.version = version
        self.rules = rules
    }

    /// The version whose code was read and which was booted.
    package static let measured = "1.20.2"

    /// The expected result for a kubelet with these patches.
    package func prediction(with patches: Set<KnownPatch>) -> PreflightFinding.Prediction {
        if let refusal = unreadable { return refusal }
        if let refusal = unknownPlace { return ruledPrediction(with: patches) ?? refusal }
        return isMeasured ? measuredPrediction(with: patches) : otherPrediction(with: patches)
    }

    var isMeasured: Bool { version.numbers.prefix(2) == [1, 20] }

    /// Inconclusive if a required fact could not be read, or if no node was ever booted in such an environment; otherwise nil.
    private var unreadable: PreflightFinding.Prediction? {
        if place.mounts.isEmpty { return doubt("the mount table cannot be read", "/proc/self/mountinfo") }
        guard let set = place.boundingSet else { return doubt("the capabilities cannot be read", "/proc/self/status") }
        // CAP_SYS_ADMIN has the number 21 (capabilities(7)).
        guard set & 1 << 21 != 0 else {
            return doubt(
                "no process here can have CAP_SYS_ADMIN, and no kubelet without mount rights was ever booted",
                "capabilities(7); not measured")
        }
        let unknown = CgroupReader(place).unknown
        guard unknown.isEmpty else { return doubt("the files of \(list(unknown)) cannot be listed", "/sys/fs/cgroup") }
        return closed
    }

    /// Inconclusive if a boot in this environment would fail before the node starts; otherwise nil.
    private var closed: PreflightFinding.Prediction? {
        guard !place.isOwnUserNamespace else {
            return doubt(
                "this is a separate user namespace, whose root is not the kernel's: no node was ever booted in one. A boot ended before its "
                    + "kubelet started, at a /proc that such a root may not unmount",
                "user_namespaces(7); booted in unshare -Ur, as root and as another user")
        }
        let sealed = [place.kubeletDirectory, place.imageDirectory].filter(place.isSealed)
        guard sealed.isEmpty else {
            return doubt(
                "\(list(sealed)) cannot be written to, and such a boot ended before its kubelet started", "booted on a read-only root")
        }
        guard place.present.contains("/dev/kmsg") || !place.isSealed("/dev") else {
            return doubt("/dev/kmsg does not exist and cannot be created, because /dev is not writable", "mount table; not measured")
        }
        return nil
    }

    /// The prediction for cgroups without measurements.
    private var unknownPlace: PreflightFinding.Prediction? {
        if place.cgroupVersion == nil {
            return isMeasured ? noGroups() : doubt(Self.noGroupsReason + " other versions were not booted this way", "not measured")
        }
        guard place.cgroupVersion == 2 else { return nil }
        return doubt(
            place.sandbox.kind == .gvisor
                ? "this is cgroup v2, and no such node was ever booted on it in gVisor"
                : "this is cgroup v2 of a kernel other than gVisor's, where kubelet 1.20.2 was booted once, clean, in a hierarchy without cpu and "
                    + "memory: that says nothing about others", "not measured")
    }

    private static let noGroupsReason = "no cgroup file system is mounted, so kubelet 1.20.2 exits: 'mountpoint for cpu not found';"

    /// The grader has no name for this fault.
    private func noGroups() -> PreflightFinding.Prediction {
        PreflightFinding.Prediction(
            .fatal, reason: "no cgroup file system is mounted, so kubelet exits: 'failed to run Kubelet: mountpoint for cpu not found'",
            basis: "Kubernetes 1.20.2, pkg/kubelet/cm/helpers_linux.go, GetCgroupSubsystems; booted on Linux without cgroup mounts")
    }

    /// The prediction for kubelet 1.20 on cgroup v1.
    private func measuredPrediction(with patches: Set<KnownPatch>) -> PreflightFinding.Prediction {
        let table = PartitionTable(place, with: patches)
        guard let found = table.holds(place.kubeletDirectory) else {
            return doubt("the device of \(place.kubeletDirectory) cannot be read", "stat(2)")
        }
        guard found else { return noDevice() }
        if let error = readerError(with: patches) { return emptyCache(error) }
        let reader = CgroupReader(place)
        guard reader.unmounted.isEmpty else { return unmounted(reader.unmounted) }
        let sealed = sealedControllers
        guard sealed.isEmpty else { return sealedGroups(sealed) }
        // kubelet queries the file system of its images repeatedly, and a persistent error makes a node degraded at best.
        guard table.holds(place.imageDirectory) == true else {
            return doubt(
                "the file system of \(place.imageDirectory), where containerd keeps images, has no device in cAdvisor's table, and such a node was "
                    + "never booted", "cAdvisor 0.38.6, fs/fs.go; not measured")
        }
        return living(with: patches)
    }

    /// Controllers in which kubelet cannot create a cgroup.
    var sealedControllers: [String] {
        CgroupReader.wanted.filter { name in place.mount(of: name).map { $0.isReadOnly || place.refused.contains($0.point) } ?? false }
    }

    private func sealedGroups(_ names: [String]) -> PreflightFinding.Prediction {
        PreflightFinding.Prediction(
            .fatal,
            reason:
                "\(list(names)) cannot be written to, so kubelet exits: 'Failed to start ContainerManager mkdir …/kubepods: read-only file system'",
            basis: "kubelet 1.20.2, booted on Linux with cgroups mounted read-only")
    }

    /// Whether kubelet with its default configuration exits just because of the cgroup version.
    var refusesGroups: Bool {
        place.cgroupVersion == 1 && (version.kubernetesMinor ?? 0) >= KubernetesRelease.firstThatRefusesV1
    }

    /// The expected result of a boot with Ninepin, or with all fixes except patches: like ``prediction(with:)``, but a kubelet that would
    /// refuse cgroup v1 has `failCgroupV1: false` in its configuration.
    func boot(with patches: Set<KnownPatch>) -> PreflightFinding.Prediction {
        guard refusesGroups else { return prediction(with: patches) }
        return unreadable ?? unknownPlace ?? toldPrediction(with: patches)
    }

    /// The prediction for other versions: what is known about all versions since 1.21.
    private func otherPrediction(with patches: Set<KnownPatch>) -> PreflightFinding.Prediction {
        guard let minor = version.kubernetesMinor, minor > 20 else {
            return doubt("no kubelet \(version.plain) was ever booted with Ninepin", "not measured")
        }
        if refusesGroups {
            return PreflightFinding.Prediction(
                .fatal, cause: .cgroupV1,
                reason:
                    "from 1.35 on, kubelet exits on cgroup v1 unless failCgroupV1 is false in its configuration: 'kubelet is configured "
                    + "to not run on a host using cgroup v1'",
                basis: "Kubernetes #134298, KEP-5573; NVIDIA/OpenShell #360 saw it; not measured")
        }
        return toldPrediction(with: patches)
    }

    /// The same for a kubelet that accepts cgroup v1, by default or by configuration.
    private func toldPrediction(with patches: Set<KnownPatch>) -> PreflightFinding.Prediction {
        let sealed = sealedControllers
        guard sealed.isEmpty else {
            return doubt("\(list(sealed)) cannot be written to, and only kubelet 1.20.2 was booted this way", "mount table; not measured")
        }
        if let ruled = ruledPrediction(with: patches), ruled.grade != .inconclusive { return ruled }
        // The reader is the same in every release (runc 1.1.5, runc 1.1.15 and opencontainers/cgroups 0.0.5 were tested), and so is
        // kubelet's end.
        if gaps(with: patches).contains("cpuacct.usage_percpu") {
            return PreflightFinding.Prediction(
                .fatal, cause: .memoryCache, reason: Self.cacheReason("cpuacct.usage_percpu"),
                basis:
                    "probed at level component of runc 1.1.5, runc 1.1.15 and opencontainers/cgroups 0.0.5; kubelet \(version.plain) was not "
                    + "booted")
        }
        return doubt("nothing here is known to stop a kubelet \(version.plain), but none was ever booted with Ninepin", "not measured")
    }
}

extension Forecast {
    /// The patches that the environment needs, according to the rules that `ninepin run` also uses.
    var needs: [Need] {
        guard let surroundings = Surroundings(place) else { return [] }
        return needs(in: surroundings)
    }

    func needs(in surroundings: Surroundings) -> [Need] { rules.compactMap { $0.need(in: surroundings, kubelet: version) } }

    /// The prediction according to the registry's rules; nil if they do not apply to this environment.
    private func ruledPrediction(with patches: Set<KnownPatch>) -> PreflightFinding.Prediction? {
        let needs = needs
        guard !needs.isEmpty else { return nil }
        let expected = Expectation(needs, series: patches.compactMap(\.name))
        let basis = { (need: Need) in "\(need.patch)'s rules in the registry" + (need.measured.map { ", measured \($0)" } ?? "") }
        switch expected.outcome {
        case .unknown: return expected.deciding.first.map { doubt("\($0.patch): \($0.evidence)", "not measured") }
        case .bad(let loss):
            guard let need = expected.deciding.first else { return nil }
            return PreflightFinding.Prediction(
                loss.kind == .fatal ? .fatal : .degraded, cause: loss.cause, reason: "\(need.patch) is needed here: \(need.evidence)",
                basis: basis(need))
        case .good:
            guard let need = expected.deciding.first ?? needs.first else { return nil }
            let isBlind =
                place.cgroupVersion == 2 || needs.contains { $0.without?.kind == .figures && !$0.isMet(by: patches.compactMap(\.name)) }
            return PreflightFinding.Prediction(
                .clean, reason: "no patch needed in this environment is missing. \(need.evidence)", basis: basis(need),
                notes: isBlind ? [Self.blindness] : [])
        }
    }

    private static let blindness = "node memory reads 0: there is no memory.stat"

    /// The first missing file that the reader treats as an error, with these patches.
    private func readerError(with patches: Set<KnownPatch>) -> String? { gaps(with: patches).first }

    private func gaps(with patches: Set<KnownPatch>) -> [String] {
        CgroupReader(place).gaps.filter { $0.isError && !($0.name == "cpuacct.usage_percpu" && patches.contains(.percpu)) }.map(\.name)
    }

    private func noDevice() -> PreflightFinding.Prediction {
        let device = place.devices[place.kubeletDirectory].map { "major: \($0.major), minor: \($0.minor)" } ?? "major"
        let mount = place.mounts.holding(place.kubeletDirectory)
        let type = mount.map { "\($0.type), source \($0.source)" } ?? "an unknown file system"
        return PreflightFinding.Prediction(
            .fatal, cause: .noDevice,
            reason:
                "\(place.kubeletDirectory) is a file system (\(type)) that cAdvisor does not count, so kubelet exits: 'could not find device "
                + "with \(device) in cached partitions map'",
            basis: "cAdvisor 0.38.6, fs/fs.go, processMounts and GetDirFsDevice; booted in gVisor on volume-9p")
    }

    private func emptyCache(_ file: String) -> PreflightFinding.Prediction {
        PreflightFinding.Prediction(
            .fatal, cause: .memoryCache, reason: Self.cacheReason(file),
            basis: file == "cpuacct.usage_percpu"
                ? "runc 1.0.0-rc92, libcontainer/cgroups/fs/cpuacct.go; booted in gVisor on root-9p and root-overlay"
                : "runc 1.0.0-rc92, libcontainer/cgroups/fs; the same code path as for cpuacct.usage_percpu, which was booted")
    }

    private static func cacheReason(_ file: String) -> String {
        "\(file) is missing: the cgroup v1 reader treats that as an error, '/' never has statistics, and kubelet exits: 'failed to get rootfs "
            + "info: unable to find data in memory cache'"
    }

    /// The grader has no name for this fault.
    private func unmounted(_ names: [String]) -> PreflightFinding.Prediction {
        PreflightFinding.Prediction(
            .fatal,
            reason: "kubelet exits: 'system validation failed - Following Cgroup subsystem not mounted: [\(names.joined(separator: " "))]'",
            basis: "Kubernetes 1.20.2, pkg/kubelet/cm/container_manager_linux.go, validateSystemRequirements")
    }

    private func living(with patches: Set<KnownPatch>) -> PreflightFinding.Prediction {
        let reader = CgroupReader(place)
        let isBlind = !reader.readsMemory && !(patches.contains(.memoryUsage) && reader.hasMemoryUsage)
        return PreflightFinding.Prediction(
            .clean, reason: "kubelet's directory has a device, and no file is missing whose absence its readers treat as an error",
            basis: place.sandbox.kind == .gvisor
                ? "kubelet 1.20.2 with these patches was booted in gVisor on three layouts" : "kubelet 1.20.2 was booted in runc, on ext4",
            notes: isBlind ? [Self.blindness] : [])
    }

    private func doubt(_ reason: String, _ basis: String) -> PreflightFinding.Prediction {
        PreflightFinding.Prediction(.inconclusive, reason: reason, basis: basis)
    }

    private func list(_ names: [String]) -> String { names.joined(separator: ", ") }
}
