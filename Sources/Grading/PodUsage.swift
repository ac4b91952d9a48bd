import FoundationEssentials

/// A pod's resource usage, from kubelet's `/stats/summary` (Kubernetes, staging/src/k8s.io/kubelet/pkg/apis/stats/v1alpha1/types.go).
package struct PodUsage: Hashable, Sendable {
    /// CPU time used so far, in nanoseconds.
    package let cpuNanoseconds: UInt64
    /// The working set, in bytes.
    package let memoryBytes: UInt64

    /// Whether both figures are positive.
    package var isPositive: Bool { cpuNanoseconds > 0 && memoryBytes > 0 }

    /// Sums the figures of a pod's containers; nil if the document has none for this pod, or if a sum overflows.
    package init?(of pod: TrialPod, in summary: String) {
        guard let read = try? JSONDecoder().decode(Summary.self, from: Data(summary.utf8)),
            let found = read.pods?.first(where: { $0.podRef.name == pod.rawValue }), let containers = found.containers, !containers.isEmpty
        else { return nil }
        guard let cpu = Self.sum(containers.map { $0.cpu?.usageCoreNanoSeconds ?? 0 }),
            let memory = Self.sum(containers.map { $0.memory?.workingSetBytes ?? 0 })
        else { return nil }
        (cpuNanoseconds, memoryBytes) = (cpu, memory)
    }

    private static func sum(_ figures: [UInt64]) -> UInt64? {
        figures.reduce(0 as UInt64?) { sum, figure in
            guard let (sum, isTooMuch) = sum?.addingReportingOverflow(figure), !isTooMuch else { return nil }
            return sum
        }
    }

    private struct Summary: Decodable {
        struct Pod: Decodable {
            struct Reference: Decodable { let name: String }
            struct Container: Decodable {
                struct CPU: Decodable { let usageCoreNanoSeconds: UInt64? }
                struct Memory: Decodable { let workingSetBytes: UInt64? }
                let cpu: CPU?
                let memory: Memory?
            }
            let podRef: Reference
            let containers: [Container]?
        }
        let pods: [Pod]?
    }
}
