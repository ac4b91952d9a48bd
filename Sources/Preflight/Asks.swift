import Model

/// A change that the owner of a sandbox can make.
private enum SandboxChange: CaseIterable {
    case overlay, noVolume, cgroupV2

    /// An overlay root with a size limit.
    static let overlayFlag = "runsc --overlay2=root:self,size=20g"

    /// The surroundings after the change.
    func applied(to place: Surroundings) -> Surroundings {
        switch self {
        case .overlay: Surroundings(cgroup: place.cgroup, root: "overlay", kubelet: place.kubelet)
        case .noVolume: Surroundings(cgroup: place.cgroup, root: place.root)
        case .cgroupV2: Surroundings(cgroup: .v2, root: place.root, kubelet: place.kubelet)
        }
    }

    /// The description for the owner.
    var ask: PreflightFinding.Ask {
        switch self {
        case .overlay:
            PreflightFinding.Ask(
                flag: Self.overlayFlag,
                cures:
                    "'/' is then an overlay, not a 9p mount, on which kubelet 1.36 fails with 'cannot find filesystem info'; ephemeral storage reads "
                    + "20Gi because of the size, instead of 2^63 bytes")
        case .noVolume:
            PreflightFinding.Ask(
                flag: "no 9p volume at kubelet's directory", cures: "kubelet's directory is then part of '/', whose device kubelet finds")
        case .cgroupV2:
            PreflightFinding.Ask(
                flag: "runsc --in-sandbox-cgroup=v2 (--mount-cgroup-v2 in older releases)",
                cures:
                    "cpuacct.usage_percpu is then not needed, so '/' has figures, and kubelet 1.35 and newer accept cgroup v2. Pods then "
                    + "need crun, and singleProcessOOMKill: true in kubelet's configuration")
        }
    }
}

extension Forecast {
    /// The smallest set of sandbox changes that makes an unpatched kubelet of this version clean, according to the measurements.
    var asks: [PreflightFinding.Ask] {
        guard let place = Surroundings(place) else { return [] }
        let isGood = { (changes: [SandboxChange]) in
            Expectation(needs(in: changes.reduce(place) { $1.applied(to: $0) }), series: []).outcome == .good
        }
        guard !isGood([]) else { return place.root == "overlay" ? [Self.size] : [] }
        var changes = SandboxChange.allCases
        guard isGood(changes) else { return [] }
        for change in SandboxChange.allCases where isGood(changes.filter { $0 != change }) { changes.removeAll { $0 == change } }
        let isOverlay = place.root == "overlay" && !changes.contains(.overlay)
        return changes.map(\.ask) + (isOverlay ? [Self.size] : [])
    }

    /// A size limit for an existing overlay. Its mount does not show whether it has one.
    private static let size = PreflightFinding.Ask(
        flag: SandboxChange.overlayFlag,
        cures: "ephemeral storage then reads 20Gi; without a size, it reads 2^63 bytes, and limits and evictions based on it do not work")
}
