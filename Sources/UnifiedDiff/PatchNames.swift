import Paths
import Sanitizing

/// A file's name as written in a patch. It may start with a folder that only names the side: `a/`, `b/` or `old/`.
struct SideName: Hashable {
    let bytes: [UInt8]

    /// The name without its first component, and that component; nil if it has only one.
    var stripped: (prefix: [UInt8], rest: [UInt8])? {
        guard let slash = bytes.firstIndex(of: UInt8(ascii: "/")), slash > 0, slash + 1 < bytes.count else { return nil }
        return (Array(bytes[..<slash]), Array(bytes[(slash + 1)...]))
    }
}

/// The names of both sides of a file.
enum PatchNames {
    /// A side of a file according to its header line.
    enum Side: Equatable {
        case absent
        /// `/dev/null`.
        case none
        case name([UInt8])
    }

    /// A path and the prefixes removed from it.
    struct Resolved: Hashable {
        let path: [UInt8]
        var prefixes: [[UInt8]] = []
    }

    /// The path that two names mean, if they mean the same one: they are equal, or equal without their first components, or one is the name
    /// that an editor or quilt gives a copy of the other.
    ///
    /// - Parameter strip: how many leading folders to remove; nil to decide by the names.
    static func path(_ old: [UInt8], _ new: [UInt8], isCopyNamed: Bool, strip: Int? = nil) -> Resolved? {
        if let strip {
            guard let old = stripped(old, strip), let new = stripped(new, strip) else { return nil }
            if old == new { return Resolved(path: old) }
            return isCopyNamed ? shorter(old, new).map { Resolved(path: $0) } : nil
        }
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

    /// A name without its leading folders, as patch(1) removes them: slashes side by side are one; nil if it has too few.
    static func stripped(_ name: [UInt8], _ count: Int) -> [UInt8]? {
        var rest = name[...]
        for _ in 0..<count {
            guard let slash = rest.firstIndex(of: UInt8(ascii: "/")) else { return nil }
            rest = rest[slash...].drop { $0 == UInt8(ascii: "/") }
        }
        return rest.isEmpty ? nil : withoutDot(Array(rest))
    }

    private static let mostSpaces = 100

    /// All paths that the two names after `diff --git` can mean: a space separates them, and they may contain spaces.
    static func paths(ofGitLine rest: [UInt8], strip: Int? = nil) -> [Resolved] {
        guard rest.count <= 2 * 4100 else { return [] }
        var found: [Resolved] = []
        func add(_ old: [UInt8], _ new: [UInt8]) {
            if let path = path(old, new, isCopyNamed: false, strip: strip), !found.contains(where: { $0.path == path.path }) {
                found.append(path)
            }
        }
        if rest.first == UInt8(ascii: "\"") {
            guard let (old, behind) = unquoted(rest[...]), behind.first == UInt8(ascii: " ") else { return [] }
            if let new = whole(behind.dropFirst()) { add(old, new) }
            return found
        }
        let spaces = rest.indices.filter { rest[$0] == UInt8(ascii: " ") }
        // Any of the spaces may be the separator. If there are very many, only the middle one is tried: with git's own prefixes, both names
        // have the same length.
        for index in spaces.count <= mostSpaces ? spaces : spaces.filter({ $0 == rest.count / 2 }) {
            if let new = whole(rest[(index + 1)...]) { add(Array(rest[..<index]), new) }
        }
        return found
    }

    /// A name that fills a whole text, quoted or not.
    static func whole(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        guard text.first == UInt8(ascii: "\"") else { return Array(text) }
        guard let (name, rest) = unquoted(text), rest.isEmpty else { return nil }
        return name
    }

    /// A name in double quotes, as in C, and the text after it (git's `quote.c`, `unquote_c_style`).
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

    /// A name as git writes it: quoted if it could be misread otherwise.
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

    /// A path below the tree's root, as text.
    ///
    /// - Returns: a failure with the reason if it is not one.
    static func contained(_ path: [UInt8]) -> Result<String, NameFault> {
        do throws(PathFault) {
            let contained = try ContainedPath(path)
            guard contained != .top else { return .failure(NameFault(path, "is not a path below the tree's top")) }
            // Paths are text here, and decoding must not change one.
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
