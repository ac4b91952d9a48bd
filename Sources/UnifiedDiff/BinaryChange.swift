import Crypto
import CZlib

/// A change to binary content: the data below `GIT binary patch` (git's `apply.c`, `parse_binary`).
struct BinaryChange: Hashable, Sendable {
    /// How the new bytes are encoded.
    enum Method: Sendable {
        /// The patch contains them in full.
        case literal
        /// They are copied ranges of the old bytes and new bytes between them, as in a pack (gitformat-pack(5), "Deltified
        /// representation").
        case delta
    }

    let method: Method
    /// The new bytes, or the delta.
    let data: [UInt8]
    /// The change as it is written in the patch, including the reverse change.
    let text: [UInt8]

    /// The size limit, in bytes, for one change and for all changes of a patch together: a few compressed bytes can expand to very many.
    static let mostBytes = 64 << 20

    /// Returns the result of applying the change to `old`.
    ///
    /// - Returns: nil if the delta does not fit the old bytes.
    func applied(to old: [UInt8]) -> [UInt8]? {
        switch method {
        case .literal: data
        case .delta: Self.patched(old, by: data)
        }
    }

    /// The ID that git gives a blob with these bytes: the SHA-1 of a header and the bytes (gitformat-loose(5)).
    static func id(of bytes: [UInt8]) -> String {
        var hash = Insecure.SHA1()
        hash.update(data: Array("blob \(bytes.count)\0".utf8))
        hash.update(data: bytes)
        return hash.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private static func patched(_ old: [UInt8], by delta: [UInt8]) -> [UInt8]? {
        var rest = delta[...]
        guard let oldSize = size(&rest), oldSize == old.count, let newSize = size(&rest), newSize <= mostBytes else { return nil }
        var new: [UInt8] = []
        while let command = rest.popFirst() {
            if command & 0x80 != 0 {
                guard let offset = number(command, [0, 1, 2, 3], &rest), var count = number(command, [4, 5, 6], &rest) else { return nil }
                if count == 0 { count = 0x10000 }
                guard offset <= old.count, count <= old.count - offset, count <= newSize - new.count else { return nil }
                new += old[offset..<offset + count]
            } else {
                let count = Int(command)
                guard count > 0, count <= rest.count, count <= newSize - new.count else { return nil }
                new += rest.prefix(count)
                rest = rest.dropFirst(count)
            }
        }
        return new.count == newSize ? new : nil
    }

    /// The size of a delta's result, in bytes; nil if the data is not a delta.
    static func size(ofDelta delta: [UInt8]) -> Int? {
        var rest = delta[...]
        return size(&rest).flatMap { _ in size(&rest) }
    }

    /// Reads a number encoded as seven bits per byte, lowest first.
    private static func size(_ rest: inout ArraySlice<UInt8>) -> Int? {
        var (size, shift) = (0, 0)
        while let byte = rest.popFirst(), shift < 35 {
            size |= Int(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return size }
            shift += 7
        }
        return nil
    }

    /// Reads the bytes whose bits are set in the command, lowest first.
    private static func number(_ command: UInt8, _ bits: [Int], _ rest: inout ArraySlice<UInt8>) -> Int? {
        var number = 0
        for (index, bit) in bits.enumerated() where command & (1 << UInt8(bit)) != 0 {
            guard let byte = rest.popFirst() else { return nil }
            number |= Int(byte) << (8 * index)
        }
        return number
    }
}

/// The encoding that git uses for binary data: five characters for four bytes (git's `base85.c`).
enum Base85 {
    private static let values: [UInt8] = {
        let letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"
        var values = [UInt8](repeating: .max, count: 256)
        for (value, letter) in letters.utf8.enumerated() { values[Int(letter)] = UInt8(value) }
        return values
    }()

    /// The bytes of one line, whose first character encodes their number.
    ///
    /// - Returns: nil if the line is invalid.
    static func bytes(ofLine line: some Collection<UInt8>) -> [UInt8]? {
        guard let first = line.first else { return nil }
        let count: Int
        switch first {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): count = Int(first - UInt8(ascii: "A")) + 1
        case UInt8(ascii: "a")...UInt8(ascii: "z"): count = Int(first - UInt8(ascii: "a")) + 27
        default: return nil
        }
        let letters = Array(line.dropFirst())
        guard letters.count == (count + 3) / 4 * 5 else { return nil }
        var bytes: [UInt8] = []
        for start in stride(from: 0, to: letters.count, by: 5) {
            var number: UInt64 = 0
            for letter in letters[start..<start + 5] {
                let value = values[Int(letter)]
                guard value != .max else { return nil }
                number = number * 85 + UInt64(value)
            }
            guard number <= UInt64(UInt32.max) else { return nil }
            for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(shift))) }
        }
        return Array(bytes.prefix(count))
    }
}

/// The zlib format (RFC 1950).
enum Zlib {
    /// Decompresses a stream.
    ///
    /// - Parameter count: the expected size in bytes. At most one byte more is ever produced.
    /// - Returns: nil if the data is not a zlib stream, is followed by other data, or decompresses to another size.
    static func inflated(_ packed: [UInt8], count: Int) -> [UInt8]? {
        guard packed.count <= Int(UInt32.max), count < Int(UInt32.max) else { return nil }
        var stream = z_stream()
        guard ninepin_inflate_init(&stream) == Z_OK else { return nil }
        defer { inflateEnd(&stream) }
        var packed = packed
        // Do not allocate memory just because a text claims that size: a stream never expands to more than 1032 times its length.
        guard count <= packed.count.multipliedReportingOverflow(by: 1032).partialValue else { return nil }
        var bytes = [UInt8](repeating: 0, count: count + 1)
        let isWhole = packed.withUnsafeMutableBufferPointer { input in
            bytes.withUnsafeMutableBufferPointer { output in
                (stream.next_in, stream.avail_in) = (input.baseAddress, UInt32(input.count))
                (stream.next_out, stream.avail_out) = (output.baseAddress, UInt32(output.count))
                return inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.avail_in == 0 && Int(stream.total_out) == count
            }
        }
        guard isWhole else { return nil }
        bytes.removeLast()
        return bytes
    }
}
