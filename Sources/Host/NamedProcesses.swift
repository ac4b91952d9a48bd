import FoundationEssentials
import Glibc
import SystemPackage

/// A process and all that descend from it, as `/proc` shows them.
public struct NamedProcesses: Sendable {
    /// One process, as its `/proc/PID/stat` tells (proc(5)).
    public struct Process: Hashable, Sendable {
        /// Its number.
        public let pid: Int32
        /// Its parent's number.
        public let parent: Int32
        /// Seconds of processor time: its own, and that of its children that have ended and were waited for.
        public let cpuSeconds: Double
    }

    /// The processes, in no order.
    public let processes: [Process]

    /// Looks at the process whose command line has a text in it, the first by number, and at all that descend from it.
    ///
    /// - Parameter text: something that no other process has, such as the path of a bundle.
    public init(naming text: String) {
        let all = Self.all()
        let own = getpid()
        let children = Dictionary(grouping: all, by: \.parent)
        // Of those that name it, the one that is nobody's child who does: the outermost.
        let named = all.filter { $0.pid != own && Self.commandLine($0.pid).contains(text) }
        let numbers = Set(named.map(\.pid))
        var waiting = named.filter { !numbers.contains($0.parent) }
        var found: [Process] = []
        while let next = waiting.popLast() {
            found.append(next)
            waiting += children[next.pid] ?? []
        }
        processes = found
    }

    /// Seconds of processor time, of all of them together.
    public var cpuSeconds: Double { processes.reduce(0) { $0 + $1.cpuSeconds } }

    /// Bytes of memory, of all of them together: each page that several share is counted once. Needs root.
    public var memoryBytes: UInt64 { processes.reduce(0) { $0 + Self.share(of: $1.pid) } }

    private static func all() -> [Process] {
        Files.names(in: "/proc").compactMap(Int32.init).compactMap { pid in
            guard let text = try? Files.readText(FilePath("/proc/\(pid)/stat")) else { return nil }
            return Process(stat: text, ticks: ticks)
        }
    }

    private static let ticks = Double(max(1, sysconf(Int32(_SC_CLK_TCK))))

    private static func commandLine(_ pid: Int32) -> String {
        (try? Files.read(FilePath("/proc/\(pid)/cmdline"))).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// `Pss` of `smaps_rollup`, in bytes; 0 for a process that has just ended.
    private static func share(of pid: Int32) -> UInt64 {
        guard let text = try? Files.readText(FilePath("/proc/\(pid)/smaps_rollup")) else { return 0 }
        for line in text.split(separator: "\n") where line.hasPrefix("Pss:") {
            return line.split(separator: " ").dropFirst().first.flatMap { UInt64($0) }.map { $0 << 10 } ?? 0
        }
        return 0
    }
}

extension NamedProcesses.Process {
    /// Reads a line of `/proc/PID/stat`; nil for anything else. The second field is a name in brackets, which may hold brackets and blanks.
    public init?(stat: String, ticks: Double) {
        guard let close = stat.lastIndex(of: ")"), let pid = stat.split(separator: " ").first.flatMap({ Int32($0) }) else { return nil }
        let fields = stat[stat.index(after: close)...].split(separator: " ")
        // From the third field on: state 3, ppid 4, utime 14, stime 15, cutime 16, cstime 17.
        guard fields.count > 14, let parent = Int32(fields[1]) else { return nil }
        self.pid = pid
        self.parent = parent
        cpuSeconds = fields[11...14].compactMap { Double($0) }.reduce(0, +) / ticks
    }
}
