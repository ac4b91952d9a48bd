import Foundation
import TestInputs
import UnifiedDiff

/// Random trees, and all kinds of changes to them.
struct PatchGenerator {
    struct File: Equatable {
        var mode = "100644"
        var bytes: [UInt8]
    }

    typealias Tree = [[UInt8]: File]

    private var random: SplitMix
    /// Whether all files are text, because diff(1) supports no others.
    let isPlain: Bool

    init(seed: UInt64, isPlain: Bool) {
        random = SplitMix(seed)
        self.isPlain = isPlain
    }

    private static let names = [
        "a", "b", "i", "w", "c", "fs", "docs", "x.go", "x.go.orig", "y.go", "with space", "two  spaces", "café", "cafe\u{301}", "-dash",
        "@@",
        "dev", "null", "z", "copy", "lib",
    ]
    private static let oddNames = ["q\"uote", "back\\slash", "tab\tname", "new\nline", "\u{1B}[2J", " lead", "trail ", "b b"]
    private static let lines = [
        "one", "two", "three", "four", "five", "", "", " ", "\t", "}", "\treturn nil", "-- comment", "++ more", "--- a/x", "+++ b/x",
        "@@ -1 +1 @@",
        "diff --git a/x b/x", "\\ No newline at end of file", "GIT binary patch", "From 0123456789012345678901234567890123456789 Mon",
        "-- ", "ä", "x = 1",
        "trailing ", "same", "same", "same", "index 1..2",
    ]

    private mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
    private mutating func chance(_ percent: Int) -> Bool { number(1...100) <= percent }

    private mutating func name() -> [UInt8] {
        let names = isPlain || chance(80) ? Self.names : Self.oddNames
        return Array(names[number(0...names.count - 1)].utf8)
    }

    private mutating func path() -> [UInt8] {
        let parts = (0..<number(1...3)).map { _ in name() }
        return Array(parts.joined(separator: [UInt8(ascii: "/")]))
    }

    private mutating func line() -> [UInt8] {
        if !isPlain, chance(2) { return [0xFF, 0xFE, 0x80] }
        return chance(50) ? Array(Self.lines[number(0...Self.lines.count - 1)].utf8) : Array("line \(number(0...40))".utf8)
    }

    private mutating func text() -> [UInt8] {
        if chance(8) { return [] }
        let end = chance(15) ? "\r\n" : "\n"
        var bytes = (0..<number(1...30)).flatMap { _ in line() + Array(end.utf8) }
        if chance(20) { bytes.removeLast(end.utf8.count) }
        return bytes
    }

    private mutating func content(_ mode: String) -> [UInt8] {
        if mode == "120000" { return path() }
        if !isPlain, chance(10) { return (0..<number(1...400)).map { _ in UInt8(number(0...3) == 0 ? 0 : number(0...255)) } + [0] }
        return text()
    }

    private mutating func mode() -> String { isPlain ? "100644" : ["100644", "100644", "100755", "120000"][number(0...3)] }

    private mutating func file() -> File {
        let mode = mode()
        return File(mode: mode, bytes: content(mode))
    }

    private static let slash = UInt8(ascii: "/")

    /// Adds a file to a tree. A file in place of a needed folder is removed, and so is a folder in place of the file.
    private static func put(_ file: File, _ path: [UInt8], _ tree: inout Tree) {
        for (index, byte) in path.enumerated() where byte == slash { tree[Array(path[..<index])] = nil }
        for other in tree.keys where other.starts(with: path + [slash]) { tree[other] = nil }
        tree[path] = file
    }

    mutating func tree() -> Tree {
        var tree: Tree = [:]
        for _ in 0..<number(2...9) { Self.put(file(), path(), &tree) }
        return tree
    }

    private mutating func edited(_ file: File) -> File {
        var file = file
        guard file.mode != "120000" else {
            file.bytes = path()
            return file
        }
        if file.bytes.contains(0) {
            for _ in 0..<number(1...5) { file.bytes.insert(UInt8(number(0...255)), at: number(0...file.bytes.count)) }
            return file
        }
        var lines = file.bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { Array($0) }
        for _ in 0..<number(1...4) {
            let place = number(0...lines.count - 1)
            switch number(0...3) {
            case 0: lines.insert(line(), at: place)
            case 1 where lines.count > 1: lines.remove(at: place)
            case 2: lines.append(line())
            default: lines[place] = line()
            }
        }
        file.bytes = Array(lines.joined(separator: [UInt8(ascii: "\n")]))
        return file
    }

    private mutating func change(_ tree: inout Tree) {
        let paths = tree.keys.sorted { $0.lexicographicallyPrecedes($1) }
        let path = paths.isEmpty ? self.path() : paths[number(0...paths.count - 1)]
        let old = tree[path] ?? file()
        switch number(0...(isPlain ? 5 : 11)) {
        case 0, 1: tree[path] = edited(old)
        case 2: Self.put(file(), self.path(), &tree)
        case 3: tree[path] = nil
        case 4: tree[path] = File(mode: old.mode, bytes: old.mode == "120000" ? old.bytes : [])
        case 5, 6:
            tree[path] = nil
            Self.put(chance(50) ? old : edited(old), self.path(), &tree)
        case 7: Self.put(chance(50) ? old : edited(old), self.path(), &tree)
        case 8: tree[path] = File(mode: old.mode == "100644" ? "100755" : "100644", bytes: chance(50) ? old.bytes : edited(old).bytes)
        case 9:
            let mode = old.mode == "120000" ? "100644" : "120000"
            tree[path] = File(mode: mode, bytes: content(mode))
        case 10: Self.put(file(), path + [Self.slash] + name(), &tree)
        default:
            if let slash = path.firstIndex(of: Self.slash) { Self.put(file(), Array(path[..<slash]), &tree) }
        }
    }

    mutating func changed(_ tree: Tree) -> Tree {
        var tree = tree
        for _ in 0..<number(1...5) { change(&tree) }
        // git does not write the diff of an empty tree like other diffs.
        if tree.isEmpty { tree[Array("kept".utf8)] = File(bytes: [10]) }
        return tree
    }

    /// Two commits in the format of git-fast-import(1).
    static func stream(_ number: Int, _ old: Tree, _ new: Tree) -> [UInt8] {
        func commit(_ name: String, _ message: String, _ parent: String?, _ tree: Tree) -> [UInt8] {
            var bytes = Array(
                "commit refs/heads/\(name)\ncommitter A <a@example.org> 1600000000 +0000\ndata \(message.utf8.count)\n\(message)\n".utf8)
            if let parent { bytes += Array("from refs/heads/\(parent)\n".utf8) }
            bytes += Array("deleteall\n".utf8)
            for (path, file) in tree.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
                let quoted = path.map { (0x30...0x7A).contains($0) && $0 != 0x5C ? String(UnicodeScalar($0)) : "\\" + octal($0) }.joined()
                bytes += Array("M \(file.mode) inline \"\(quoted)\"\ndata \(file.bytes.count)\n".utf8) + file.bytes + [10]
            }
            return bytes + [10]
        }
        let words = "Change \(number)\n\nBinary files are read with\n@@ markers, and\nrename from the old name is not done.\n"
        return commit("o\(number)", "Old", nil, old) + commit("n\(number)", words, "o\(number)", new)
    }

    private static func octal(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 8)
        return String(repeating: "0", count: 3 - digits.count) + digits
    }
}
