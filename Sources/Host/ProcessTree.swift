import Glibc
import SystemPackage

/// The processes that a process has started, and those that they have, as /proc shows them (proc(5)).
public struct ProcessTree: Sendable {
    /// The processes' ids, the first one's own first.
    public let members: [Int32]

    /// Looks now.
    public init(below root: Int32) {
        var children: [Int32: [Int32]] = [:]
        for process in Files.names(in: "/proc").compactMap({ Int32($0) }) {
            guard let parent = Self.parent(of: process) else { continue }
            children[parent, default: []].append(process)
        }
        var members = [root]
        var index = 0
        while index < members.count {
            members += (children[members[index]] ?? []).sorted()
            index += 1
        }
        self.members = members
    }

    /// Bytes of memory that they hold, what is shared counted once; 0 when nothing tells.
    public var memoryBytes: Int64 {
        members.reduce(0) { sum, process in
            // gVisor has no smaps_rollup; what is shared is then counted by each.
            let shared = Self.text(of: process, "smaps_rollup").split(separator: "\n").first { $0.hasPrefix("Pss:") }
            let line = shared ?? Self.text(of: process, "status").split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
            return sum + (line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int64($0) } ?? 0) * 1024
        }
    }

    /// The first member whose command line fits.
    public func first(where fits: ([String]) -> Bool) -> Int32? {
        members.first { process in
            fits(Self.text(of: process, "cmdline").split(separator: "\0", omittingEmptySubsequences: false).dropLast().map(String.init))
        }
    }

    /// The fourth field of /proc/PID/stat; the second, the program's name in brackets, may hold anything.
    private static func parent(of process: Int32) -> Int32? {
        let text = text(of: process, "stat")
        guard let end = text.lastIndex(of: ")") else { return nil }
        return text[text.index(after: end)...].split(separator: " ").dropFirst().first.flatMap { Int32($0) }
    }

    private static func text(of process: Int32, _ name: String) -> String {
        // Its length is not known before it is read, and so Files.read is of no use here.
        guard let file = try? FileDescriptor.open("/proc/\(process)/\(name)", .readOnly, options: .closeOnExec) else { return "" }
        defer { try? file.close() }
        var bytes: [UInt8] = []
        while bytes.count < 1 << 20 {
            let piece = try? [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
                count = try file.read(into: UnsafeMutableRawBufferPointer(buffer))
            }
            guard let piece, !piece.isEmpty else { break }
            bytes += piece
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
