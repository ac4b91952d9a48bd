import Glibc

/// Cuts a stream of bytes into lines, in bounded memory. A line longer than the limit comes in pieces: the first as a line, the others as more of
/// it, each with the end of the one before at its beginning, so that a text on the border stands in one of them whole.
package struct LineSplitter: Sendable {
    /// What was cut off the stream.
    package enum Piece: Hashable, Sendable {
        /// A line without its line break, or the beginning of one that is too long: bytes, because a log need not be UTF-8.
        case line([UInt8])
        /// More of the last line, and how many bytes of it the piece before ended with.
        case more([UInt8], overlap: Int)
    }

    /// The most bytes of a piece.
    package let limit: Int
    /// The bytes that two pieces of a line have in common.
    package let overlap: Int
    private var pending: [UInt8] = []
    private var isPending = false
    /// How many bytes of what is pending came already, when the line is one that comes in pieces.
    private var repeated: Int?

    /// Makes a splitter whose pieces have at most `limit` bytes.
    package init(limit: Int = 1 << 16, overlap: Int = 512) {
        self.limit = max(1, limit)
        self.overlap = min(overlap, self.limit - 1)
    }

    /// Takes bytes and hands on each piece that they complete.
    package mutating func take(_ bytes: UnsafeRawBufferPointer, _ piece: (Piece) throws -> Void) rethrows {
        var rest = bytes[...]
        while let end = Self.lineBreak(in: rest) {
            try keep(rest[..<end], piece)
            rest = rest[(end + 1)...]
            if pending.last == UInt8(ascii: "\r"), pending.count > repeated ?? 0 { pending.removeLast() }
            if repeated == nil || pending.count > repeated ?? 0 { try piece(made) }
            clear()
        }
        guard !rest.isEmpty else { return }
        try keep(rest, piece)
        isPending = true
    }

    /// The last piece when the stream ended without a line break; nil when it ended with one.
    package mutating func finish() -> Piece? {
        guard isPending else { return nil }
        defer { clear() }
        return repeated == nil || pending.count > repeated ?? 0 ? made : nil
    }

    /// Where the first line break is. The C library's memchr is faster than a loop of our own.
    private static func lineBreak(in bytes: Slice<UnsafeRawBufferPointer>) -> Int? {
        let rest = UnsafeRawBufferPointer(rebasing: bytes)
        guard let start = rest.baseAddress, let found = memchr(start, Int32(UInt8(ascii: "\n")), rest.count) else { return nil }
        return bytes.startIndex + (UnsafeRawPointer(found) - start)
    }

    private var made: Piece { repeated.map { .more(pending, overlap: $0) } ?? .line(pending) }

    private mutating func keep(_ bytes: Slice<UnsafeRawBufferPointer>, _ piece: (Piece) throws -> Void) rethrows {
        var rest = bytes
        while pending.count + rest.count > limit {
            let part = rest.prefix(limit - pending.count)
            pending.append(contentsOf: part)
            rest = rest[part.endIndex...]
            try piece(made)
            pending.removeFirst(pending.count - overlap)
            repeated = pending.count
        }
        pending.append(contentsOf: rest)
    }

    private mutating func clear() {
        pending.removeAll(keepingCapacity: true)
        isPending = false
        repeated = nil
    }
}
