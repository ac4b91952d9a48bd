/// A release version, ordered according to Semantic Versioning 2.0.0 (§11) with common extensions: a leading `v` is allowed
/// (`v1.34.9+k3s1`), numbers may be missing (`1.19` is `1.19.0`), and `rc92` counts as `rc` followed by a number.
package struct Version: Sendable, Codable, LosslessStringConvertible {
    /// Major, minor, patch, and any further numbers; missing ones are zero.
    package let numbers: [Int]
    /// The text between `-` and `+`. A version with it precedes the one without.
    package private(set) var prerelease: String?
    /// The text after `+`, which does not affect the order.
    package let build: String?
    /// The original text.
    package let description: String

    /// Parses a version; nil if the text does not begin with a number (after an optional `v` or `go`), contains punctuation other than `.`,
    /// `-`, `+`, `~` and `_`, or is longer than 128 bytes. The limits exist because versions become part of file names and replace
    /// `{version}` in recipes.
    package init?(_ text: String) {
        guard text.utf8.count <= 128, text.utf8.allSatisfy(Self.isSign) else { return nil }
        var rest = Substring(text)
        if rest.hasPrefix("go") { rest = rest.dropFirst(2) } else if rest.hasPrefix("v") { rest = rest.dropFirst() }
        let plus = rest.firstIndex(of: "+")
        build = plus.map { String(rest[rest.index(after: $0)...]) }
        rest = plus.map { rest[..<$0] } ?? rest
        let dash = rest.firstIndex(of: "-")
        prerelease = dash.map { String(rest[rest.index(after: $0)...]) }
        rest = dash.map { rest[..<$0] } ?? rest
        let parts = rest.split(separator: ".", omittingEmptySubsequences: false)
        var read: [Int] = []
        for part in parts {
            guard part.allSatisfy({ $0.isASCII && $0.isNumber }), let number = Int(part) else { return nil }
            read.append(number)
        }
        guard !read.isEmpty, prerelease != "", build != "" else { return nil }
        numbers = read
        description = text
    }

    private static func isSign(_ byte: UInt8) -> Bool {
        byte < 128 && (Character(UnicodeScalar(byte)).isLetter || Character(UnicodeScalar(byte)).isNumber || ".-+~_".utf8.contains(byte))
    }

    /// The text without a leading `v` or `go`, which tags have and file names do not.
    package var plain: String {
        description.hasPrefix("go")
            ? String(description.dropFirst(2)) : description.hasPrefix("v") ? String(description.dropFirst()) : description
    }

    /// The release that a fork is based on: `v0.49.0-openshift-4.17-4` is 0.49.0, `v1.21.2-k3s1` is 1.21.2, `1.0.0-rc92-k3s1` is
    /// 1.0.0-rc92. Any other version is its own origin, including prereleases such as `rc95` and Go pseudo-versions (go.dev/ref/mod), which
    /// precede a release.
    package var origin: Version {
        guard let prerelease else { return self }
        let parts = prerelease.split(separator: "-", omittingEmptySubsequences: false)
        let kept = Self.isPrerelease(parts[0]) ? parts.prefix(Self.isCommitTime(parts[0]) ? 2 : 1) : []
        guard kept.count < parts.count else { return self }
        var origin = self
        origin.prerelease = kept.isEmpty ? nil : kept.joined(separator: "-")
        return origin
    }

    /// The words that projects use for prereleases. Any other word after a version names a fork or a packager.
    private static let prereleases: Set<String> = [
        "a", "alpha", "b", "beta", "c", "canary", "dev", "ea", "m", "milestone", "next", "nightly", "pre", "preview", "prerelease", "rc",
        "snapshot", "test",
    ]

    /// Whether a text begins like a prerelease: with one of the words, or with a number as in pseudo-versions.
    private static func isPrerelease(_ text: Substring) -> Bool {
        let word = text.prefix { $0.isASCII && $0.isLetter }
        return word.isEmpty ? text.first?.isNumber == true : prereleases.contains(word.lowercased())
    }

    /// Whether a text ends in the fourteen digits of a time, which precede the commit in a pseudo-version.
    private static func isCommitTime(_ text: Substring) -> Bool {
        text.split(separator: ".").last.map { $0.count == 14 && $0.allSatisfy(\.isNumber) } ?? false
    }

    /// Decodes a version from a string.
    ///
    /// - Throws: `DecodingError` if the string is not a version.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let version = Version(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "expected a version such as 1.20.2")
        }
        self = version
    }

    /// Encodes the version as its original text.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension Version: Comparable {
    /// Whether both are equal in the order; text that does not affect the order (`v`, build) may differ.
    package static func == (one: Version, other: Version) -> Bool { !(one < other) && !(other < one) }

    /// Whether one version precedes the other (Semantic Versioning 2.0.0, §11).
    package static func < (one: Version, other: Version) -> Bool {
        for place in 0..<max(one.numbers.count, other.numbers.count) {
            let left = place < one.numbers.count ? one.numbers[place] : 0
            let right = place < other.numbers.count ? other.numbers[place] : 0
            if left != right { return left < right }
        }
        switch (one.prerelease, other.prerelease) {
        case (nil, _): return false
        case (_?, nil): return true
        case (let left?, let right?): return precedes(left, right)
        }
    }

    /// Compares two prereleases run by run, so that `rc9` precedes `rc92` as intended.
    private static func precedes(_ left: String, _ right: String) -> Bool {
        let (lefts, rights) = (runs(left), runs(right))
        for (one, other) in zip(lefts, rights) where one != other {
            if let first = Int(one), let second = Int(other) { return first < second }
            return one < other
        }
        return lefts.count < rights.count
    }

    private static func runs(_ text: String) -> [String] {
        var runs: [String] = []
        for character in text {
            if character == "." {
                runs.append("")
            } else if let last = runs.last?.last, last.isNumber == character.isNumber {
                runs[runs.count - 1].append(character)
            } else {
                runs.append(String(character))
            }
        }
        return runs.filter { !$0.isEmpty }
    }
}

extension Version {
    /// Whether this release precedes another, also by the text after `+`, which packagers count up (`+k3s1`, `+k3s2`) and which does not
    /// affect the order of versions.
    package func isReleased(before other: Version) -> Bool {
        if self != other { return self < other }
        switch (build, other.build) {
        case (nil, _?): return true
        case (let own?, let theirs?): return Self.precedes(own, theirs)
        case (_, nil): return false
        }
    }

    /// Whether this is a prerelease. The version of a fork or a packager (`1.21.2-k3s1`) is one only if its origin is.
    package var isPrerelease: Bool { origin.prerelease != nil }
}

extension Version: Hashable {
    /// Hashes the parts that determine the order, so that equal versions have equal hashes.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(numbers.reversed().drop { $0 == 0 }.reversed() as [Int])
        hasher.combine(prerelease)
    }
}
