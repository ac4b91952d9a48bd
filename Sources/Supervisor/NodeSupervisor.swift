import FileSystem
import Host
import Model
import Node
import Sandbox
import Synchronization
import SystemPackage

/// Keeps a node running in a separate process until the node ends or the process is told to stop.
package struct NodeSupervisor: Sendable {
    private let folder: NodeFolder
    private let site: BootSite
    private let profile: KubeletProfile
    private let host: Host

    /// Makes a supervisor; nothing starts yet.
    package init(of folder: NodeFolder, at site: BootSite, profile: KubeletProfile, on host: Host) {
        (self.folder, self.site, self.profile, self.host) = (folder, site, profile, host)
    }

    /// Boots and observes the node, and records its state in the directory.
    ///
    /// - Returns: the verdict at the node's end.
    /// - Throws: `SupervisorError` if the node has another keeper; `FileError`; `CancellationError` after everything has ended.
    package func run() async throws -> Verdict {
        let lock = try await folder.claim()
        defer { lock.release() }
        let plan = try folder.plan()
        let notes = plan.notes ?? []
        let report = Reported(folder, notes: notes)
        let boot = NodeBoot(
            plan.artifact, node: plan.node, level: .ready, plane: plan.controlPlane, at: site, profile: profile, on: host)
        let verdict = try await boot.keep(in: folder.boot, logs: folder.logs) { report.take($0) }.noting(notes)
        report.end(verdict)
        return verdict
    }
}

/// Writes a report to the directory whenever the state changes.
private final class Reported: Sendable {
    private let folder: NodeFolder
    private let notes: [String]
    private let last: Mutex<(report: NodeReport, isWritten: Bool, kubeconfig: Bool)>

    init(_ folder: NodeFolder, notes: [String]) {
        self.folder = folder
        self.notes = notes
        last = Mutex((NodeReport(state: .starting, stage: "sandbox", isReady: false), false, false))
    }

    func take(_ status: KeptStatus) {
        last.withLock { last in
            if !last.kubeconfig, let text = status.kubeconfig {
                last.kubeconfig = (try? Files.write(text, to: folder.kubeconfig, mode: 0o600)) != nil
            }
            let report = NodeReport(
                state: status.stage == "kubelet" ? .up : .starting, stage: status.stage, isReady: status.isReady,
                verdict: status.verdict?.noting(notes), version: status.version)
            let isNew = !last.isWritten || report.differs(from: last.report)
            guard isNew, (try? folder.write(report)) != nil else { return }
            last = (report, true, last.kubeconfig)
        }
    }

    func end(_ verdict: Verdict) {
        last.withLock { last in
            last.report.state = .ended
            last.report.isReady = false
            last.report.verdict = verdict
            try? folder.write(last.report)
        }
    }
}

extension NodeReport {
    /// Whether the difference is worth reporting. The evidence of an unchanged verdict changes every second.
    fileprivate func differs(from other: NodeReport) -> Bool {
        state != other.state || stage != other.stage || isReady != other.isReady || version != other.version
            || verdict?.grade != other.verdict?.grade || verdict?.summary != other.verdict?.summary
            || verdict?.notes != other.verdict?.notes
    }
}
