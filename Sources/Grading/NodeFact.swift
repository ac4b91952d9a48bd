/// What the first program in the sandbox tells the harness, on a channel that the node does not write to.
package enum NodeFact: Hashable, Sendable {
    /// How far the preparation has come.
    case stage(String)
    /// A line of the kernel's log that only gVisor writes.
    case gvisor(String)
    /// A mount point, and the type of what is mounted there.
    case mount(point: String, type: String)
    /// What the binary answers to `--version`.
    case version(String)
    /// A probe is being asked.
    case asked(name: String)
    /// The answer to a probe, whole.
    case probe(name: String, answer: String)
    /// The preparation failed.
    case failed(String)
    /// containerd is gone.
    case containerdGone
    /// A line of containerd's log.
    case containerd(String)
    /// The node's program ended, with the status that the shell tells.
    case exit(Int)

    /// The answer of a question whose time was up.
    package static let noAnswer = "no answer in time"

    /// Begins each line of the channel.
    package static let mark = "@ninepin "

    /// Reads a line; nil for one that is none of these: runsc writes its own errors on the same stream.
    package init?(_ line: String) { self.init(Array(line.utf8)[...]) }

    /// Words end at a blank's byte: to Swift a blank and a mark behind it that combines with it are one character, and no blank.
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

/// Reads the channel on which the first program tells what it sees. What the node's own side says comes on it too, marked as told, and is believed
/// only where a lie makes nothing better.
package struct NodeChannel: Sendable {
    /// The most bytes of an answer, of which the line breaks are left out: a busy node's `/stats/summary` has about two kilobytes for each pod.
    package static let longestAnswer = 16 << 20

    private var pieces: [String: [UInt8]] = [:]

    /// Makes a channel of one boot.
    package init() {}

    /// Reads a line.
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
            // As bytes: a piece may end within a letter.
            if count <= Self.longestAnswer { pieces[words[1], default: []] += rest.dropFirst("part \(words[1]) ".utf8.count) }
            return .piece
        case "answered" where words.count == 2:
            let answer = pieces.removeValue(forKey: words[1]) ?? []
            return .fact(.probe(name: words[1], answer: String(decoding: answer, as: UTF8.self)))
        default: return NodeFact(line[...]).map(Reading.fact) ?? .refused
        }
    }

    /// What a line tells.
    package enum Reading: Hashable, Sendable {
        /// It is none of the channel's: runsc writes its own errors on the same stream.
        case foreign
        /// It tells something.
        case fact(NodeFact)
        /// A piece of an answer, of which more is to come.
        case piece
        /// It is of the channel, and tells nothing, or nothing that is believed.
        case refused
    }
}

extension ArraySlice<UInt8> {
    /// The words that blanks divide, empty ones included; the last is all the rest.
    fileprivate func words(_ count: Int) -> [String] {
        split(separator: UInt8(ascii: " "), maxSplits: count - 1, omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
    }
}

extension NodeFact {
    /// Whether the node's own side may tell it. What the sandbox is, how the probes are answered, and how the node ends is seen from outside.
    fileprivate var mayBeTold: Bool {
        switch self {
        case .stage(let name): name != Self.nodeStage
        case .version, .failed, .containerdGone, .containerd: true
        case .probe(let name, _): name != "healthz" && name != "summary"
        case .gvisor, .mount, .asked, .exit: false
        }
    }

    /// The stage at which all is told that the sandbox shows of itself, and from which on the node's own side runs.
    package static let nodeStage = "node"
}
