import Glibc

/// Splits a byte stream into lines in bounded memory. A line longer than the limit is split into pieces: the first is reported as a line,
/// the others as continuations. Each continuation repeats the end of the previous piece, so that a text on the border is complete in one of
/// them.
package struct LineSplitter: Sendable {
    /// A piece of the stream.
    package enum Piece: Hashable, Sendable {
        /// A line without its line break, or the beginning of an overlong one. It is bytes, because a log need not be UTF-8.
        case line([UInt8])
        /// A continuation of the last line. The first `overlap` bytes repeat the end of the previous piece.
        case more([UInt8], overlap: Int)
    }

    /// The maximum number of bytes in a piece.
    package let limit: Int
    /// The number of bytes that two consecutive pieces of a line share.
    package let overlap: Int
    private var pending: [UInt8] = []
    private var isPending = false
    /// How many pending bytes were already reported, if the line is split into pieces.
    private var repeated: Int?

    /// Creates a splitter whose pieces have at most `limit` bytes.
    package init(limit: Int = 1 << 16, overlap: Int = 512) {
        self.limit = max(1, limit)
        self.overlap = min(overlap, self.limit - 1)
    }

    /// Processes bytes and reports each completed piece.
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

    /// The last piece if the stream ended without a line break; otherwise nil.
    package mutating func finish() -> Piece? {
        guard isPending else { return nil }
        defer { clear() }
        return repeated == nil || pending.count > repeated ?? 0 ? made : nil
    }

    /// The position of the first line break. The C library's memchr is faster than a Swift loop.
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
