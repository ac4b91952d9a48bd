import Grading
import Host
import Model
import Transfer

/// Polls the API server for a node and its pods, and posts the results. It decides nothing.
package struct ClusterObserver: Sendable {
    private let client: APIClient
    private let node: String
    private let trial: PodTrial?
    private let notices: ClusterNotices
    private let interval: Duration
    /// The number of one-second rounds after which the second pod is killed even if it was not measured.
    private let longestUnmeasured: Int

    /// - Parameters:
    ///   - trial: the pods to run once the node is Ready; nil for none.
    ///   - interval: the time between rounds once the node is Ready. Before that, polling is more frequent, because the caller waits for
    ///     it.
    package init(of plane: ControlPlane, trial: PodTrial?, notices: ClusterNotices, interval: Duration = .seconds(1)) {
        self.init(
            asking: plane.client, about: plane.credentials.node, trial: trial, notices: notices, interval: interval,
            deadlines: plane.deadlines)
    }

    init(
        asking client: APIClient, about node: String, trial: PodTrial?, notices: ClusterNotices, interval: Duration,
        deadlines: Deadlines = Deadlines()
    ) {
        longestUnmeasured = Int(deadlines[.podFigures])
        self.client = client
        self.node = node
        self.trial = trial
        self.notices = notices
        self.interval = interval
    }

    /// The account of pods that name no other one. The admission plugin `ServiceAccount` refuses such pods while it is missing.
    static let account = "/api/v1/namespaces/default/serviceaccounts/default"

    /// core/v1 `ServiceAccount`. Only its presence matters.
    private struct ServiceAccount: Decodable {}

    /// Runs until the task is canceled.
    package func run() async throws {
        var progress = Progress()
        while true {
            do { try await round(&progress) } catch let error as CancellationError { throw error } catch {
                notices.post(.refused("\(error)"))
            }
            try await Task.sleep(for: progress.hasBeenReady ? interval : min(interval, .milliseconds(500)))
        }
    }

    /// The progress of the pods.
    private struct Progress {
        var hasBeenReady = false
        var acceptsPods = false
        var asked: Set<TrialPod> = []
        var hasLog = false
        /// Whether its deletion was requested. The request may succeed even if the answer is lost.
        var askedToDelete = false
        /// Whether the API server has confirmed the deletion.
        var deleted = false
        var gone = false
        /// The number of rounds for which the second pod has been running.
        var running = 0
        var isMeasured = false
    }

    private func round(_ progress: inout Progress) async throws {
        guard try await isServing() else { return }
        let status = try await client.object("/api/v1/nodes/\(node)", as: NodeStatus.self)
        notices.post(.node(status))
        guard let status, status.isReady else { return }
        progress.hasBeenReady = true
        guard try await acceptsPods(&progress), let trial else { return }
        let summary = try await client.text("/api/v1/nodes/\(node)/proxy/stats/summary")
        notices.post(.summary(summary))
        progress.isMeasured = PodUsage(of: .limited, in: summary)?.isPositive ?? false
        for name in TrialPod.allCases where !progress.asked.contains(name) {
            try await client.create(trial.pod(name, on: node), in: PodTrial.namespace)
            progress.asked.insert(name)
        }
        try await follow(.task, &progress)
        try await follow(.limited, &progress)
    }

    private func acceptsPods(_ progress: inout Progress) async throws -> Bool {
        guard !progress.acceptsPods else { return true }
        guard try await client.object(Self.account, as: ServiceAccount.self) != nil else { return false }
        progress.acceptsPods = true
        notices.post(.acceptsPods)
        return true
    }

    private func isServing() async throws -> Bool {
        do {
            let answer = try await client.text("/readyz")
            notices.post(.apiServer(isReady: answer == "ok", answer))
            return answer == "ok"
        } catch let error as CancellationError { throw error } catch {
            notices.post(.apiServer(isReady: false, "\(error)"))
            return false
        }
    }

    private func follow(_ name: TrialPod, _ progress: inout Progress) async throws {
        guard name == .task ? !progress.hasLog : !progress.gone else { return }
        guard let status = try await client.object("\(PodTrial.namespace)/\(name.rawValue)", as: PodStatus.self) else {
            guard name == .limited, progress.askedToDelete else { return }
            progress.gone = true
            return notices.post(.podGone(name))
        }
        notices.post(.pod(name, status))
        switch name {
        case .task where status.phase == "Succeeded":
            notices.post(.podLog(name, try await client.text("\(PodTrial.namespace)/\(name.rawValue)/log")))
            progress.hasLog = true
        case .limited where status.phase == "Running" && !progress.deleted:
            progress.running += 1
            guard progress.isMeasured || progress.running > longestUnmeasured else { return }
            progress.askedToDelete = true
            try await client.delete("\(PodTrial.namespace)/\(name.rawValue)", graceSeconds: 1)
            progress.deleted = true
        default: break
        }
    }
}
