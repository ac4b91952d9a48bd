import Crypto
import CZlib

/// A change of bytes that are no lines: what stands below `GIT binary patch` (gitformat in git's `apply.c`, `parse_binary`).
struct BinaryChange: Hashable, Sendable {
    /// How the bytes come about.
    enum Method: Sendable {
        /// They stand in the patch.
        case literal
        /// They are pieces of the old ones and new ones between them, as in a pack (gitformat-pack(5), "Deltified representation").
        case delta
    }

    let method: Method
    /// The new bytes, or the delta.
    let data: [UInt8]
    /// How it stands in the patch, way back included.
    let text: [UInt8]

    /// As many bytes as one change may come to, and all of a patch: a few of them can be a great many when they are unpacked.
    static let mostBytes = 64 << 20

    /// The bytes that come of others.
    ///
    /// - Returns: nil when the delta is not one for them.
    func applied(to old: [UInt8]) -> [UInt8]? {
        switch method {
        case .literal: data
        case .delta: Self.patched(old, by: data)
        }
    }

    /// The id that git gives to a blob of these bytes: the SHA-1 of a header and the bytes (gitformat-loose(5)).
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

    /// How many bytes come of a delta; nil when it is none.
    static func size(ofDelta delta: [UInt8]) -> Int? {
        var rest = delta[...]
        return size(&rest).flatMap { _ in size(&rest) }
    }

    /// Seven bits in each byte, the lowest first.
    private static func size(_ rest: inout ArraySlice<UInt8>) -> Int? {
        var (size, shift) = (0, 0)
        while let byte = rest.popFirst(), shift < 35 {
            size |= Int(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return size }
            shift += 7
        }
        return nil
    }

    /// The bytes that a command says are there, the lowest first.
    private static func number(_ command: UInt8, _ bits: [Int], _ rest: inout ArraySlice<UInt8>) -> Int? {
        var number = 0
        for (index, bit) in bits.enumerated() where command & (1 << UInt8(bit)) != 0 {
            guard let byte = rest.popFirst() else { return nil }
            number |= Int(byte) << (8 * index)
        }
        return number
    }
}

/// The letters in which git writes bytes, five for four (git's `base85.c`).
enum Base85 {
    private static let values: [UInt8] = {
        let letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"
        var values = [UInt8](repeating: .max, count: 256)
        for (value, letter) in letters.utf8.enumerated() { values[Int(letter)] = UInt8(value) }
        return values
    }()

    /// The bytes of one line, whose first letter says how many there are.
    ///
    /// - Returns: nil for what is no such line.
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

/// zlib's format (RFC 1950).
enum Zlib {
    /// The bytes that a stream comes to.
    ///
    /// - Parameter count: how many they must be. No more than one beyond is ever made.
    /// - Returns: nil for what is no stream, has something behind it, or comes to another number of bytes.
    static func inflated(_ packed: [UInt8], count: Int) -> [UInt8]? {
        guard packed.count <= Int(UInt32.max), count < Int(UInt32.max) else { return nil }
        var stream = z_stream()
        guard ninepin_inflate_init(&stream) == Z_OK else { return nil }
        defer { inflateEnd(&stream) }
        var packed = packed
        // What a text says of its length is no reason to take that much memory: a stream never comes to more than 1032 times its length.
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
