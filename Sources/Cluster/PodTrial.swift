import FoundationEssentials
import Grading

/// The pods that a node must run, and their order.
package struct PodTrial: Sendable {
    /// The word that the first pod must print. It is unique to this trial, so that an old log cannot be mistaken for its own.
    package let word: String
    /// The image, which the node already has.
    package static let image = "localhost/ninepin/pod:1"

    /// Creates a trial with a unique word.
    package init() { word = "ninepin-\(String(UInt64.random(in: 0...UInt64.max), radix: 16))" }

    static let namespace = "/api/v1/namespaces/default/pods"

    func pod(_ name: TrialPod, on node: String) -> Pod {
        switch name {
        case .task: Pod(name, on: node, command: ["/bin/sh", "-c", "echo \(word)"], limits: nil)
        // The pod must use some CPU; otherwise a figure of zero would be correct.
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
        // It uses the host network because gVisor gives the node only one network stack, so there is no pod network.
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
