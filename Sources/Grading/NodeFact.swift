/// What the first program in the sandbox tells the harness, a line each, on a channel that kubelet does not write to.
public enum NodeFact: Hashable, Sendable {
    /// How far the preparation has come.
    case stage(String)
    /// A line of the kernel's log that only gVisor writes.
    case gvisor(String)
    /// A mount point, and the type of what is mounted there.
    case mount(point: String, type: String)
    /// What the binary answers to `--version`.
    case version(String)
    /// The answer to a probe.
    case probe(name: String, answer: String)
    /// The preparation failed.
    case failed(String)
    /// containerd is gone.
    case containerdGone
    /// A line of containerd's log.
    case containerd(String)
    /// The node's program ended, with the status that the shell tells.
    case exit(Int)

    /// Begins each line of the channel.
    public static let mark = "@ninepin "

    /// Reads a line; nil for one that is none of these: runsc writes its own errors on the same stream.
    public init?(_ line: String) {
        guard line.hasPrefix(Self.mark) else { return nil }
        let words = line.dropFirst(Self.mark.count).split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let rest = words.count > 1 ? words[1] : ""
        switch words.first {
        case "stage": self = .stage(rest)
        case "gvisor": self = .gvisor(rest)
        case "version": self = .version(rest)
        case "failed": self = .failed(rest)
        case "containerd-gone": self = .containerdGone
        case "containerd": self = .containerd(rest)
        case "mount", "probe":
            let parts = rest.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2 else { return nil }
            self = words[0] == "mount" ? .mount(point: parts[0], type: parts[1]) : .probe(name: parts[0], answer: parts[1])
        case "exit":
            guard let status = Int(rest) else { return nil }
            self = .exit(status)
        default: return nil
        }
    }
}
