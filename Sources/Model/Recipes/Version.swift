/// A release's version, ordered as Semantic Versioning 2.0.0 orders them (§11), with what the field adds to it: a leading `v`
/// is allowed (`v1.34.9+k3s1`), numbers may be missing (`1.19` is `1.19.0`), and `rc92` counts as a number after `rc`.
package struct Version: Sendable, Codable, LosslessStringConvertible {
    /// Major, minor, patch, and whatever numbers follow; missing ones are zero.
    package let numbers: [Int]
    /// What stands between `-` and `+`: a version with it comes before the one without.
    package private(set) var prerelease: String?
    /// What stands after `+`; it has no part in the order.
    package let build: String?
    /// The text that it was read from.
    package let description: String

    /// Reads a version; nil when the text does not begin with a number (after an optional `v`, or `go`), has other signs than `.`, `-`, `+`, `~` and
    /// `_`, or more than 128 bytes: it stands in names of files, and in a recipe wherever `{version}` does.
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

    /// The text without a leading `v` or `go`: tags have one, and names of files do not.
    package var plain: String {
        description.hasPrefix("go")
            ? String(description.dropFirst(2)) : description.hasPrefix("v") ? String(description.dropFirst()) : description
    }

    /// The release that a fork was made of: `v0.49.0-openshift-4.17-4` is 0.49.0, `v1.21.2-k3s1` is 1.21.2, `1.0.0-rc92-k3s1` is 1.0.0-rc92. What
    /// is no fork's is its own: prereleases such as `rc95`, and what Go calls pseudo-versions (go.dev/ref/mod), which come before a release.
    package var origin: Version {
        guard let prerelease else { return self }
        let parts = prerelease.split(separator: "-", omittingEmptySubsequences: false)
        let kept = Self.isPrerelease(parts[0]) ? parts.prefix(Self.isCommitTime(parts[0]) ? 2 : 1) : []
        guard kept.count < parts.count else { return self }
        var origin = self
        origin.prerelease = kept.isEmpty ? nil : kept.joined(separator: "-")
        return origin
    }

    /// Words by which projects name what comes before a release. Any other word behind a version is a fork's or a packager's name.
    private static let prereleases: Set<String> = [
        "a", "alpha", "b", "beta", "c", "canary", "dev", "ea", "m", "milestone", "next", "nightly", "pre", "preview", "prerelease", "rc",
        "snapshot", "test",
    ]

    /// Whether a text begins as a prerelease does: with one of the words, or with a number, as pseudo-versions do.
    private static func isPrerelease(_ text: Substring) -> Bool {
        let word = text.prefix { $0.isASCII && $0.isLetter }
        return word.isEmpty ? text.first?.isNumber == true : prereleases.contains(word.lowercased())
    }

    /// Whether a text ends with the fourteen digits of a time, behind which a pseudo-version has its commit.
    private static func isCommitTime(_ text: Substring) -> Bool {
        text.split(separator: ".").last.map { $0.count == 14 && $0.allSatisfy(\.isNumber) } ?? false
    }

    /// Decodes a version from a string.
    ///
    /// - Throws: `DecodingError` when the string is no version.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let version = Version(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "expected a version such as 1.20.2")
        }
        self = version
    }

    /// Encodes the version as the text that it was read from.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension Version: Comparable {
    /// Whether both have the same place in the order; text that has no part in it (`v`, build) may differ.
    package static func == (one: Version, other: Version) -> Bool { !(one < other) && !(other < one) }

    /// Whether one comes before the other (Semantic Versioning 2.0.0, §11).
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

    /// Compares two prereleases run by run, so that `rc9` comes before `rc92` as its authors meant.
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

extension Version: Hashable {
    /// Hashes what the order looks at, so that equal versions hash alike.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(numbers.reversed().drop { $0 == 0 }.reversed() as [Int])
        hasher.combine(prerelease)
    }
}
