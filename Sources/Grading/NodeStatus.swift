import Model

/// A node in the API server: the parts of core/v1 `Node` that a verdict uses (Kubernetes, staging/src/k8s.io/api/core/v1/types.go).
package struct NodeStatus: Decodable, Sendable {
    package struct Condition: Decodable, Sendable {
        /// `Ready`, `MemoryPressure`, …
        package let type: String
        /// `True`, `False` or `Unknown`.
        package let status: String
        /// The reason, in one word.
        package let reason: String?
        /// The reason, as text.
        package let message: String?
    }

    private struct Status: Decodable {
        let conditions: [Condition]?
        let capacity: [String: String]?
        let nodeInfo: Info?
    }

    private struct Info: Decodable {
        let kubeletVersion: String?
    }

    private let status: Status?

    package var conditions: [Condition] { status?.conditions ?? [] }
    /// Amounts per resource, as quantities (`2`, `24Gi`, `110`).
    package var capacity: [String: String] { status?.capacity ?? [:] }

    /// The condition with the given type.
    package func condition(_ type: String) -> Condition? { conditions.first { $0.type == type } }

    /// Whether the node reports that it is ready.
    package var isReady: Bool { condition("Ready")?.status == "True" }
}

/// A pod in the API server: the parts of core/v1 `Pod` that a verdict uses.
package struct PodStatus: Decodable, Sendable {
    private struct Container: Decodable {
        struct State: Decodable {
            struct Waiting: Decodable {
                let reason: String?
                let message: String?
            }
            struct Terminated: Decodable {
                let exitCode: Int?
                let reason: String?
                let message: String?
            }
            let waiting: Waiting?
            let terminated: Terminated?
        }
        let state: State?
    }

    private struct Status: Decodable {
        let phase: String?
        let reason: String?
        let message: String?
        let conditions: [NodeStatus.Condition]?
        let containerStatuses: [Container]?
    }

    private let status: Status?

    /// `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`.
    package var phase: String { status?.phase ?? "Unknown" }

    /// Why the pod has made no further progress; empty if unknown.
    package var reason: String {
        let waiting = status?.containerStatuses?.compactMap { $0.state?.waiting }.first
        let ended = status?.containerStatuses?.compactMap { $0.state?.terminated }.first
        let condition = status?.conditions?.first { $0.status == "False" && $0.message != nil }
        let pairs = [
            (status?.reason, status?.message), (waiting?.reason, waiting?.message), (ended?.reason, ended?.message),
            (condition?.reason, condition?.message),
        ]
        for (reason, message) in pairs where reason != nil || message != nil {
            return [reason, message].compactMap(\.self).joined(separator: ": ")
        }
        return ""
    }
}
