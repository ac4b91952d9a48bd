import Host
import Model

/// What can be done about a place, each with lines that can be copied. Nothing of it is done here.
struct Fixes {
    private let forecast: Forecast

    init(_ forecast: Forecast) { self.forecast = forecast }

    private var place: HostFacts { forecast.place }

    /// All of them: what root does inside, what the owner does, and what needs a patch, in this order.
    ///
    /// - Parameter remedy: the patches with which a node would be best.
    func all(remedy: [PatchName]) -> [PreflightFinding.Fix] {
        let ways = [messages, switches, groups, sealedGroups, swap, refusal].compactMap(\.self)
        let owners = [capability, namespace, directories].compactMap(\.self)
        return ways + owners + forecast.asks.map { PreflightFinding.Fix(.owner, $0.cures, [$0.flag]) } + patches(remedy)
    }

    private var messages: PreflightFinding.Fix? {
        if place.refused.contains("/dev/kmsg") {
            return PreflightFinding.Fix(
                .inside, "kubelet opens /dev/kmsg for reading, which fails here: replace it with an empty one",
                ["mount --bind /dev/null /dev/kmsg"])
        }
        guard !place.present.contains("/dev/kmsg") else { return nil }
        return PreflightFinding.Fix(
            .inside, "kubelet opens /dev/kmsg, which does not exist: create an empty one", ["[ -e /dev/kmsg ] || ln -s /dev/null /dev/kmsg"]
        )
    }

    /// Copies with the right values over both directories, as `ninepin verify` has them.
    private var switches: PreflightFinding.Fix? {
        let stuck = place.stuckTunables
        guard !stuck.isEmpty else { return nil }
        let writes = HostFacts.wantedTunables.map { "echo \($0.value) > \"$switches/\($0.name)\"" }
        return PreflightFinding.Fix(
            .inside, "kubelet cannot set \(stuck.joined(separator: ", ")) in /proc/sys: mount copies with the values it needs",
            ["switches=$(mktemp -d)", "mount -t tmpfs tmpfs \"$switches\"", "mkdir -p \"$switches/vm\" \"$switches/kernel/keys\""]
                + ["vm", "kernel"].map { "cp -r /proc/sys/\($0)/. \"$switches/\($0)/\" 2>/dev/null || true" } + writes
                + ["vm", "kernel"].map { "mount --bind \"$switches/\($0)\" /proc/sys/\($0)" })
    }

    private var groups: PreflightFinding.Fix? {
        guard place.cgroupVersion == nil else { return nil }
        return PreflightFinding.Fix(
            .inside, "no cgroup file system is mounted, so kubelet exits: mount the kernel's", Self.mountGroups)
    }

    /// A kernel that has bound its controllers to cgroup v2 says `0::/` alone. One that keeps two of them in one hierarchy mounts both together or not
    /// at all (cgroups(7)).
    private static let mountGroups = [
        "if grep -q '^0::' /proc/self/cgroup && ! grep -q '^[1-9]' /proc/self/cgroup; then", "  mount -t cgroup2 cgroup2 /sys/fs/cgroup",
        "else", "  mount -t tmpfs tmpfs /sys/fs/cgroup", "  for name in \((CgroupReader.wanted + ["pids"]).joined(separator: " ")); do",
        #"    names=$(awk -F: -v name="$name" 'index("," $2 ",", "," name ",") { print $2 }' /proc/self/cgroup)"#,
        #"    mkdir -p "/sys/fs/cgroup/$name" && mount -t cgroup -o "${names:-$name}" cgroup "/sys/fs/cgroup/$name""#, "  done", "fi",
    ]

    private var sealedGroups: PreflightFinding.Fix? {
        let sealed = forecast.sealedControllers
        guard !sealed.isEmpty else { return nil }
        var points: [String] = []
        for point in sealed.compactMap({ place.mount(of: $0)?.point }) where !points.contains(point) { points.append(point) }
        return PreflightFinding.Fix(
            .inside, "\(sealed.joined(separator: ", ")) cannot be written to, and kubelet creates cgroups there: remount them read-write",
            points.map { "mount -o remount,bind,rw \($0.shellQuoted)" })
    }

    private var swap: PreflightFinding.Fix? {
        guard place.hasSwap else { return nil }
        return PreflightFinding.Fix(
            .inside, "swap is on, which kubelet rejects unless configured otherwise", ["configure failSwapOn false"])
    }

    private var refusal: PreflightFinding.Fix? {
        guard forecast.refusesGroups else { return nil }
        return PreflightFinding.Fix(
            .inside,
            "from 1.\(KubernetesRelease.firstThatRefusesV1) on, kubelet exits on cgroup v1 unless configured otherwise; Ninepin's own boots configure this",
            ["configure failCgroupV1 false"])
    }

    private var capability: PreflightFinding.Fix? {
        guard let set = place.boundingSet, set & 1 << 21 == 0 else { return nil }
        return PreflightFinding.Fix(
            .owner, "no process here can have CAP_SYS_ADMIN, which kubelet needs for mounts: start the sandbox with all privileges",
            ["docker run --privileged", "podman run --privileged", "securityContext: {privileged: true}"])
    }

