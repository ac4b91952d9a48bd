import Foundation
import Grading
import Synchronization
import TestServers

@testable import Cluster

/// An API server with scripted responses.
final class WrittenCluster: Sendable {
    struct State {
        var readyz = Reply.body(Array("ok".utf8))
        /// The node's document; 404 if nil.
        var node: String? = WrittenCluster.node(ready: true)
        /// Whether the default service account exists.
        var hasAccount = true
        var summary = #"{"pods": []}"#
        /// The pods by name, each with its documents for successive requests; the last one repeats.
        var pods: [String: [String]] = [:]
        /// The documents of a pod after it is created.
        var made: [String: [String]] = [
            "ninepin-task": [WrittenCluster.pod("Pending"), WrittenCluster.pod("Succeeded")],
            "ninepin-limited": [WrittenCluster.pod("Pending"), WrittenCluster.pod("Running")],
        ]
        /// The number of requests about a pod after which the summary changes.
        var later: (questions: Int, summary: String)?
        var log = "a word\n"
        /// The bodies of the requests that created something.
        var bodies: [[UInt8]] = []
        /// Replacement answers by `METHOD PATH`, each used once.
        var instead: [String: [Instead]] = [:]
    }

    /// A replacement for the usual answer.
    struct Instead {
        let reply: Reply
        /// Whether the request is carried out anyway, so that only the answer is lost.
        let isDone: Bool
    }

    private let state: Mutex<State>

    init(_ change: (inout State) -> Void = { _ in }) {
        var state = State()
        change(&state)
        self.state = Mutex(state)
    }

    func change(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }

    var bodies: [[UInt8]] { state.withLock(\.bodies) }

    static func node(ready: Bool) -> String {
        #"{"status": {"conditions": [{"type": "Ready", "status": "\#(ready ? "True" : "False")"}], "capacity": {"cpu": "2"}}}"#
    }

    static func pod(_ phase: String) -> String { #"{"status": {"phase": "\#(phase)"}}"# }

    /// kubelet's statistics for the limited pod.
    static func summary(cpu: UInt64, memory: UInt64) -> String {
        """
        {"pods": [{"podRef": {"name": "ninepin-limited"},
            "containers": [{"cpu": {"usageCoreNanoSeconds": \(cpu)}, "memory": {"workingSetBytes": \(memory)}}]}]}
        """
    }

    func answer(_ request: Request) -> Reply {
        state.withLock { state in
            let path = request.target.split(separator: "?").first.map(String.init) ?? ""
            let key = "\(request.method) \(path)"
            guard var instead = state.instead[key], !instead.isEmpty else { return Self.carryOut(request, path, &state) }
            let next = instead.removeFirst()
            state.instead[key] = instead
            if next.isDone { _ = Self.carryOut(request, path, &state) }
            return next.reply
        }
    }

    private static func carryOut(_ request: Request, _ path: String, _ state: inout State) -> Reply {
        let pods = "/api/v1/namespaces/default/pods"
        let name = path.hasPrefix("\(pods)/") ? String(path.dropFirst(pods.count + 1)) : ""
        switch (request.method, path) {
        case ("GET", "/readyz"): return state.readyz
        case ("GET", "/api/v1/nodes/n"): return state.node.map { .body(Array($0.utf8)) } ?? .status(404)
        case ("GET", "/api/v1/nodes/n/proxy/stats/summary"): return .body(Array(state.summary.utf8))
        case ("GET", ClusterObserver.account): return state.hasAccount ? .body(Array("{}".utf8)) : .status(404)
        case ("POST", pods): return make(request, &state)
        case ("GET", "\(pods)/ninepin-task/log"): return .body(Array(state.log.utf8))
        case ("GET", _) where state.pods[name] != nil: return show(name, &state)
        case ("DELETE", _) where state.pods.removeValue(forKey: name) != nil: return .body(Array("{}".utf8))
        default: return .status(404)
        }
    }

    private static func make(_ request: Request, _ state: inout State) -> Reply {
        state.bodies.append(request.body)
        let object = try? JSONSerialization.jsonObject(with: Data(request.body)) as? [String: Any]
        guard let name = (object?["metadata"] as? [String: Any])?["name"] as? String, let documents = state.made[name] else {
            return .status(422)
        }
        guard state.pods[name] == nil else { return .body(Array(#"{"message": "already exists"}"#.utf8), status: 409) }
        state.pods[name] = documents
        return .body(request.body, status: 201)
    }

    private static func show(_ name: String, _ state: inout State) -> Reply {
        let documents = state.pods[name] ?? []
        if name == "ninepin-limited", let later = state.later {
            state.later = later.questions > 1 ? (later.questions - 1, later.summary) : nil
            if state.later == nil { state.summary = later.summary }
        }
        if documents.count > 1 { state.pods[name] = Array(documents.dropFirst()) }
        return .body(Array((documents.first ?? "").utf8))
    }
}

extension ClusterFact {
    /// The fact in one line.
    var words: String {
        switch self {
        case .apiServer(let isReady, let words): "apiServer \(isReady) \(words)"
        case .ended(let process, let how, let lines): "ended \(process) \(how) \(lines)"
        case .unlogged(let process, let reason): "unlogged \(process) \(reason)"
        case .node(let status): "node \(status.map { $0.isReady ? "Ready" : "not Ready" } ?? "unknown")"
        case .acceptsPods: "accepts pods"
        case .pod(let name, let status): "\(name) \(status.phase)"
        case .podLog(let name, let log): "log of \(name): \(log)"
        case .podGone(let name): "\(name) gone"
        case .summary: "summary"
        case .refused(let words): "refused \(words)"
        }
    }
}
