/// What systemd or the kernel says of a node's process.
enum UnitEvent: Hashable {
    /// systemd starts the unit's program, or says that it has: with `Type=notify` that comes once the program says so.
    case starting, started
    case stopping
    /// How the program ended.
    case ended(Ending)
    /// Why systemd thinks so, or what it does now: evidence beside the end.
    case remark
    /// The kernel, or systemd for it, killed the process with this number for want of memory.
    case outOfMemory(process: Int?)
    /// systemd ends the program, for it does not say that it lives.
    case watchdog
    /// The machine was started anew.
    case reboot

    /// `code=exited, status=203/EXEC`.
    struct Ending: Hashable {
        /// `exited`, `killed` or `dumped`.
        let code: String
        /// The status, or the number of the signal.
        let status: Int

        /// Whether systemd could not even start the program (systemd.exec(5), "Process Exit Codes": 200 to 245).
        var isOfSystemd: Bool { code == "exited" && (200...245).contains(status) }
        /// Whether the program ended by itself, and not well.
        var isFailure: Bool { code == "exited" && status != 0 || code == "dumped" }
    }

    /// Reads a line of systemd or the kernel, without what journald wrote before it; nil for one that says nothing of a node's process.
    init?(_ text: [UInt8]) {
        let words = String(decoding: text.prefix(512), as: UTF8.self)
        if words.hasPrefix("-- Reboot --") || words.hasPrefix("-- Boot ") {
            self = .reboot
        } else if let event = Self.job(words) ?? Self.unit(words) ?? Self.memory(words) {
            self = event
        } else {
            return nil
        }
    }

    /// `Started kubelet: The Kubernetes Node Agent.`, `Starting Lightweight Kubernetes...`, `Started kubelet.service - kubelet: …`.
    private static func job(_ words: String) -> UnitEvent? {
        let jobs: [(String, UnitEvent)] = [
            ("Starting ", .starting), ("Started ", .started), ("Stopping ", .stopping), ("Stopped ", .remark),
        ]
        guard let (verb, event) = jobs.first(where: { words.hasPrefix($0.0) }) else { return nil }
        let name = words.dropFirst(verb.count).lowercased()
        return descriptions.contains { name.hasPrefix($0) } ? event : nil
    }

    /// How units of nodes are called: kubelet's of kubeadm and of distributions, k3s's, RKE2's.
    private static let descriptions = [
        "kubelet", "kubernetes kubelet", "kubernetes node agent", "the kubernetes node agent", "lightweight kubernetes", "k3s", "rke2",
        "rancher kubernetes engine", "snap.kubelet", "service for snap application kubelet",
    ]

    /// `kubelet.service: Main process exited, code=exited, status=1/FAILURE`.
    private static func unit(_ words: String) -> UnitEvent? {
        guard let end = words.firstRange(of: ".service"), LogVoice.isNode(String(words[..<end.lowerBound])) else { return nil }
        let rest = words[end.upperBound...].drop { $0 == ":" || $0 == " " }
        if let match = rest.firstMatch(of: /[Mm]ain process exited, code=([a-z]+), status=([0-9]+)/), let status = Int(match.2) {
            return .ended(Ending(code: String(match.1), status: status))
        }
        if rest.hasPrefix("Watchdog timeout") { return .watchdog }
        if rest.contains("killed by the OOM killer") || rest.hasPrefix("Failed with result 'oom-kill'") {
            return .outOfMemory(process: nil)
        }
        let remarks = [
            "Failed", "Scheduled restart job", "Service", "holdoff time over", "Start request repeated", "Unit entered failed state",
        ]
        return remarks.contains { rest.hasPrefix($0) } ? .remark : nil
    }

    /// Linux, mm/oom_kill.c: `Out of memory: Killed process 811 (kubelet)`, `Memory cgroup out of memory: Kill process …`.
    private static func memory(_ words: String) -> UnitEvent? {
        guard let match = words.firstMatch(of: /[Oo]ut of memory: Kill(?:ed)? process ([0-9]+) \(([^)]*)\)/),
            LogVoice.isNode(String(match.2))
        else { return nil }
        return .outOfMemory(process: Int(match.1))
    }
}