    private var namespace: PreflightFinding.Fix? {
        guard place.isOwnUserNamespace else { return nil }
        return PreflightFinding.Fix(
            .owner,
            "this is a separate user namespace, in which kubelet cannot set kernel parameters: start the sandbox as root, without one",
            ["sudo podman run --privileged", "docker run --privileged --userns=host"])
    }

    private var directories: PreflightFinding.Fix? {
        let sealed = [place.kubeletDirectory, place.imageDirectory].filter(place.isSealed)
        guard !sealed.isEmpty else { return nil }
        return PreflightFinding.Fix(
            .owner, "\(sealed.joined(separator: ", ")) cannot be written to, and a node writes there: give each its own file system",
            sealed.map { "docker run --tmpfs \("\($0):exec".shellQuoted)" })
    }

    private func patches(_ remedy: [PatchName]) -> [PreflightFinding.Fix] {
        guard !remedy.isEmpty else { return [] }
        let (version, names) = (forecast.version.plain, remedy.map(\.description).joined(separator: ","))
        let recipe = forecast.isMeasured ? "kubelet-1.20" : "kubelet@\(version)"
        return [
            PreflightFinding.Fix(
                .builder, "if the sandbox cannot be changed: a kubelet \(version) with \(names)",
                ["ninepin build \(recipe) --series \(names)"])
        ]
    }
}

extension Forecast {
    /// What a kubelet comes to that is started now, with what stands in its way. In the order in which kubelet looks: swap, the kernel's messages,
    /// all that ``prediction(with:)`` follows, and switches last (`cm.Start`).
    func asItStands(with patches: Set<KnownPatch>) -> PreflightFinding.Prediction {
        let rest = prediction(with: patches)
        guard place.boundingSet.map({ $0 & 1 << 21 != 0 }) ?? false else { return rest }
        if place.hasSwap {
            return ends(
                "swap is on, so kubelet exits: 'running with swap on is not supported'", "pkg/kubelet/cm/container_manager_linux.go")
        }
        if !place.present.contains("/dev/kmsg") || place.refused.contains("/dev/kmsg") {
            return ends(
                "kubelet exits: 'failed to create kubelet: open /dev/kmsg'", "pkg/kubelet/oom/oom_watcher_linux.go; booted with 1.20.2")
        }
        let stuck = place.stuckTunables
        guard let first = stuck.first, rest.grade != .fatal else { return rest }
        return ends(
            "kubelet cannot set \(stuck.joined(separator: ", ")), so it exits: 'Failed to start ContainerManager open /proc/sys/\(first)'",
            "pkg/kubelet/cm/container_manager_linux.go, setupKernelTunables")
    }

    /// A boot has no cause either where a node ends by a line that is none of the known faults.
    private func ends(_ reason: String, _ basis: String) -> PreflightFinding.Prediction {
        PreflightFinding.Prediction(.fatal, reason: reason, basis: "Kubernetes, \(basis)")
    }
}

extension PreflightFinding {
    /// All fixes as one script for a POSIX shell: what root does inside is lines, all else is comments. Each says who must do it, and where.
    package var script: String {
        var lines = ["#!/bin/sh"]
        lines += comment(
            "How to make a kubelet \(version.plain) run in this environment. Written by 'ninepin here --fix', which has executed none of it."
        )
        lines += comment("Prediction as it stands: \(asItStands.title). For a boot by 'ninepin verify --sandbox here': \(boot.title).")
        guard !fixes.isEmpty else { return (lines + ["# Nothing needs to be done."]).joined(separator: "\n") }
        lines.append("set -eu")
        if fixes.contains(where: { $0.commands.contains { $0.hasPrefix("configure ") } }) { lines += Self.configure }
        for (number, fix) in fixes.enumerated() {
            lines += ["", "# \(number + 1). \(fix.who.words):"] + comment("   \(fix.what)")
            lines += fix.who == .inside ? fix.commands : fix.commands.flatMap { comment("     \($0)") }
        }
        return lines.joined(separator: "\n")
    }

    /// What a comment says must not become a line of the script.
    private func comment(_ text: String) -> [String] { text.split(whereSeparator: \.isNewline).map { "# \($0)" } }

    private static let configure = [
        "# kubelet's configuration; set KUBELET_CONFIG for another file.", "config=${KUBELET_CONFIG:-/var/lib/kubelet/config.yaml}",
        #"[ -s "$config" ] || printf 'kind: KubeletConfiguration\napiVersion: kubelet.config.k8s.io/v1beta1\n' > "$config""#,
        #"configure() { sed -i "/^$1:/d" "$config" && echo "$1: $2" >> "$config"; }"#,
    ]
}

extension PreflightFinding.Fix.Who {
    fileprivate var words: String {
        switch self {
        case .inside: "Inside the sandbox, as root"
        case .owner: "For the sandbox's owner, where the sandbox is started"
        case .builder: "For whoever builds kubelet, on any machine with Ninepin; last, because it needs a patch"
        }
    }
}
