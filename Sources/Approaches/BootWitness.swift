import Grading
import Host
import Model
import Node
import Patches
import Synchronization
import SystemPackage

/// Observes a boot in addition to the grader: its cost, and the sandbox's reports about an approach. It does not affect the verdict.
package final class BootWitness: BootObserver {
    private struct State {
        var measures = Measures()
        var answers: [String] = []
        var refusal: Evidence?
        var isPrepared = false
        var looked = -1
    }

    private let state = Mutex(State())
    private let stopsEarly: Bool

    /// Creates a witness for one boot.
    ///
    /// - Parameter stopsEarly: whether the boot ends as soon as the approach is prepared or refused, before the node starts.
    package init(stopsEarly: Bool = false) { self.stopsEarly = stopsEarly }

    /// Whether the preparation of the approach succeeded, so that the node was about to start.
    package var isPrepared: Bool { state.withLock(\.isPrepared) }

    /// Whether the witness has seen everything that it needs.
    package var isSatisfied: Bool { stopsEarly && isPrepared }

    /// The cost of the boot so far.
    package var measures: Measures { state.withLock(\.measures) }

    /// The questions that were asked, with their answers.
    package var answers: [String] { state.withLock(\.answers) }

    /// The error message with which the sandbox refused what the approach needs.
    package var refusal: Evidence? { state.withLock(\.refusal) }

    /// Processes an event that the grader also receives.
    ///
    /// - Parameters:
    ///   - bundle: the sandbox's bundle, whose path appears in the command lines of the sandbox's processes.
    ///   - now: seconds since the sandbox was started.
    package func take(_ event: BootEvent, bundle: FilePath, at now: Double) {
        switch event {
        case .log(let line):
            guard measures.secondsToStart == nil, String(decoding: line, as: UTF8.self).contains("Started kubelet") else { return }
            state.withLock { $0.measures.secondsToStart = now }
        case .fact(let fact): note(fact, at: now)
        case .more, .runtime, .cluster, .silent: break
        case .tick:
            let second = Int(now)
            guard state.withLock({ second > $0.looked }) else { return }
            look(ProcessTree(naming: bundle.string), second: second, at: now)
        }
    }

    private func note(_ fact: NodeFact, at now: Double) {
        if case .stage("version") = fact { state.withLock { $0.isPrepared = true } }
        guard case .probe(let name, let answer) = fact else { return }
        state.withLock { state in
            switch name {
            case "healthz" where state.measures.secondsToHealth == nil && answer.split(whereSeparator: \.isWhitespace) == ["ok"]:
                state.measures.secondsToHealth = now
            case ApproachFact.answer: state.answers.append(answer)
            case ApproachFact.refusal:
                state.refusal = state.refusal ?? Evidence(kind: .harness, text: answer, source: "sandbox", seconds: now)
            default: break
            }
        }
    }

    private func look(_ tree: ProcessTree, second: Int, at now: Double) {
        let (cpu, memory) = (tree.cpuSeconds, tree.memoryBytes)
        state.withLock { state in
            state.looked = second
            state.measures.memoryBytes = max(state.measures.memoryBytes, memory)
            guard now <= Self.minute + 0.5 else { return }
            // The processor time of a process that nobody waited for is lost when it ends, so the sum may decrease. The earlier maximum
            // remains correct.
            state.measures.cpuSeconds = max(state.measures.cpuSeconds, cpu)
            state.measures.cpuWindow = min(now, Self.minute)
        }
    }

    /// The length in seconds of the window in which processor time is counted.
    package static let minute = 60.0
}
