import Foundation
import Git
import GitRemote
import Testing

@Suite("Servers that are hostile", .timeLimit(.minutes(3)))
struct HostileServerTests {
    /// Adds a malicious object to the upstream's repository.
    private func object(_ kind: String, _ content: Data, in upstream: Upstream) throws -> String {
        try content.write(to: URL(filePath: "\(upstream.path)/object"))
        let write = "git --git-dir=\(upstream.repository) hash-object -t \(kind) --literally -w --stdin < object"
        return try upstream.run("sh", ["-c", write], in: upstream.path)
    }

    /// A commit of a tree that has one entry below a folder with a valid name.
    private func publish(_ name: String, mode: String, as branch: String, in upstream: Upstream) throws -> (commit: String, tree: String) {
        func entry(_ mode: String, _ name: String, _ id: String) -> Data {
            let digits = Array(id)
            return Data("\(mode) \(name)\0".utf8)
                + stride(from: 0, to: 40, by: 2).compactMap { UInt8(String(digits[$0..<$0 + 2]), radix: 16) }
        }
        let blob = try object("blob", Data("/etc/passwd".utf8), in: upstream)
        let inner = try object("tree", entry("100644", "f", blob), in: upstream)
        let evil = try object("tree", entry(mode, name, mode == "40000" ? inner : blob), in: upstream)
        let top = try object("tree", entry("40000", "good", evil), in: upstream)
        let repository = "--git-dir=\(upstream.repository)"
        let commit = try upstream.run("git", [repository, "commit-tree", "-m", "evil", top], in: upstream.path)
        try upstream.run("git", [repository, "update-ref", "refs/heads/\(branch)", commit], in: upstream.path)
        return (commit, top)
    }

    private static let entries = [
        ("../../../evil", "100644"), ("..", "40000"), (".", "40000"), ("a/b", "100644"), (".git", "40000"), (".GIT", "40000"),
        ("git~1", "40000"), (".git ", "100644"), (".git::$INDEX_ALLOCATION", "40000"), (".g\u{200C}it", "40000"), (".gitmodules", "120000"),
    ]

    @Test("a commit whose tree has a name that leads out, or is git's own, is refused when it comes, and its tree is given to nobody")
    func names() async throws {
        let upstream = try Upstream()
        let daemon = try Server.gitDaemon(upstream)
        defer { withExtendedLifetime(daemon) {} }
        let url = "git://127.0.0.1:\(daemon.port)/up.git"
        let store = "\(upstream.path)/store.git"
        _ = try Repository.openOrCreateBare(at: store)
        var refused: [ObjectID] = []
        for (number, (name, mode)) in Self.entries.enumerated() {
            let (commit, tree) = try publish(name, mode: mode, as: "evil-\(number)", in: upstream)
            let id = try #require(ObjectID(tree))
            for reference in ["evil-\(number)", commit] {
                await #expect(throws: TreeFault.self, "\(name)") {
                    try await upstream.mirror.fetch(reference: reference, from: url, environment: upstream.environment)
                }
            }
            await #expect(throws: TreeFault.self, "\(name)") {
                try await upstream.mirror.copy(id, to: store, environment: upstream.environment, patience: .seconds(120))
            }
            #expect(try !Repository.open(at: store).contains(id), "\(name)")
            refused.append(id)
        }
        // The valid content of the same repository can still be fetched.
        let good = try await upstream.mirror.fetch(reference: "main", from: url, environment: upstream.environment)
        try await upstream.mirror.copy(good.tree, to: store, environment: upstream.environment, patience: .seconds(120))
        #expect(try Repository.open(at: store).contains(good.tree))
        // The refused content that was fetched with it is refused there too, even if it is already in the store.
        for id in refused {
            await #expect(throws: TreeFault.self) {
                try await upstream.mirror.copy(id, to: store, environment: upstream.environment, patience: .seconds(120))
            }
        }
    }
}
