import CLibgit2

/// The ID of a git object: the SHA-1 of its content, as 40 lower-case hexadecimal digits. A tree's ID identifies everything in it.
package struct ObjectID: Hashable, Sendable, Codable, LosslessStringConvertible {
    /// The 40 digits.
    package let description: String

    /// Parses 40 hexadecimal digits; nil for anything else.
    package init?(_ text: String) {
        let lower = text.lowercased()
        guard lower.utf8.count == 40, lower.allSatisfy({ $0.isASCII && $0.isHexDigit }) else { return nil }
        description = lower
    }

    /// Decodes the digits from a string.
    ///
    /// - Throws: `DecodingError` if the string is not an ID.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let id = ObjectID(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "expected 40 hexadecimal digits")
        }
        self = id
    }

    /// Encodes the digits as one string.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    package init(_ raw: git_oid) {
        let digits = Array("0123456789abcdef")
        description = withUnsafeBytes(of: raw) { String($0.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }) }
    }

    /// The ID in libgit2's form. The text was checked on creation, so the conversion cannot fail.
    package var raw: git_oid {
        var raw = git_oid()
        git_oid_fromstr(&raw, description)
        return raw
    }
}
