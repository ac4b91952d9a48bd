/// An event that systemd or the kernel logs about a node's process.
package enum UnitEvent: Hashable {
    /// systemd is starting the unit's program, or has started it. With `Type=notify`, "started" follows the program's notification.
    case starting, started
    case stopping
    case ended(Ending)
    /// systemd's reason or next action: evidence in addition to the end.
    case remark
    /// The kernel, or systemd on its behalf, killed this process because memory ran out.
    case outOfMemory(process: Int?)
    /// systemd kills the program because it sent no watchdog notification.
    case watchdog
    /// The machine rebooted.
    case reboot

    /// `code=exited, status=203/EXEC`.
    package struct Ending: Hashable {
        /// `exited`, `killed` or `dumped`.
        package let code: String
        /// The exit status or the signal number.
        package let status: Int
        /// Whether a helper ended that systemd runs before or after the unit's program (`ExecStartPre=`), not the program itself.
        package var isOfHelper = false

        /// Whether systemd could not start the program at all (systemd.exec(5), "Process Exit Codes": 200 to 245).
        package var isOfSystemd: Bool { isOfHelper || code == "exited" && (200...245).contains(status) }
        /// Whether the program ended by itself with an error.
        package var isFailure: Bool { code == "exited" && status != 0 || code == "dumped" }
    }

    /// Parses a line of systemd or the kernel without journald's prefix; nil if it says nothing about a node's process.
    package init?(_ text: [UInt8]) {
        guard let read = Self.read(text) else { return nil }
        self = read
    }

    /// Most lines are irrelevant and are rejected quickly.
    private static func read(_ text: [UInt8]) -> UnitEvent? {
        func words() -> String { String(decoding: text.prefix(512), as: UTF8.self) }
        switch text.first {
        case UInt8(ascii: "-"): return text.starts(with: "-- Reboot --".utf8) || text.starts(with: "-- Boot ".utf8) ? .reboot : nil
        case UInt8(ascii: "S"), UInt8(ascii: "F"): if let event = job(words()) { return event }
        default: break
        }
        if LogLine.place(of: service, in: text, within: 128) != nil { return unit(text) }
        return LogLine.place(of: killed, in: text, within: 256) != nil ? memory(words()) : nil
    }

    private static let service = Array(".service".utf8)
    private static let killed = Array("ut of memory: Kill".utf8)

    /// `Started kubelet: The Kubernetes Node Agent.`, `Starting Lightweight Kubernetes...`, `Started kubelet.service - kubelet: …`.
    private static func job(_ words: String) -> UnitEvent? {
        let jobs: [(String, UnitEvent)] = [
            ("Starting ", .starting), ("Started ", .started), ("Stopping ", .stopping), ("Stopped ", .remark),
            ("Failed to start ", .remark),
        ]
        guard let (verb, event) = jobs.first(where: { words.hasPrefix($0.0) }) else { return nil }
        let name = words.dropFirst(verb.count).lowercased()
        return descriptions.contains { name.hasPrefix($0) } ? event : nil
    }

    /// Unit descriptions of nodes: kubelet's from kubeadm and from distributions, k3s's, RKE2's.
    private static let descriptions = [
        "kubelet", "kubernetes kubelet", "kubernetes node agent", "the kubernetes node agent", "lightweight kubernetes", "k3s", "rke2",
        "rancher kubernetes engine", "snap.kubelet", "service for snap application kubelet",
    ]

    /// `kubelet.service: Main process exited, code=exited, status=1/FAILURE`.
    private static func unit(_ text: [UInt8]) -> UnitEvent? {
        guard let end = LogLine.place(of: service, in: text, within: 128), LogVoice.isNode(String(decoding: text[..<end], as: UTF8.self))
        else {
            return nil
        }
        let rest = text[(end + service.count)...].prefix(256).drop { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: " ") }
        if let ending = ending(Array(rest)) { return .ended(ending) }
        if rest.starts(with: "Watchdog timeout".utf8) { return .watchdog }
        if rest.starts(with: "Failed with result 'oom-kill'".utf8) || LogLine.contains(Array(rest), oomKilled) {
            return .outOfMemory(process: nil)
        }
        return remarks.contains { rest.starts(with: $0.utf8) } ? .remark : nil
    }

    /// `Main process exited, code=exited, status=1/FAILURE`; for a helper of the unit, `Control process …`.
    private static func ending(_ text: [UInt8]) -> Ending? {
        guard let mark = LogLine.place(of: exited, in: text, within: 32), let place = LogLine.place(of: status, in: text) else {
            return nil
        }
        let code = text[(mark + exited.count)...].prefix { LogLine.isWord($0) }
        let digits = text[(place + status.count)...].prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }.prefix(9)
        guard let number = Int(String(decoding: digits, as: UTF8.self)) else { return nil }
        return Ending(
            code: String(decoding: code, as: UTF8.self), status: number, isOfHelper: text.first.map { $0 | 0x20 } == UInt8(ascii: "c"))
    }

    private static let exited = Array(" process exited, code=".utf8)
    private static let status = Array(" status=".utf8)
    private static let oomKilled = Array("killed by the OOM killer".utf8)
    private static let remarks = [
        "Failed", "Scheduled restart job", "Service", "holdoff time over", "Start request repeated", "Unit entered failed state",
    ]

    /// Linux, mm/oom_kill.c: `Out of memory: Killed process 811 (kubelet)`, `Memory cgroup out of memory: Kill process …`.
    private static func memory(_ words: String) -> UnitEvent? {
        guard let match = words.firstMatch(of: /[Oo]ut of memory: Kill(?:ed)? process ([0-9]+) \(([^)]*)\)/),
            LogVoice.isNode(String(match.2))
        else { return nil }
        return .outOfMemory(process: Int(match.1))
    }
}
