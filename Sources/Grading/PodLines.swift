import LogLines
import Model

/// Reasons in a node's own log why a pod does not run: the last such line for each pod. Memory is bounded, whatever the log's length.
struct PodLines: Sendable {
    private struct Told: Sendable {
        var telling: Evidence?
        var repeated: Evidence?
    }

    private var lines: [TrialPod: Told] = [:]

    /// Kubernetes, pkg/kubelet/pod_workers.go, kuberuntime/kuberuntime_sandbox.go and kuberuntime_manager.go: pod errors that include the
    /// runtime's own message. The first is the form of 1.20; later releases use parts of it.
    private static let complaints = [
        "Error syncing pod", "Failed to create pod sandbox", "Failed to create sandbox for pod", "CreatePodSandbox", "RunPodSandbox",
        "OCI runtime",
        "failed to \"StartContainer\"", "failed to \\\"StartContainer\\\"", "failed to start container", "RunContainerError",
        "CreateContainerError",
    ].map { Array($0.utf8) }

    /// kubelet logs these after the reason, while it waits.
    private static let waiting = ["back-off", "Back-off", "BackOff"].map { Array($0.utf8) }

    private static let mostBytes = 2048

    /// Processes a line of the node's log.
    ///
    /// - Parameter number: its line number in the log, counted from 1.
    mutating func take(_ line: [UInt8], number: Int, at now: Double) {
        guard let name = TrialPod.allCases.first(where: { Self.names(line, $0) }),
            Self.complaints.contains(where: { LogLine.contains(line, $0) })
        else { return }
        let text = String(decoding: line.prefix(Self.mostBytes), as: UTF8.self) + (line.count > Self.mostBytes ? "…" : "")
        let evidence = Evidence(kind: .log, text: text, source: "kubelet", line: number, seconds: now)
        if Self.waiting.contains(where: { LogLine.contains(line, $0) }) {
            lines[name, default: Told()].repeated = evidence
        } else {
            lines[name, default: Told()].telling = evidence
        }
    }

    /// The last line that gives a reason for the pod; otherwise the last one that says that kubelet waits.
    func evidence(of name: TrialPod) -> Evidence? { lines[name].flatMap { $0.telling ?? $0.repeated } }

    /// The part of a line to quote in a sentence: from the runtime's own message on, or else the part after klog's header.
    static func quotation(of evidence: Evidence) -> String {
        let bytes = Array(evidence.text.utf8)
        let mark = Array("desc = ".utf8)
        let start = LogLine.place(of: mark, in: bytes).map { $0 + mark.count } ?? LogLine(bytes).message
        return beginning(of: String(decoding: bytes[min(start, bytes.count)...], as: UTF8.self))
    }

    /// The beginning of a message, short enough for one sentence.
    static func beginning(of words: String) -> String {
        let scalars = words.unicodeScalars
        return String(String.UnicodeScalarView(scalars.prefix(longest))) + (scalars.count > longest ? "…" : "")
    }

    private static let longest = 400

    /// Whether a line names this pod, not one whose name only has it as a prefix.
    private static func names(_ line: [UInt8], _ name: TrialPod) -> Bool {
        let text = Array(name.rawValue.utf8)
        guard let place = LogLine.place(of: text, in: line) else { return false }
        guard place + text.count < line.count else { return true }
        let next = Character(UnicodeScalar(line[place + text.count]))
        return !(next.isASCII && (next.isLetter || next.isNumber || next == "-"))
    }
}
