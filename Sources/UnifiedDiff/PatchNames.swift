import Paths
import Sanitizing

/// A file's name as a patch has it: in front of it there may be a folder that only says which side it is, `a/`, `b/`, `old/`.
struct SideName: Hashable {
    let bytes: [UInt8]

    /// The name without its first part, and that part; nil when it has only one.
    var stripped: (prefix: [UInt8], rest: [UInt8])? {
        guard let slash = bytes.firstIndex(of: UInt8(ascii: "/")), slash > 0, slash + 1 < bytes.count else { return nil }
        return (Array(bytes[..<slash]), Array(bytes[(slash + 1)...]))
    }
}

/// What both sides of a file are called.
enum PatchNames {
    /// What a header line says of a side.
    enum Side: Equatable {
        case absent
        /// `/dev/null`.
        case none
        case name([UInt8])
    }

    /// A path, and the folders that stood before it.
    struct Resolved: Hashable {
        let path: [UInt8]
        var prefixes: [[UInt8]] = []
    }

    /// The path that two names mean, when they mean one: they are equal; or equal without their first parts; or one of them is what an editor or
    /// quilt calls the copy of the other.
    static func path(_ old: [UInt8], _ new: [UInt8], isCopyNamed: Bool) -> Resolved? {
        let (old, new) = (SideName(bytes: withoutDot(old)), SideName(bytes: withoutDot(new)))
        if old.bytes == new.bytes { return Resolved(path: old.bytes) }
        if let one = old.stripped, let other = new.stripped, one.rest == other.rest {
            return Resolved(path: one.rest, prefixes: [one.prefix, other.prefix])
        }
        guard isCopyNamed else { return nil }
        if let path = shorter(old.bytes, new.bytes) { return Resolved(path: path) }
        if let one = old.stripped, let other = new.stripped, let path = shorter(one.rest, other.rest) {
            return Resolved(path: path, prefixes: [one.prefix, other.prefix])
        }
        return nil
    }

    private static let mostSpaces = 100

    /// All that the two names behind `diff --git` may mean: a space divides them, and may be in them.
    static func paths(ofGitLine rest: [UInt8]) -> [Resolved] {
        guard rest.count <= 2 * 4100 else { return [] }
        var found: [Resolved] = []
        func add(_ old: [UInt8], _ new: [UInt8]) {
            if let path = path(old, new, isCopyNamed: false), !found.contains(where: { $0.path == path.path }) { found.append(path) }
        }
        if rest.first == UInt8(ascii: "\"") {
            guard let (old, behind) = unquoted(rest[...]), behind.first == UInt8(ascii: " ") else { return [] }
            if let new = whole(behind.dropFirst()) { add(old, new) }
            return found
        }
        let spaces = rest.indices.filter { rest[$0] == UInt8(ascii: " ") }
        // Each space may be the one. Of very many only the middle is tried, which git's own prefixes, all as long as each other, leave.
        for index in spaces.count <= mostSpaces ? spaces : spaces.filter({ $0 == rest.count / 2 }) {
            if let new = whole(rest[(index + 1)...]) { add(Array(rest[..<index]), new) }
        }
        return found
    }

    /// A name that is all of a text, in quotes or not.
    static func whole(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        guard text.first == UInt8(ascii: "\"") else { return Array(text) }
        guard let (name, rest) = unquoted(text), rest.isEmpty else { return nil }
        return name
    }

    /// A name between double quotes, as C writes text, and what stands behind it (git's `quote.c`, `unquote_c_style`).
    static func unquoted(_ text: ArraySlice<UInt8>) -> (name: [UInt8], rest: ArraySlice<UInt8>)? {
        var rest = text
        guard rest.popFirst() == UInt8(ascii: "\"") else { return nil }
        var name: [UInt8] = []
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\"") { return (name, rest) }
            guard byte == UInt8(ascii: "\\") else {
                name.append(byte)
                continue
            }
            guard let escape = rest.popFirst() else { return nil }
            if let plain = escapes[escape] {
                name.append(plain)
            } else {
                let digits = [escape] + rest.prefix(2)
                guard digits.count == 3, let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8),
                    digits[0] != UInt8(ascii: "+")
                else { return nil }
                name.append(value)
                rest = rest.dropFirst(2)
            }
        }
        return nil
    }

    /// A name as git writes it: in quotes where something in it would be misread.
    static func written(_ name: [UInt8]) -> [UInt8] {
        let isPlain = name.allSatisfy { (0x20..<0x7F).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
        if isPlain { return name }
        return Array("\"".utf8)
            + name.flatMap { byte -> [UInt8] in
                if let letter = escapes.first(where: { $0.value == byte })?.key { return [UInt8(ascii: "\\"), letter] }
                if (0x20..<0x7F).contains(byte) { return [byte] }
                let digits = String(byte, radix: 8)
                return Array("\\\(String(repeating: "0", count: 3 - digits.count))\(digits)".utf8)
            } + Array("\"".utf8)
    }

    private static let escapes: [UInt8: UInt8] = Dictionary(
        uniqueKeysWithValues: zip("abtnvfr\"\\".utf8, [7, 8, 9, 10, 11, 12, 13, UInt8(ascii: "\""), UInt8(ascii: "\\")]))

    private static let copyEndings = [".orig", "~", ".old", ".bak", ".new"]

    private static func shorter(_ one: [UInt8], _ other: [UInt8]) -> [UInt8]? {
        let (short, long) = one.count < other.count ? (one, other) : (other, one)
        return copyEndings.contains { long == short + Array($0.utf8) } ? short : nil
    }

    private static func withoutDot(_ name: [UInt8]) -> [UInt8] {
        var name = name[...]
        while name.starts(with: "./".utf8), name.count > 2 { name = name.dropFirst(2) }
        return Array(name)
    }

    /// A path below the tree's top, as text.
    ///
    /// - Returns: nil with the reason when it is none.
    static func contained(_ path: [UInt8]) -> Result<String, NameFault> {
        do throws(PathFault) {
            let contained = try ContainedPath(path)
            guard contained != .top else { return .failure(NameFault(path, "is not a path below the tree's top")) }
            // Paths are text here, and no other text may come of one.
            let text = String(decoding: path, as: UTF8.self)
            guard text.utf8.elementsEqual(path) else { return .failure(NameFault(path, "is not valid UTF-8, which is not supported")) }
            return .success(text)
        } catch { return .failure(NameFault(path, "is not a path below the tree's top: it \(error)")) }
    }

    struct NameFault: Error {
        let message: String

        init(_ path: [UInt8], _ reason: String) { message = "\(ContainedPath.quoted(path)) \(reason)" }
    }
}
