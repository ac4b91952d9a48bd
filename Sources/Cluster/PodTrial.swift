import FoundationEssentials
import Grading

/// The pods that a node is asked to run, and in which order they are asked for.
package struct PodTrial: Sendable {
    /// What the first pod is to say: a word of this trial only, so that no old log can pass for its own.
    package let word: String
    /// The image; it is in the node already.
    package static let image = "localhost/ninepin/pod:1"

    /// Makes a trial with a word of its own.
    package init() { word = "ninepin-\(String(UInt64.random(in: 0...UInt64.max), radix: 16))" }

    static let namespace = "/api/v1/namespaces/default/pods"

    func pod(_ name: TrialPod, on node: String) -> Pod {
        switch name {
        case .task: Pod(name, on: node, command: ["/bin/sh", "-c", "echo \(word)"], limits: nil)
        // It must use some CPU, or a figure of zero would be right.
        case .limited:
            Pod(
                name, on: node,
                command: ["/bin/sh", "-c", "while true; do i=0; while [ $i -lt 2000 ]; do i=$((i + 1)); done; sleep 0.2; done"],
                limits: ["cpu": "200m", "memory": "64Mi"])
        }
    }
}

/// The parts of core/v1 `Pod` that a trial needs.
struct Pod: Encodable, Sendable {
    struct Metadata: Encodable {
        let name: String
    }

    struct Specification: Encodable {
        struct Container: Encodable {
            struct Resources: Encodable {
                let limits: [String: String]
            }
            let name = "main"
            let image = PodTrial.image
            let imagePullPolicy = "Never"
            let command: [String]
            let resources: Resources?
        }

        let containers: [Container]
        let restartPolicy = "Never"
        // The node has no pod network of its own: gVisor's host network gives it one stack.
        let hostNetwork = true
        let automountServiceAccountToken = false
        let enableServiceLinks = false
        let nodeSelector: [String: String]
    }

    let apiVersion = "v1"
    let kind = "Pod"
    let metadata: Metadata
    let spec: Specification

    init(_ name: TrialPod, on node: String, command: [String], limits: [String: String]?) {
        metadata = Metadata(name: name.rawValue)
        spec = Specification(
            containers: [.init(command: command, resources: limits.map { .init(limits: $0) })],
            nodeSelector: ["kubernetes.io/hostname": node])
    }
}
