import Approaches
import Foundation
import Fuzzing
import Host
import Model

@testable import Cluster
@testable import Grading

/// A value in a document, looked up with an independent JSON parser.
private func json(_ text: String, _ path: String...) -> Any? {
    var value: Any? = try? JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
    for key in path { value = (value as? [String: Any])?[key] }
    return value
}

extension FuzzTarget {
    /// The sandbox's output: marks of the first program, messages of runsc, the answers of a probe.
    static let marks = FuzzTarget(
        "marks", limit: 1 << 13,
        words: [
            "@ninepin ", "stage kubelet\n", "stage probe\n", "gvisor Starting gVisor...\n", "mount / 9p\n",
            "mount /sys/fs/cgroup/cpuacct cgroup\n",
            "probe healthz ok\n", "probe summary \(WrittenBoot.summary)\n", "probe nodes {\"kind\":\"NodeList\",\"items\":[]}\n",
            "exit 0\n", "exit 137\n",
            "exit 9223372036854775807\n", "failed x\n", "containerd-gone\n", "version Kubernetes v1.20.2\n", "out ",
            "version k3s version\n", "ask healthz\n", "ask summary\n", "ask nodes\n", "told ", "part healthz b2s=\n", "answered healthz\n",
            "stage node\n",
        ],
        seeds: {
            let beginning = [
                "gvisor Starting gVisor...", "mount / 9p", "mount /sys/fs/cgroup/cpuacct cgroup", "version Kubernetes v1.20.2",
            ]
            let asked = (0..<45).flatMap { _ in
                [
                    "ask healthz", "probe healthz ok", "ask summary", "probe summary \(WrittenBoot.summary)", "ask nodes",
                    "probe nodes {\"kind\":\"NodeList\",\"items\":[]}",
                ]
            }
            // There are three lines per second.
            let log = zip(
                [0, 0, 1], ["server.go:416] Version: v1.20.2", "kubelet.go:394] Attempting to sync", "server.go:1176] Started kubelet"])
            let node =
                (beginning + ["stage kubelet"]).map { "@ninepin \($0)" } + log.map { "out \(WrittenKubelet.line("I", $0, $1))" }
                + asked.map { "@ninepin \($0)" }
            let probe = (beginning + ["stage probe"]).map { "@ninepin \($0)" } + ["out the answer is 12", "@ninepin exit 0"]
            return bytes([node.joined(separator: "\n"), probe.joined(separator: "\n"), "running container: cannot create sandbox\n"])
        }
    ) {
        { input in
            let all = String(decoding: input, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            var boot = BootGrader(node: NodeSpec(profile: .kubelet), in: .sandbox(.root9p))
            var probe = ComponentGrader(probe: "p", layout: .root9p)
            var plane = ControlPlaneGrader(layout: .root9p, watch: 10)
            var conditions = ConditionsReader()
            var channel = NodeChannel()
            var (seen, answers, exits) = ([NodeFact](), 0, [Int]())
            for (number, line) in all.enumerated() {
                let now = Double(number) / 3
                if line.hasPrefix("out ") {
                    let text = String(line.dropFirst(4))
                    conditions.take(line: Array(text.utf8), at: now)
                    boot.take(.log(Array(text.utf8)), at: now)
                    if probe.verdict == nil, !text.isEmpty { answers += 1 }
                    probe.take(.log(Array(text.utf8)), at: now)
                    plane.take(.log(Array(text.utf8)), at: now)
                } else if case .fact(let fact) = channel.read(Array(line.utf8)) {
                    if boot.verdict == nil { seen.append(fact) }
                    if probe.verdict == nil, case .exit(let status) = fact { exits.append(status) }
                    conditions.take(fact, at: now)
                    boot.take(.fact(fact), at: now)
                    probe.take(.fact(fact), at: now)
                    plane.take(.fact(fact), at: now)
                } else {
                    boot.take(.runtime(line), at: now)
                    probe.take(.runtime(line), at: now)
                    plane.take(.runtime(line), at: now)
                }
            }
            let end = Double(all.count) / 3
            boot.finish("exit status 0", at: end)
            probe.finish("exit status 0", at: end)
            plane.finish("exit status 0", at: end)
            let suffered = conditions.conditions(at: end)
            try hold(suffered.longestSilence >= 0 && suffered.longestDelay >= 0, "a boot suffered less than nothing: \(suffered)")
            guard let node = boot.verdict, let component = probe.verdict, let found = plane.finding else {
                throw Broken("a boot that has ended has no verdict")
            }
            if node.grade == .clean { try Self.checkClean(seen) }
            if component.grade == .clean {
                try hold(answers == 1 && exits.last == 0, "a probe with \(answers) answers and the status \(exits) is clean")
            }
            try hold(
                node.evidence.count < 30 && component.evidence.count < 40 && found.evidence.count < 20, "a verdict has evidence without end"
            )
            return "\(node.title): \(node.summary); \(component.grade): \(component.summary.prefix(60)); \(found.outcome)"
        }
    }

    /// Checks independently what a clean boot must have shown.
    private static func checkClean(_ seen: [NodeFact]) throws {
        func answers(_ wanted: String) -> [String] {
            seen.compactMap { if case .probe(wanted, let answer) = $0 { answer } else { nil } }
        }
        try hold(seen.contains { if case .gvisor = $0 { true } else { false } }, "a boot that never showed gVisor is clean")
        try hold(!seen.contains { if case .exit = $0 { true } else { false } }, "a node that ended is clean")
        try hold(
            answers("healthz").last?.trimmingCharacters(in: .whitespacesAndNewlines) == "ok", "a node whose last health was none is clean")
        let summary = answers("summary").last ?? ""
        let capacity = json(summary, "node", "fs", "capacityBytes") as? NSNumber
        let isPlain = json(summary) != nil && summary.split(separator: "\"capacityBytes\"", omittingEmptySubsequences: false).count < 3
        try hold(
            isPlain ? (capacity?.doubleValue ?? 0) > 0 : summary.contains("capacityBytes"),
            "a node that does not know its file system is clean")
    }

    /// kubelet's `/stats/summary`.
    static let summary = FuzzTarget(
        "summary", limit: 1 << 14,
        words: [
            "\"node\":", "\"fs\":", "\"capacityBytes\":", "\"memory\":", "\"workingSetBytes\":", "null", "true", "{}", "[]", "-0", "0.0",
            "1e3", "\"pods\":",
            "\"podRef\":{\"name\":\"ninepin-limited\"}", "\\ud800", "\"containers\":",
        ],
        seeds: {
            let pod =
                #"{"podRef":{"name":"ninepin-limited","namespace":"default"},"containers":[{"name":"main","cpu":{"usageCoreNanoSeconds":5},"memory":{"workingSetBytes":6}}]}"#
            let disk = #"{"availableBytes":4,"capacityBytes":5,"inodesFree":9,"inodes":10}"#
            return bytes([
                #"{"node":{"nodeName":"node","cpu":{"usageNanoCores":1,"usageCoreNanoSeconds":10},"memory":{"availableBytes":2,"workingSetBytes":1},"fs":\#(disk),"runtime":{"imageFs":\#(disk)}},"pods":[\#(pod)]}"#,
                #"{"node":{"fs":{"capacityBytes":0}}}"#, "wget: server returned error: HTTP/1.1 500",
            ])
        }
    ) {
        { input in
            let text = String(decoding: input, as: UTF8.self)
            let usage = PodUsage(of: .limited, in: text)
            // Readers may choose different values of a duplicate key, and the code's reader does not examine strings that it does not need.
            let isPlain = json(text) != nil && text.split(separator: "\"pods\"", omittingEmptySubsequences: false).count < 3
            if let usage, usage.isPositive, isPlain {
                try hold(json(text, "pods") is [Any], "figures of a pod come from a document without pods")
            }
            guard let summary = StatsSummary(text) else { return "none; \(usage == nil)" }
            if let capacity = summary.capacity {
                let other = json(text, "node", "fs", "capacityBytes") as? NSNumber
                // Readers may choose different values of a duplicate key.
                if let other {
                    try hold(
                        other.doubleValue > 0 || text.contains("\"capacityBytes\""),
                        "a capacity of \(capacity) is read where \(other) stands")
                }
                try hold(capacity > 0, "a capacity of nothing is one")
            }
            for note in summary.notes { try hold(note.utf8.count < 200, "a note has \(note.utf8.count) bytes") }
            return "\(summary.notes.sorted()); \(usage?.isPositive as Bool?)"
        }
    }

    /// An API server's answers about a node and its pods, and the pods' own output.
    static let cluster = FuzzTarget(
        "cluster", limit: 1 << 13,
        words: [
            "node ", "task ", "limited ", "said ", "ready ok\n", "ready [-]etcd failed\n", "gone\n", "summary ", "refused x\n",
            "ended kube-apiserver\n",
            "\"type\":\"Ready\",\"status\":\"True\"", "\"status\":\"Unknown\"", "\"phase\":\"Succeeded\"", "\"phase\":\"Failed\"",
            "\"memory\":\"24Gi\"", "1e400", "0Ki",
            "\"capacity\":{", "MemoryPressure", "the-word", "null",
        ],
        seeds: {
            let node =
                #"{"status":{"conditions":[{"type":"Ready","status":"True"},{"type":"MemoryPressure","status":"False"}],"capacity":{"cpu":"2","memory":"24Gi","ephemeral-storage":"10Gi","pods":"110"},"nodeInfo":{"kubeletVersion":"v1.20.2"}}}"#
            let usage =
                #"{"node":{},"pods":[{"podRef":{"name":"ninepin-limited"},"containers":[{"cpu":{"usageCoreNanoSeconds":5},"memory":{"workingSetBytes":6}}]}]}"#
            let pods = [
                "task {\"status\":{\"phase\":\"Succeeded\"}}", "said the-word", "limited {\"status\":{\"phase\":\"Running\"}}",
                "summary \(usage)", "gone",
            ]
            return bytes([
                (["ready ok", "node \(node)"] + pods).joined(separator: "\n"), "ready ok\nnode \(node)\nready no\n", "ended etcd\n",
                "ready ok\nnode null\nrefused the API server answers GET with 500\ntask {\"status\":{\"phase\":\"Failed\",\"containerStatuses\":[{\"state\":{\"terminated\":{\"exitCode\":1}}}]}}",
            ])
        }
    ) {
        { input in
            var readers = [Level.ready, .pod].map { ClusterReader(level: $0, word: "the-word") }
            // The server counts as reachable until the first failure, because it reported the node.
            var (isReady, isServing, said, words) = (false, true, false, [String]())
            for (number, line) in String(decoding: input, as: UTF8.self).split(separator: "\n").enumerated() {
                let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
                let rest = parts.count > 1 ? parts[1] : ""
                guard let fact = try fact(parts.first ?? "", rest, &words) else { continue }
                switch fact {
                case .node(let status): isReady = status?.isReady ?? false
                case .apiServer(let serves, _): isServing = serves
                case .podLog(_, let text): said = text.contains("the-word")
                default: break
                }
                for index in readers.indices {
                    readers[index].take(fact, at: Double(number))
                    let missing = readers[index].missing(at: Double(number))
                    let isAll = missing == nil && readers[index].failure == nil
                    try hold(!isAll || isReady && isServing, "nothing is missing of a node that is not Ready, or of which nobody tells")
                    try hold(index == 0 || !isAll || said, "nothing is missing at level pod, and no pod said its word")
                }
            }
            let failures = readers.map { "\($0.failure?.cause.rawValue ?? "none") \($0.missing(at: 0)?.what ?? "nothing")" }
            return (failures + Set(words).sorted()).joined(separator: "; ")
        }
    }

    private static func fact(_ kind: String, _ text: String, _ words: inout [String]) throws -> ClusterFact? {
        func decoded<Value: Decodable>(_ type: Value.Type) throws -> Value?? {
            if text == "null" { return .some(nil) }
            let read = try reading(kind, throwing: { $0 is DecodingError }) { try JSONDecoder().decode(type, from: Data(text.utf8)) }
            words.append(String(read.words.prefix(60)))
            return read.value.map { .some($0) }
        }
        switch kind {
        case "node": return try decoded(NodeStatus.self).map { .node($0) }
        case "task": return try decoded(PodStatus.self).flatMap { $0 }.map { .pod(.task, $0) }
        case "limited": return try decoded(PodStatus.self).flatMap { $0 }.map { .pod(.limited, $0) }
        case "said": return .podLog(.task, text)
        case "ready": return .apiServer(isReady: text == "ok", text)
        case "gone": return .podGone(.limited)
        case "summary": return .summary(text)
        case "refused": return .refused(text)
        case "ended": return .ended(process: text, how: "exit status 1", lastLines: [text])
        default: return nil
        }
    }
}
