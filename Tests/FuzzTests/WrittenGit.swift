import Crypto
import Foundation
import Fuzzing
import Git

/// Git objects as any program may write them, without any checks.
struct WrittenObjects: Sendable {
    let folder: String
    let place: FuzzFolder

    init(folder: String, in place: FuzzFolder) { (self.folder, self.place) = (folder, place) }

    /// Pieces of names.
    private static let pieces: [[UInt8]] =
        [
            ".", "..", "/", "git", "GIT", "~1", ".git", "modules", "\\", ":", " ", "a", "b", "\u{200C}", "é", "-", "\n", "\u{1B}[2J", "",
            "/../../../evil",
        ].map { Array($0.utf8) } + [[0xFF]]

    private static let modes = ["100644", "40000", "120000", "100755", "160000", "100664", "040000", "0", "777777"]

    /// A tree determined by the input's decisions, and whether git itself would write it.
    func tree(_ draw: inout Draw, depth: Int) throws -> (id: ObjectID, isPlain: Bool) {
        var entries: [(mode: String, name: [UInt8], id: [UInt8])] = []
        var isPlain = true
        for _ in 0..<draw.number(below: 6) where !draw.isEmpty {
            let name = (0..<draw.number(below: 5)).flatMap { _ in draw.one(of: Self.pieces) }.filter { $0 != 0 }
            let mode = draw.one(of: Self.modes)
            switch mode {
            case "40000" where depth < 8:
                let below = try tree(&draw, depth: depth + 1)
                isPlain = isPlain && below.isPlain
                entries.append((mode, name, Self.raw(below.id)))
            case "120000": entries.append((mode, name, Self.raw(try write("blob", Array("../../../evil".utf8)))))
            default:
                isPlain = isPlain && ["100644", "100755"].contains(mode)
                entries.append((mode, name, Self.raw(try write("blob", draw.bytes(9)))))
            }
        }
        // Occasionally out of order, or with a duplicate name.
        if draw.number(below: 8) != 7 {
            let key = { (entry: (mode: String, name: [UInt8], id: [UInt8])) in entry.mode == "40000" ? entry.name + [0x2F] : entry.name }
            entries.sort { key($0).lexicographicallyPrecedes(key($1)) }
        }
        if entries.isEmpty, depth > 0 { isPlain = false }
        return (try write("tree", entries.flatMap { Array("\($0.mode) ".utf8) + $0.name + [0] + $0.id }), isPlain)
    }

    /// The initial content of the folder: something of each type, under names that other trees use too.
    func base() throws -> ObjectID {
        let blob = Self.raw(try write("blob", Array("x".utf8)))
        let inner = try write("tree", Array("100644 a\0".utf8) + blob)
        let link = Self.raw(try write("blob", Array("a".utf8)))
        return try write(
            "tree", Array("100644 -\0".utf8) + blob + Array("40000 a\0".utf8) + Self.raw(inner) + Array("120000 b\0".utf8) + link)
    }

    /// Writes a loose object (git, Documentation/gitformat-loose) with arbitrary content.
    func write(_ kind: String, _ content: [UInt8]) throws -> ObjectID {
        let whole = Array("\(kind) \(content.count)\0".utf8) + content
        let digits = Insecure.SHA1.hash(data: whole).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        let name = "\(folder)/\(digits.prefix(2))/\(digits.dropFirst(2))"
        if !FileManager.default.fileExists(atPath: place.place(name)) { try place.write(Self.zlib(whole), to: name) }
        guard let id = ObjectID(digits) else { throw Broken("\(digits) is no id") }
        return id
    }

    static func raw(_ id: ObjectID) -> [UInt8] {
        let digits = Array(id.description)
        return stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(digits[$0..<$0 + 2]), radix: 16) }
    }

    /// Encodes bytes in zlib's format without compression (RFC 1950, RFC 1951 3.2.4).
    static func zlib(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = [0x78, 0x01]
        var rest = bytes[...]
        repeat {
            let block = rest.prefix(65535)
            rest = rest.dropFirst(block.count)
            let count = UInt16(block.count)
            out += [rest.isEmpty ? 1 : 0] + [UInt8(count & 255), UInt8(count >> 8), UInt8(~count & 255), UInt8(~count >> 8)] + block
        } while !rest.isEmpty
        var (low, high): (UInt32, UInt32) = (1, 0)
        for byte in bytes {
            low = (low + UInt32(byte)) % 65521
            high = (high + low) % 65521
        }
        return out + [UInt8(high >> 8), UInt8(high & 255), UInt8(low >> 8), UInt8(low & 255)]
    }
}

