import Model

/// The flags and configuration fields that kubelet needs differ by release. The release is the version that the binary reports in the
/// sandbox. A binary that was built by hand does not report one, so its help text is checked instead.
enum KubeletRelease {
    /// The last minor release in which kubelet used Docker by default and needed a flag for another runtime (Kubernetes 1.27, "Deprecated
    /// kubelet flag --container-runtime was removed").
    static let lastWithRuntimeFlag = 26

    /// Shell lines that set `$runtime` and `$endpoint` for kubelet's command and add to its configuration. `$version` contains the output
    /// of `--version`. Fields that the configuration already has do not change.
    ///
    /// gVisor has no `memory.oom.group`, and no container starts if kubelet requests it. There is no flag for it, so a kubelet that does
    /// not report its release gets no setting.
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

    /// Shell lines that set `$minor`: 36 for `Kubernetes v1.36.2` or `k3s version v1.36.2+k3s1 (…)`, empty if the text has no release of
    /// Kubernetes 1.
    static let minor = """
        minor=${version#*v1.}
        [ "$minor" != "$version" ] || minor=
        minor=${minor%%.*}
        case $minor in *[!0-9]* | ????*) minor= ;; esac
        """

    /// Shell lines that set `$v1` to a command, `true` if cgroups are v1, by the same check that kubelet uses.
    static let isV1 = """
        v1=true
        [ ! -e /sys/fs/cgroup/cgroup.controllers ] || v1=false
        """
}
