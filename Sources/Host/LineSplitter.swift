/// Cuts a stream of bytes into lines, in bounded memory: of a line longer than the limit only the beginning is kept.
public struct LineSplitter: Sendable {
    /// The most bytes of a line that are kept.
    public let limit: Int
    private var pending: [UInt8] = []
    private var isPending = false

    /// Makes a splitter that keeps at most `limit` bytes of a line.
    public init(limit: Int = 1 << 16) { self.limit = limit }

    /// Takes bytes and hands on each line that they complete, without its line break: bytes, because a log need not be UTF-8.
    public mutating func take(_ bytes: UnsafeRawBufferPointer, _ line: ([UInt8]) throws -> Void) rethrows {
        var rest = bytes[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            keep(rest[..<end])
            rest = rest[(end + 1)...]
            if pending.last == UInt8(ascii: "\r") { pending.removeLast() }
            try line(pending)
            clear()
        }
        guard !rest.isEmpty else { return }
        keep(rest)
        isPending = true
    }

    /// The last line when the stream ended without a line break; nil when it ended with one.
    public mutating func finish() -> [UInt8]? {
        guard isPending else { return nil }
        defer { clear() }
        return pending
    }

    private mutating func keep(_ bytes: Slice<UnsafeRawBufferPointer>) {
        pending.append(contentsOf: bytes.prefix(max(0, limit - pending.count)))
    }

    private mutating func clear() {
        pending.removeAll(keepingCapacity: true)
        isPending = false
    }
}