/// A repository as text: the requested name, then files and objects, each after a line that begins with `==`.
///
/// `== file PATH` precedes a file's bytes; `== blob`, `== tree`, `== commit` and `== tag` precede an object's. In all of them, `{N}` stands
/// for the ID of the N-th earlier object as digits, and `{raw N}` for its bytes.
enum WrittenRepository {
    static func seeds() throws -> [[UInt8]] {
        let head = "main\n== file HEAD\nref: refs/heads/main\n== file config\n[core]\n\tbare = true\n== file refs/keep\n\n"
        let objects = """
            == blob
            hello
            == tree
            100644 a\u{0}{raw 0}120000 l\u{0}{raw 0}
            == tree
            100644 a\u{0}{raw 0}40000 d\u{0}{raw 1}
            == commit
            tree {2}
            author A <a@b> 1 +0000
            committer A <a@b> 1 +0000

            message
            == tag
            object {3}
            type commit
            tag v1
            tagger A <a@b> 1 +0000

            v1

            """
        return bytes([
            head + objects + "== file refs/heads/main\n{3}\n== file refs/tags/v1\n{4}\n",
            "v1" + head.dropFirst(4) + objects
                + "== file packed-refs\n# pack-refs with: peeled fully-peeled sorted \n{3} refs/heads/main\n{4} refs/tags/v1\n^{3}\n",
        ])
    }

    /// Writes the repository; returns the requested name.
    static func write(_ input: [UInt8], to name: String, in folder: FuzzFolder) throws -> String {
        let objects = WrittenObjects(folder: "\(name)/objects", in: folder)
        try folder.write([], to: "\(name)/objects/info/none")
        var ids: [ObjectID] = []
        var sections: [(head: String, body: [UInt8])] = []
        for line in input.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            if line.starts(with: "== ".utf8) || sections.isEmpty {
                sections.append((String(decoding: line, as: UTF8.self), []))
            } else {
                sections[sections.count - 1].body += line + [UInt8(ascii: "\n")]
            }
        }
        for section in sections.dropFirst().prefix(60) {
            let words = section.head.split(separator: " ").dropFirst().map(String.init)
            guard let kind = words.first else { continue }
            var body = filled(section.body, ids)
            if kind == "file" {
                // The test itself writes only below the repository's folder.
                let path = words.dropFirst().joined(separator: " ")
                let parts = path.split(separator: "/")
                guard !parts.isEmpty, !parts.contains(".."), !path.utf8.contains(0), path.utf8.count < 200 else { continue }
                // A name may conflict with another one; then the file is missing.
                try? folder.write(body, to: "\(name)/\(parts.joined(separator: "/"))")
            } else {
                if kind == "tree", !body.isEmpty { body.removeLast() }
                ids.append(try objects.write(kind, body))
            }
        }
        return sections.first?.head ?? ""
    }

    private static func filled(_ body: [UInt8], _ ids: [ObjectID]) -> [UInt8] {
        var out: [UInt8] = []
        var rest = body[...]
        while let open = rest.firstIndex(of: UInt8(ascii: "{")) {
            out += rest[..<open]
            guard let close = rest[open...].firstIndex(of: UInt8(ascii: "}")) else { break }
            let words = String(decoding: rest[(open + 1)..<close], as: UTF8.self)
            let isRaw = words.hasPrefix("raw ")
            if let number = Int(isRaw ? String(words.dropFirst(4)) : words), ids.indices.contains(number) {
                out += isRaw ? WrittenObjects.raw(ids[number]) : Array(ids[number].description.utf8)
            } else {
                out += rest[open...close]
            }
            rest = rest[(close + 1)...]
        }
        return out + rest
    }
}
