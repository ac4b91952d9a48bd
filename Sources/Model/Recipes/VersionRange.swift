/// A set of versions, written as comparisons that must all hold: `>=0.30 <0.39`, `=1.20.2`, `*`. Commas may stand for spaces, and `||` between
/// two sets takes both: `>=1.1 <1.3 || <0.1`, for code that has moved to a project that counts anew. A fork's version counts as the one that it
/// was made of (``Version/origin``).
package struct VersionRange: Hashable, Sendable, Codable, LosslessStringConvertible {
    /// One comparison with a bound.
    private struct Comparison: Hashable, Sendable {
        enum Sign: String, CaseIterable {
            // Longer signs first: reading takes the first that fits.
            case atLeast = ">=", atMost = "<=", above = ">", below = "<", exactly = "="
        }

        let sign: Sign
        let bound: Version

        /// A fork's version counts as the one that it was made of, unless the bound is a fork's own.
        func holds(for version: Version) -> Bool {
            let version = bound.origin == bound ? version.origin : version
            return switch sign {
            case .atLeast: version >= bound
            case .atMost: version <= bound
            case .above: version > bound
            case .below: version < bound
            case .exactly: version == bound
            }
        }
    }

    private let sets: [[Comparison]]
    /// The text that it was read from.
    package let description: String

    /// Reads a range; nil when a comparison cannot be read.
    package init?(_ text: String) {
        var sets: [[Comparison]] = []
        for part in text.split(separator: "||", omittingEmptySubsequences: false) {
            guard let set = Self.set(part) else { return nil }
            sets.append(set)
        }
        self.sets = sets
        description = text
    }

    /// Whether a version lies in the range.
    package func contains(_ version: Version) -> Bool { sets.contains { set in set.allSatisfy { $0.holds(for: version) } } }

    /// Decodes a range from a string.
    ///
    /// - Throws: `DecodingError` when the string is no range.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let range = VersionRange(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "expected a range such as '>=1.19 <1.20'")
        }
        self = range
    }

    /// Encodes the range as the text that it was read from.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    private static func set(_ text: Substring) -> [Comparison]? {
        let words = text.split { $0 == " " || $0 == "," }
        guard !words.isEmpty else { return nil }
        var read: [Comparison] = []
        for word in words where word != "*" {
            let sign = Comparison.Sign.allCases.first { word.hasPrefix($0.rawValue) }
            guard let bound = Version(String(word.dropFirst(sign?.rawValue.count ?? 0))) else { return nil }
            read.append(Comparison(sign: sign ?? .exactly, bound: bound))
        }
        return read
    }
}
