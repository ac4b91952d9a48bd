import Host
import Model

/// The possible actions for a host environment, each with lines to copy. Nothing is executed here.
struct Fixes {
    private let forecast: Forecast

    init(_ forecast: Forecast) { self.forecast = forecast }

    private var place: HostFacts { forecast.place }

    /// All actions, in this order: by root inside, by the owner, by patch.
    ///
    /// - Parameter remedy: the patches that give the best result.
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

    /// Mounts copies with the right values over both directories, as `ninepin verify` does.
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

    /// If the kernel uses its controllers with cgroup v2, `/proc/self/cgroup` contains only `0::/`. Controllers that share a v1 hierarchy
    /// can only be mounted together (cgroups(7)).
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
            .inside, "\(sealed.joined(separator: ", ")) are read-only, and kubelet creates cgroups there: remount them read-write",
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
            .owner, "\(sealed.joined(separator: ", ")) are read-only, and a node writes there: give each its own file system",
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
    /// The expected result if kubelet is started now, with all obstacles. Follows kubelet's order: swap, /dev/kmsg, everything in
    /// ``prediction(with:)``, and finally sysctls (`cm.Start`).
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

    /// Predicts an end without a cause. A real boot has none either if the node's last line is not a known fault.
    private func ends(_ reason: String, _ basis: String) -> PreflightFinding.Prediction {
        PreflightFinding.Prediction(.fatal, reason: reason, basis: "Kubernetes, \(basis)")
    }
}

extension PreflightFinding {
    /// All actions as a POSIX shell script: actions by root inside are commands, all others are comments. Each names who must perform it,
    /// and where.
    package var script: String {
        var lines = ["#!/bin/sh"]
        lines += comment(
            "How to make a kubelet \(version.plain) run in this environment. Written by 'ninepin preflight --fix', which has executed none of it."
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

    /// Turns a text into comment lines. No part of it may become a command of the script.
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
