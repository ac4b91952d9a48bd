import Foundation
import Git
import Testing
import TestInputs

@Suite("Trees of any names at all")
struct GeneratedTreeTests {
    /// Pieces of names.
    private static let pieces = [
        ".", "..", "/", "git", "GIT", "~1", ".git", "modules", "\\", ":", " ", "a", "\u{200C}", "é", "-", "\n", "\u{1B}[2J",
    ]

    @Test("either a tree is refused, or it is written as it is; around its folder nothing changes")
    func generated() async throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix(seed)
        let fixture = try RepositoryFixture()
        _ = try fixture.folder("yard/inner", ["kept": "kept"])
        let work = "\(fixture.path)/yard/inner/work"
        let workTree = WorkTree(directory: work, note: "\(fixture.path)/note")
        let (file, target) = (try fixture.blob("x"), try fixture.blob("../../../evil"))
        let inner = try fixture.tree(["f": "x"])
        func around() throws -> [String] {
            try FileManager.default.subpathsOfDirectory(atPath: fixture.path).filter {
                !["trees.git", "git-", "tree-", "note", "yard/inner/work"].contains(where: $0.hasPrefix)
            }.sorted()
        }
        let before = try around()
        let end = ContinuousClock.now + .seconds(2)
        while ContinuousClock.now < end {
            await Task.yield()
            var entries: [RepositoryFixture.RawEntry] = []
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let name = (0..<Int.random(in: 1...4, using: &random)).map { _ in Self.pieces.randomElement(using: &random) ?? "" }.joined()
                let kinds = [RepositoryFixture.RawEntry(name, file), .link(name, target), .folder(name, inner)]
                entries.append(kinds.randomElement(using: &random) ?? kinds[0])
            }
            let key = { (entry: RepositoryFixture.RawEntry) in entry.mode == "40000" ? entry.name + [0x2F] : entry.name }
            let tree = try fixture.rawTree(entries.sorted { key($0).lexicographicallyPrecedes(key($1)) })
            do {
                let claim = try workTree.checkOut(tree, from: fixture.repository) { _ in }
                #expect(workTree.holds(claim), "seed \(seed)")
                #expect(try fixture.gitTree(of: work) == tree.description, "seed \(seed): \(entries)")
            } catch is TreeFault {}
            #expect(try around() == before, "seed \(seed): \(entries)")
        }
        #expect(!FileManager.default.fileExists(atPath: "\(fixture.path)/evil"))
    }
}
