/// A set of versions, written as comparisons that must all hold: `>=0.30 <0.39`, `=1.20.2`, `*`. Commas may be used instead of spaces, and
/// `||` forms the union of two sets: `>=1.1 <1.3 || <0.1`, for code that moved to a project with its own version numbers. A fork's version
/// counts as the version that it is based on (``Version/origin``).
package struct VersionRange: Hashable, Sendable, Codable, LosslessStringConvertible {
    /// A comparison with a bound.
    private struct Comparison: Hashable, Sendable {
        enum Sign: String, CaseIterable {
            // Longer operators first, because the parser takes the first match.
            case atLeast = ">=", atMost = "<=", above = ">", below = "<", exactly = "="
        }

        let sign: Sign
        let bound: Version

        /// Whether the comparison holds. A fork's version counts as the version that it is based on, unless the bound is a fork's version
        /// too.
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
    /// The original text.
    package let description: String

    /// Parses a range; nil if a comparison is invalid.
    package init?(_ text: String) {
        var sets: [[Comparison]] = []
        for part in text.split(separator: "||", omittingEmptySubsequences: false) {
            guard let set = Self.set(part) else { return nil }
            sets.append(set)
        }
        self.sets = sets
        description = text
    }

    /// Whether a bound of either range is in both. Ranges that share versions but no bound do not count.
    package func sharesBound(with other: VersionRange) -> Bool {
        self == other || sets.contains { $0.isEmpty } || other.sets.contains { $0.isEmpty }
            || (sets + other.sets).joined().contains { contains($0.bound) && other.contains($0.bound) }
    }

    package func contains(_ version: Version) -> Bool { sets.contains { set in set.allSatisfy { $0.holds(for: version) } } }

    /// Decodes a range from a string.
    ///
    /// - Throws: `DecodingError` if the string is not a range.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let range = VersionRange(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "expected a range such as '>=1.19 <1.20'")
        }
        self = range
    }

    /// Encodes the range as its original text.
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
