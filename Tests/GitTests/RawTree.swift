import Foundation
import Git
import Testing

/// Malicious trees.
extension RepositoryFixture {
    /// One entry of a raw tree.
    struct RawEntry {
        var mode = "100644"
        var name: [UInt8]
        var id: ObjectID

        init(_ name: String, _ id: ObjectID, mode: String = "100644") { self.init(Array(name.utf8), id, mode: mode) }

        init(_ name: [UInt8], _ id: ObjectID, mode: String = "100644") { (self.mode, self.name, self.id) = (mode, name, id) }

        static func folder(_ name: String, _ id: ObjectID) -> RawEntry { RawEntry(name, id, mode: "40000") }
        static func link(_ name: String, _ id: ObjectID) -> RawEntry { RawEntry(name, id, mode: "120000") }
    }

    /// Stores a file's content in the repository.
    func blob(_ text: String) throws -> ObjectID { try object("blob", Data(text.utf8)) }

    /// A tree with exactly these entries in this order.
    func rawTree(_ entries: [RawEntry]) throws -> ObjectID {
        var content = Data()
        for entry in entries {
            content += Data("\(entry.mode) ".utf8) + entry.name + [0]
            let digits = Array(entry.id.description)
            content += stride(from: 0, to: 40, by: 2).compactMap { UInt8(String(digits[$0..<$0 + 2]), radix: 16) }
        }
        return try object("tree", content)
    }

    /// An object with exactly this content.
    func object(_ kind: String, _ content: Data) throws -> ObjectID {
        let file = "object-\(UUID())"
        try write(file, content)
        let id = try run(
            "sh", ["-c", "git --git-dir=trees.git hash-object -t \(kind) --literally -w --stdin < \(file)"], in: path)
        try FileManager.default.removeItem(atPath: "\(path)/\(file)")
        return try #require(ObjectID(id.trimmingCharacters(in: .newlines)))
    }
}

/// Names that a tree must not contain, because they can be used for attacks.
let hostileNames = [
    ".", "..", "../evil", "../../evil", "/evil", "a/b", "a/../../evil", ".git", ".GIT", ".Git", ".git ", ".git.", ".git. . ", "git~1",
    "GIT~1",
    "git~1.", ".git::$INDEX_ALLOCATION", ".git:x", "git~1:x", ".git\\hooks", "a\\.git", "a\\git~1 ", ".g\u{200C}it", "\u{FEFF}.git",
    ".gi\u{206A}T\u{202E}",
]

/// Names that look similar but are valid.
let harmlessNames = [
    ".gitignore", ".github", ".gitmodules", "git", "git~2", "git~10", ".gitx", ".git-x", "a.git", "..a", "...", "a..", "a\\b",
    ".g\u{200C}itx",
    "gítti",
]
