import Model

/// What kubelet is told differs by its release: flags and fields of its configuration came and went. The binary's own version decides, asked in the
/// sandbox; one that was built by hand does not know it, and its help is asked instead.
enum KubeletRelease {
    /// The last minor release of which kubelet took a docker for granted, and had to be told otherwise (Kubernetes 1.27, "Deprecated kubelet flag
    /// --container-runtime was removed").
    static let lastWithRuntimeFlag = 26

    /// Lines of shell that set `$runtime` and `$endpoint` for kubelet's command, and add to its configuration. `$version` has what the binary answers
    /// to `--version`. What the configuration says already stays.
    ///
    /// gVisor has no `memory.oom.group`, and no container starts where kubelet asks for it. There is no flag for that, so a kubelet that does not tell
    /// its release is told nothing of it.
    ///
    /// - Parameter endpoint: the runtime's socket, as an address.
    static func settings(endpoint: String, at paths: NodePaths = .sandbox) -> String {
        """
        \(minor)
        helps() { \(paths.kubelet) --help 2>&1 < /dev/null | grep -q -e "$1[ =]"; }
        # Whether this kubelet is of a minor release or a later one; one that does not tell has the flag that came, or has lost the one that went.
        since() { if [ -n "$minor" ]; then [ "$minor" -ge "$1" ]; elif [ "$2" = with ]; then helps "$3"; else ! helps "$3"; fi; }
        configure() { grep -q "^$1:" \(paths.configuration) || echo "$1: $2" >> \(paths.configuration); }
        runtime=
        since \(lastWithRuntimeFlag + 1) without --container-runtime || runtime=--container-runtime=remote
        endpoint=
        if since \(KubernetesRelease.firstWithEndpointField) without --container-runtime-endpoint; then
          configure containerRuntimeEndpoint "\(endpoint)"
        else
          endpoint=--container-runtime-endpoint=\(endpoint)
        fi
        \(isV1)
        if "$v1" && since \(KubernetesRelease.firstThatRefusesV1) with --fail-cgroupv1; then configure failCgroupV1 false; fi
        if ! "$v1" && [ "${minor:-0}" -ge \(KubernetesRelease.firstWithSingleOOMKill) ]; then configure singleProcessOOMKill true; fi
        """
    }

    /// Lines of shell that set `$minor`: 36 of `Kubernetes v1.36.2` or `k3s version v1.36.2+k3s1 (…)`, nothing of what tells no release of Kubernetes 1.
    static let minor = """
        minor=${version#*v1.}
        [ "$minor" != "$version" ] || minor=
        minor=${minor%%.*}
        case $minor in *[!0-9]* | ????*) minor= ;; esac
        """

    /// Lines of shell that set `$v1` to a command: whether cgroups are v1 here, as kubelet finds it out.
    static let isV1 = """
        v1=true
        [ ! -e /sys/fs/cgroup/cgroup.controllers ] || v1=false
        """
}
