import Foundation

/// A repository with the real Debian tree of Kubernetes 1.20.2, patched so that it lives in gVisor, and 64 tags. Each commit edits one small Go
/// file. From one of them on, libcontainer's reader of CPU statistics is again as Debian has it, and the node dies.
struct ManyTags {
    static let count = 64
    /// The number of the first tag with the change.
    static let planted = 37

    /// The version of a tag, without its `v`.
    static func version(_ number: Int) -> String { "1.20.\(number)" }

    /// What the reader of CPU statistics is in the tree.
    static let reader = "vendor/github.com/opencontainers/runc/libcontainer/cgroups/fs/cpuacct.go"

    let repository: GitFolder

    /// Creates the repository.
    ///
    /// - Parameters:
    ///   - patched: the tree whose node is clean.
    ///   - stock: the tree whose node is fatal; in the same repository.
    init(at path: String, patched: K3sShape.Tree, stock: String) throws {
        repository = try GitFolder(at: path, borrowingFrom: [patched.repository])
        let was = try repository.run(["rev-parse", "\(stock):\(Self.reader)"]).trimmed
        let isNow = try repository.run(["rev-parse", "\(patched.id):\(Self.reader)"]).trimmed
        guard was != isNow else { throw GitFolder.Failure(description: "the patches do not change \(Self.reader)") }
        try repository.run(["read-tree", patched.id], index: "many")
        var parent: String?
        for number in 0..<Self.count {
            let text = "package app\n\n// release is the number of this release.\nconst release = \"the tests' release \(number)\"\n"
            var entries = try repository.entries(["cmd/kubelet/app/release.go": Data(text.utf8)])
            if number == Self.planted { entries += "100644 \(was) 0\t\(Self.reader)\n" }
            try repository.run(["update-index", "--index-info"], index: "many", input: entries)
            let tree = try repository.run(["write-tree"], index: "many").trimmed
            let subject = number == Self.planted ? "cgroups: read each CPU's usage" : "release \(number)"
            let commit = try repository.run(["commit-tree", tree, "-m", subject] + (parent.map { ["-p", $0] } ?? [])).trimmed
            try repository.run(["tag", "--annotate", "--message", subject, "v\(Self.version(number))", commit])
            parent = commit
        }
        if let parent { try repository.run(["update-ref", "refs/heads/main", parent]) }
    }

    /// The commit of a tag.
    func commit(_ number: Int) throws -> String { try repository.run(["rev-parse", "v\(Self.version(number))^{commit}"]).trimmed }
}
