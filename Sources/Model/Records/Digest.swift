/// A SHA-256 digest, written as 64 lowercase hexadecimal digits (FIPS 180-4).
///
/// Digests identify everything that Ninepin stores or trusts: fetched files, steps, artifacts.
package struct Digest: Hashable, Sendable, Codable, LosslessStringConvertible {
    /// The 64 hexadecimal digits.
    package let hex: String

    /// Parses 64 hexadecimal digits in either case; nil for anything else.
    package init?(_ text: String) {
        let lower = text.lowercased()
        guard lower.utf8.count == 64, lower.utf8.allSatisfy(Self.isHexadecimal) else { return nil }
        hex = lower
    }

    /// Creates a digest from its 32 bytes.
    package init(bytes: some Sequence<UInt8>) {
        let digits = Array("0123456789abcdef")
        hex = String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }

    /// The first 12 digits, which are enough to distinguish digests in a message.
    package var short: String { String(hex.prefix(12)) }

    /// The 64 digits.
    package var description: String { hex }

    /// Decodes the 64 digits from a string.
    ///
    /// - Throws: `DecodingError` if the string is not a digest.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let digest = Digest(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "expected 64 hexadecimal digits")
        }
        self = digest
    }

    /// Encodes the digits as one string.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(hex)
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
}
