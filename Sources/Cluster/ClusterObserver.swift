import Grading
import Host
import Model
import Transfer

/// Asks the API server about a node and its pods, over and over, and posts what it says. It decides nothing.
package struct ClusterObserver: Sendable {
    private let client: APIClient
    private let node: String
    private let trial: PodTrial?
    private let notices: ClusterNotices
    private let interval: Duration
    /// Rounds, of a second each, after which the second pod is killed although nobody has measured it.
    private let longestUnmeasured: Int

    /// - Parameters:
    ///   - trial: the pods to run once the node is ready; none when nil.
    ///   - interval: how long between two rounds once the node is Ready; somebody waits for that, and so it is asked more often before.
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

    /// Goes on until the task is cancelled.
    package func run() async throws {
        var progress = Progress()
        while true {
            do { try await round(&progress) } catch let error as CancellationError { throw error } catch {
                notices.post(.refused("\(error)"))
            }
            try await Task.sleep(for: progress.hasBeenReady ? interval : min(interval, .milliseconds(500)))
        }
    }

    /// How far the pods have come.
    private struct Progress {
        var hasBeenReady = false
        var asked: Set<TrialPod> = []
        var hasLog = false
        /// Whether its deletion was asked for: an answer may be lost although it was carried out.
        var askedToDelete = false
        /// Whether the API server has said that it deletes it.
        var deleted = false
        var gone = false
        /// Rounds for which the second pod has been running.
        var running = 0
        var isMeasured = false
    }

    private func round(_ progress: inout Progress) async throws {
        guard try await isServing() else { return }
        let status = try await client.object("/api/v1/nodes/\(node)", as: NodeStatus.self)
        notices.post(.node(status))
        guard let status, status.isReady else { return }
        progress.hasBeenReady = true
        guard let trial else { return }
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
