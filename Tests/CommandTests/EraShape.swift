import Foundation

/// A repository with the real Debian tree of Kubernetes 1.20.2 in the layout of releases since 1.30: a go.work that names the staging
/// modules, a `vendor/` folder made for it, and no links from there to staging. No line of code is changed.
struct EraShape {
    /// The release in the new layout, and another one with an edited file in `vendor/`.
    static let (tag, editedTag) = ("v1.20.2", "v1.20.3")
    /// A text that only the edited file contains.
    static let edit = "edited by the tests"

    private static let go = "1.24.0"
    private static let edited = "vendor/github.com/google/cadvisor/fs/fs.go"

    let repository: GitFolder

    /// Creates the repository.
    ///
    /// - Parameter kubernetes: the real tree.
    init(at path: String, kubernetes: K3sShape.Tree) throws {
        repository = try GitFolder(at: path, borrowingFrom: [kubernetes.repository])
        let listed = try repository.run(["-c", "core.quotePath=false", "ls-tree", "-r", kubernetes.id, "--"] + Self.folders)
        let staged = Self.staged(listed)
        let modules = try Self.modules(repository.run(["cat-file", "blob", "\(kubernetes.id):vendor/modules.txt"]), without: staged)
        let entries = listed.split(separator: "\n").filter { Self.isKept($0, staged) }.map { line in
            let columns = line.split(separator: "\t", maxSplits: 1)
            let words = columns[0].split(separator: " ")
            return "\(words[0]) \(words[2]) 0\t\(columns[1])\n"
        }
        try repository.run(["update-index", "--index-info"], index: "era", input: entries.joined())
        try add(Self.files(modules, staged), tag: Self.tag)
        let text = try repository.run(["cat-file", "blob", "\(kubernetes.id):\(Self.edited)"])
        let other = text.replacingOccurrences(of: "\"Filesystem UUIDs: ", with: "\"\(Self.edit): Filesystem UUIDs: ")
        guard other != text else { throw GitFolder.Failure(description: "\(Self.edited) has no line that could be edited") }
        try add([Self.edited: other], tag: Self.editedTag)
    }

    private func add(_ files: [String: String], tag: String) throws {
        try repository.run(
            ["update-index", "--index-info"], index: "era", input: try repository.entries(files.mapValues { Data($0.utf8) }))
        try repository.commit(index: "era", tag: tag)
    }

    /// The folders and files that a build reads.
    private static let folders = ["cmd", "pkg", "plugin", "staging/src/k8s.io", "third_party", "vendor", "LICENSE"]

    /// The names of the staging modules.
    private static func staged(_ listed: String) -> [String] {
        let prefix = "staging/src/k8s.io/"
        let names = listed.split(separator: "\n").compactMap { line -> String? in
            guard let path = line.split(separator: "\t").last, path.hasPrefix(prefix) else { return nil }
            return path.dropFirst(prefix.count).split(separator: "/").first.map(String.init)
        }
        return Set(names).sorted()
    }

    /// Excludes tests, the links from `vendor/` to staging, and the files that say how the tree was built.
    private static func isKept(_ line: Substring, _ staged: [String]) -> Bool {
        guard let path = line.split(separator: "\t").last else { return false }
        if line.hasPrefix("120000"), staged.contains(where: { path == "vendor/k8s.io/\($0)" }) { return false }
        return !path.hasSuffix("_test.go") && !path.contains("/testdata/")
            && !["go.mod", "go.sum", "modules.txt", "BUILD", "BUILD.bazel"].contains(path.split(separator: "/").last ?? "")
    }

    /// The modules of `vendor/` with their versions and packages: Go's own list, without those that are now the tree's own.
    private static func modules(_ text: String, without staged: [String]) -> [(path: String, version: String, packages: [String])] {
        var modules: [(path: String, version: String, packages: [String])] = []
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            if words[0] == "#" {
                // A replacement without a version occurs again between a module and its packages.
                if words[2] != "=>" { modules.append((words[1], words[2], [])) }
            } else if words[0] != "##", !modules.isEmpty {
                modules[modules.count - 1].packages.append(String(line))
            }
        }
        return modules.filter { module in !module.packages.isEmpty && !staged.contains { module.path == "k8s.io/\($0)" } }
    }

    private static func files(_ modules: [(path: String, version: String, packages: [String])], _ staged: [String]) -> [String: String] {
        let own = staged.map { "k8s.io/\($0)" }
        let listed =
            modules.map { ($0.path, "# \($0.path) \($0.version)\n## explicit\n\($0.packages.map { "\($0)\n" }.joined())") }
            + own.map { ($0, "# \($0) v0.36.2 => ./staging/src/\($0)\n## explicit; go \(go)\n") }
        let required = modules.map { "\t\($0.path) \($0.version)\n" } + own.map { "\t\($0) v0.36.2\n" }
        var files = [
            "vendor/modules.txt": "## workspace\n" + listed.sorted { $0.0 < $1.0 }.map(\.1).joined(),
            "go.mod": """
            module k8s.io/kubernetes

            go \(go)

            godebug default=go1.24

            require (
            \(required.joined()))

            replace (
            \(own.map { "\t\($0) => ./staging/src/\($0)\n" }.joined()))

            """,
            "go.work": """
            // What go.mod names, and one module for each folder of staging.
            go \(go)

            godebug default=go1.24

            use (
            \t.
            \(staged.map { "\t./staging/src/k8s.io/\($0)\n" }.joined()))

            """,
            ".go-version": "1.26.4\n",
        ]
        for name in staged { files["staging/src/k8s.io/\(name)/go.mod"] = "module k8s.io/\(name)\n\ngo \(go)\n" }
        return files
    }
}
