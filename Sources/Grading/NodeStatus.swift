/// A node as the API server knows it: the parts of core/v1 `Node` that a verdict looks at
/// (Kubernetes, staging/src/k8s.io/api/core/v1/types.go).
package struct NodeStatus: Decodable, Sendable {
    /// A condition of a node or a pod.
    package struct Condition: Decodable, Sendable {
        /// `Ready`, `MemoryPressure`, …
        package let type: String
        /// `True`, `False` or `Unknown`.
        package let status: String
        /// Why, in one word.
        package let reason: String?
        /// Why, in words.
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

    /// What holds of it.
    package var conditions: [Condition] { status?.conditions ?? [] }
    /// How much of what it has, as quantities (`2`, `24Gi`, `110`).
    package var capacity: [String: String] { status?.capacity ?? [:] }

    /// A condition by its type.
    package func condition(_ type: String) -> Condition? { conditions.first { $0.type == type } }

    /// Whether it says that it is ready.
    package var isReady: Bool { condition("Ready")?.status == "True" }
}

/// A pod as the API server knows it: the parts of core/v1 `Pod` that a verdict looks at.
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

    /// Why it is not further, in words; empty when nobody says.
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
