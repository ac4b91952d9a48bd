/// Which cAdvisor and which reader of cgroups a minor release of Kubernetes has, as far as it was read in trees (2026-11-26). A run asks its own
/// tree; this is for who has nothing but a kubelet's version.
package struct KubernetesRelease: Hashable, Sendable {
    /// The minor version: 34 of 1.34.
    package let minor: Int
    /// The versions of the upstreams in it, by the names that patches have for them.
    package let upstreams: [String: Version]

    /// The first in whose KubeletConfiguration the runtime's socket can stand. Its flag is deprecated since, and will go.
    package static let firstWithEndpointField = 27
    /// The first whose kubelet can be told not to ask for `memory.oom.group` of cgroup v2 (`KubeletConfiguration.singleProcessOOMKill`).
    package static let firstWithSingleOOMKill = 32
    /// The first whose kubelet ends where cgroups are v1 (Kubernetes #134298), unless it is told not to.
    package static let firstThatRefusesV1 = 35

    /// The releases that were read, the oldest first.
    package static let known: [KubernetesRelease] = [
        (20, "0.38.6", "1.0.0-rc92"), (21, "0.39.0", "1.0.0-rc95"), (31, "0.49.0", "1.1.13"), (32, "0.51.0", "1.2.1"),
        (33, "0.52.1", "0.0.3"), (34, "0.52.1", "0.0.3"), (35, "0.53.0", "0.0.3"), (36, "0.56.2", "0.0.6"),
    ].map { minor, cadvisor, libcontainer in
        let versions = ["cadvisor": Version(cadvisor), "libcontainer": Version(libcontainer)]
        return KubernetesRelease(minor: minor, upstreams: versions.compactMapValues(\.self))
    }

    /// The nearest known releases around a version, itself where it is known: one, or two. nil outside of what is known.
    package static func around(_ version: Version) -> [KubernetesRelease]? {
        guard let minor = version.kubernetesMinor else { return nil }
        if let exact = known.first(where: { $0.minor == minor }) { return [exact] }
        guard let below = known.last(where: { $0.minor < minor }), let above = known.first(where: { $0.minor > minor }) else { return nil }
        return [below, above]
    }
}

extension PatchEntry {
    /// Whether the patch is needed by a kubelet of which nothing but the version is known. Between two releases that were read it is what both say.
    ///
    /// - Returns: nil for a patch of which no rule says when it is needed.
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
    /// The minor release of Kubernetes 1: 36 of 1.36.2; nil for a version of another major release.
    package var kubernetesMinor: Int? { numbers.first == 1 ? numbers.dropFirst().first : nil }
}
