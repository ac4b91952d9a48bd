import FileSystem
import FoundationEssentials
import Glibc
import SystemPackage

/// A process and its descendants, as shown in `/proc` (proc(5)).
package struct ProcessTree: Sendable {
    /// A process, from its `/proc/PID/stat`.
    package struct Member: Hashable, Sendable {
        /// Its process ID.
        package let pid: Int32
        /// Its parent's process ID.
        package let parent: Int32
        /// Whether it is running. A zombie is not.
        package let isRunning: Bool
        /// CPU time in seconds: its own, and that of its children that have ended and were waited for.
        package let cpuSeconds: Double
    }

    /// The processes, outermost first.
    package let members: [Member]

    /// Finds a process and all its descendants.
    package init(below root: Int32) { self.init(all: Self.all()) { $0.filter { $0.pid == root } } }

    /// Finds the outermost process whose command line contains a text, and all its descendants.
    ///
    /// - Parameter text: a text that occurs in no other process's command line, such as the path of a bundle.
    package init(naming text: String) {
        let own = getpid()
        self.init(all: Self.all()) { all in
            let named = all.filter { $0.pid != own && Self.read($0.pid, "cmdline").contains(text) }
            let numbers = Set(named.map(\.pid))
            return named.filter { !numbers.contains($0.parent) }
        }
    }

    private init(all: [Member], from roots: ([Member]) -> [Member]) {
        let children = Dictionary(grouping: all, by: \.parent)
        var members = roots(all)
        var index = 0
        while index < members.count {
            members += (children[members[index].pid] ?? []).sorted { $0.pid < $1.pid }
            index += 1
        }
        self.members = members
    }

    package static func isRunning(_ pid: Int32) -> Bool { Member(stat: read(pid, "stat"), ticks: ticks)?.isRunning ?? false }

    /// The total CPU time in seconds.
    package var cpuSeconds: Double { members.reduce(0) { $0 + $1.cpuSeconds } }

    /// The total memory in bytes, with each shared page counted once; requires root. gVisor does not report shared pages, so they are
    /// counted per process there.
    package var memoryBytes: UInt64 {
        members.reduce(0) { sum, member in
            let shared = Self.line("Pss:", of: Self.read(member.pid, "smaps_rollup"))
            return sum + (shared ?? Self.line("VmRSS:", of: Self.read(member.pid, "status")) ?? 0) * 1024
        }
    }

    /// The first member whose command line matches.
    package func first(where fits: ([String]) -> Bool) -> Int32? {
        members.first {
            fits(Self.read($0.pid, "cmdline").split(separator: "\0", omittingEmptySubsequences: false).dropLast().map(String.init))
        }?.pid
    }

    private static func all() -> [Member] {
        Files.names(in: "/proc").compactMap { Int32($0) }.compactMap { Member(stat: read($0, "stat"), ticks: ticks) }
    }

    private static let ticks = Double(max(1, sysconf(Int32(_SC_CLK_TCK))))

    /// Returns an empty string if the process has ended, which may happen at any moment.
    private static func read(_ pid: Int32, _ name: String) -> String { (try? Files.readText(FilePath("/proc/\(pid)/\(name)"))) ?? "" }

    private static func line(_ name: String, of text: String) -> UInt64? {
        text.split(separator: "\n").first { $0.hasPrefix(name) }?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap {
            UInt64($0)
        }
    }
}

extension ProcessTree.Member {
    /// Parses a line of `/proc/PID/stat`; nil for anything else. The second field is a name in parentheses, which may contain parentheses
    /// and blanks.
    init?(stat: String, ticks: Double) {
        guard let close = stat.lastIndex(of: ")"), let pid = stat.split(separator: " ").first.flatMap({ Int32($0) }) else { return nil }
        let fields = stat[stat.index(after: close)...].split(separator: " ")
        // The fields from the third on: state 3, ppid 4, utime 14, stime 15, cutime 16, cstime 17 (proc_pid_stat(5)).
        guard fields.count > 14, let parent = Int32(fields[1]) else { return nil }
        self.pid = pid
        self.parent = parent
        isRunning = fields[0] != "Z" && fields[0] != "X"
        cpuSeconds = fields[11...14].compactMap { Double($0) }.reduce(0, +) / ticks
    }
}
