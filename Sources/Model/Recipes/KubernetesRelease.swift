/// The versions of cAdvisor and of the cgroup reader in a minor release of Kubernetes, for those read from source trees (2026-11-26). A run
/// reads its own tree; this table is for callers who only know the kubelet version.
package struct KubernetesRelease: Hashable, Sendable {
    /// The minor version: 34 for 1.34.
    package let minor: Int
    /// The versions of its upstreams, by the upstreams' names in patches.
    package let upstreams: [String: Version]

    /// The first release whose KubeletConfiguration has a field for the runtime's socket. The flag has been deprecated since then and will
    /// be removed.
    package static let firstWithEndpointField = 27
    /// The first release whose kubelet can be configured not to use `memory.oom.group` of cgroup v2
    /// (`KubeletConfiguration.singleProcessOOMKill`).
    package static let firstWithSingleOOMKill = 32
    /// The first release whose kubelet exits on cgroup v1 (Kubernetes #134298) unless configured otherwise.
    package static let firstThatRefusesV1 = 35

    /// The releases that were read, oldest first.
    package static let known: [KubernetesRelease] = [
        (20, "0.38.6", "1.0.0-rc92"), (21, "0.39.0", "1.0.0-rc95"), (31, "0.49.0", "1.1.13"), (32, "0.51.0", "1.2.1"),
        (33, "0.52.1", "0.0.3"), (34, "0.52.1", "0.0.3"), (35, "0.53.0", "0.0.3"), (36, "0.56.2", "0.0.6"),
    ].map { minor, cadvisor, libcontainer in
        let versions = ["cadvisor": Version(cadvisor), "libcontainer": Version(libcontainer)]
        return KubernetesRelease(minor: minor, upstreams: versions.compactMapValues(\.self))
    }

    /// The one or two known releases nearest to a version: the release itself if known. nil outside the known range.
    package static func around(_ version: Version) -> [KubernetesRelease]? {
        guard let minor = version.kubernetesMinor else { return nil }
        if let exact = known.first(where: { $0.minor == minor }) { return [exact] }
        guard let below = known.last(where: { $0.minor < minor }), let above = known.first(where: { $0.minor > minor }) else { return nil }
        return [below, above]
    }
}

extension PatchEntry {
    /// Returns whether a kubelet needs the patch, if only its version is known. For a version between two known releases, both must agree;
    /// otherwise the answer is `notMeasured`.
    ///
    /// - Returns: nil if no rule of the patch says when it is needed.
    package func need(in place: Surroundings, kubelet version: Version) -> Need? {
        guard let releases = KubernetesRelease.around(version) else {
            guard !needs.isEmpty else { return nil }
            return Need(
                patch: name, answer: .notMeasured,
                evidence: "the version of \(name.upstream) in Kubernetes \(version.plain) is not recorded")
        }
        let found = releases.map { need(in: place, version: $0.upstreams[name.upstream]) }
        guard let first = found[0], found.allSatisfy({ $0?.answer == first.answer && $0?.without == first.without }) else {
            guard !needs.isEmpty else { return nil }
            let names = releases.map { "1.\($0.minor)" }.joined(separator: " and ")
            return Need(
                patch: name, answer: .notMeasured,
                evidence: "the answer differs between Kubernetes \(names), and no release in between was tried")
        }
        return first
    }
}

extension Version {
    /// The minor release of Kubernetes 1: 36 for 1.36.2; nil for another major version.
    package var kubernetesMinor: Int? { numbers.first == 1 ? numbers.dropFirst().first : nil }
}
