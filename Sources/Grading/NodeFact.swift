/// A report from the sandbox's first program to the harness, over a channel that the node does not write to.
package enum NodeFact: Hashable, Sendable {
    /// The current stage of the preparation.
    case stage(String)
    /// A line of the kernel log that only gVisor writes.
    case gvisor(String)
    /// A mount point and its file system type.
    case mount(point: String, type: String)
    /// The binary's output for `--version`.
    case version(String)
    /// A probe was sent.
    case asked(name: String)
    /// The complete answer to a probe.
    case probe(name: String, answer: String)
    /// The preparation failed.
    case failed(String)
    /// containerd has ended.
    case containerdGone
    /// A line of containerd's log.
    case containerd(String)
    /// The node's program ended with this status, according to the shell.
    case exit(Int)

    /// The answer to a probe that timed out.
    package static let noAnswer = "no answer in time"

    /// The beginning of each line on the channel.
    package static let mark = "@ninepin "

    /// Parses a line; nil if it is not a report, because runsc writes its own errors to the same stream.
    package init?(_ line: String) { self.init(Array(line.utf8)[...]) }

    /// Splits words at the byte of a blank: for Swift, a blank followed by a combining mark is one character and not a blank.
    fileprivate init?(_ line: ArraySlice<UInt8>) {
        guard line.starts(with: Self.mark.utf8) else { return nil }
        let words = line.dropFirst(Self.mark.utf8.count).words(2)
        let rest = words.count > 1 ? words[1] : ""
        switch words.first {
        case "stage": self = .stage(rest)
        case "gvisor": self = .gvisor(rest)
        case "version": self = .version(rest)
        case "failed": self = .failed(rest)
        case "containerd-gone": self = .containerdGone
        case "containerd": self = .containerd(rest)
        case "mount", "probe":
            let parts = Array(rest.utf8)[...].words(2)
            guard parts.count == 2 else { return nil }
            self = words[0] == "mount" ? .mount(point: parts[0], type: parts[1]) : .probe(name: parts[0], answer: parts[1])
        case "ask": self = .asked(name: rest)
        case "exit":
            guard let status = Int(rest) else { return nil }
            self = .exit(status)
        default: return nil
        }
    }
}

/// Reads the channel on which the first program reports. Reports from the node's own side arrive on it too, marked as such, and are
/// believed only where a lie cannot improve the verdict.
package struct NodeChannel: Sendable {
    /// The maximum number of bytes in an answer, without line breaks. A busy node's `/stats/summary` has about two kilobytes per pod.
    package static let longestAnswer = 16 << 20

    private var pieces: [String: [UInt8]] = [:]

    /// Creates a channel for one boot.
    package init() {}

    package mutating func read(_ line: [UInt8]) -> Reading {
        guard line.starts(with: NodeFact.mark.utf8) else { return .foreign }
        let rest = line.dropFirst(NodeFact.mark.utf8.count)
        let words = rest.words(3)
        switch words.first {
        case "told":
            let told = NodeFact(Array(NodeFact.mark.utf8) + rest.dropFirst("told ".utf8.count))
            return told.flatMap { $0.mayBeTold ? .fact($0) : nil } ?? .refused
        case "part" where words.count == 3:
            let count = pieces[words[1]]?.count ?? 0
            // Bytes, because a piece may end in the middle of a character.
            if count <= Self.longestAnswer { pieces[words[1], default: []] += rest.dropFirst("part \(words[1]) ".utf8.count) }
            return .piece
        case "answered" where words.count == 2:
            let answer = pieces.removeValue(forKey: words[1]) ?? []
            return .fact(.probe(name: words[1], answer: String(decoding: answer, as: UTF8.self)))
        default: return NodeFact(line[...]).map(Reading.fact) ?? .refused
        }
    }

    /// The result of reading a line.
    package enum Reading: Hashable, Sendable {
        /// Not a line of the channel: runsc writes its own errors to the same stream.
        case foreign
        /// A report.
        case fact(NodeFact)
        /// A piece of an answer; more will follow.
        case piece
        /// A line of the channel that has no meaning or is not believed.
        case refused
    }
}

extension ArraySlice<UInt8> {
    /// The blank-separated words, including empty ones; the last one is the rest of the line.
    fileprivate func words(_ count: Int) -> [String] {
        split(separator: UInt8(ascii: " "), maxSplits: count - 1, omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
    }
}

extension NodeFact {
    /// Whether this report is believed from the node's own side. The nature of the sandbox, the answers to the probes, and the node's end
    /// are observed from outside.
    fileprivate var mayBeTold: Bool {
        switch self {
        case .stage(let name): name != Self.nodeStage
        case .version, .failed, .containerdGone, .containerd: true
        case .probe(let name, _): name != "healthz" && name != "summary"
        case .gvisor, .mount, .asked, .exit: false
        }
    }

    /// The stage at which the sandbox has reported all its signs and the node's own side starts to run.
    package static let nodeStage = "node"
}
