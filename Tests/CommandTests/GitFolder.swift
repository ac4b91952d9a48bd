import Foundation

/// A bare repository that a test writes with git's plumbing commands: trees are assembled by their IDs, and no file is checked out.
struct GitFolder {
    /// A failed program.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    let path: String

    /// Creates a bare repository that also uses the objects of others.
    init(at path: String, borrowingFrom others: [String] = []) throws {
        self.path = path
        try run(["init", "--quiet", "--bare", "--initial-branch=main", path], inRepository: false)
        if !others.isEmpty {
            let objects = others.map { "\($0)/objects\n" }.joined()
            try Data(objects.utf8).write(to: URL(filePath: "\(path)/objects/info/alternates"))
        }
    }

    /// Runs git.
    ///
    /// - Parameter index: the index file, for commands that use one.
    @discardableResult
    func run(_ arguments: [String], index: String = "index", input: String? = nil, inRepository: Bool = true) throws -> String {
        let environment = [
            "GIT_CONFIG_NOSYSTEM": "1", "HOME": "/nonexistent", "GIT_INDEX_FILE": "\(path)/\(index)", "PATH": "/usr/bin:/bin",
            "GIT_AUTHOR_NAME": "Shape", "GIT_AUTHOR_EMAIL": "shape@example.org", "GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z",
            "GIT_COMMITTER_NAME": "Shape", "GIT_COMMITTER_EMAIL": "shape@example.org", "GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z",
        ]
        return try Self.run("/usr/bin/git", (inRepository ? ["-C", path] : []) + arguments, environment: environment, input: input)
    }

    /// Writes files to the object store.
    ///
    /// - Returns: lines for `update-index --index-info`.
    func entries(_ files: [String: Data]) throws -> String {
        let folder = "\(path)/new-\(UUID())"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let names = files.keys.sorted()
        for (number, name) in names.enumerated() { try files[name]?.write(to: URL(filePath: "\(folder)/\(number)")) }
        let paths = names.indices.map { "\(folder)/\($0)\n" }.joined()
        let ids = try run(["hash-object", "-w", "--no-filters", "--stdin-paths"], input: paths).split(separator: "\n")
        return zip(names, ids).map { "100644 \($1) 0\t\($0)\n" }.joined()
    }

    /// Commits the index and tags the commit.
    func commit(index: String, tag: String) throws {
        let tree = try run(["write-tree"], index: index).trimmed
        let commit = try run(["commit-tree", tree, "-m", tag]).trimmed
        try run(["update-ref", "refs/heads/main", commit])
        try run(["tag", "--annotate", "--message", tag, tag, commit])
    }

    /// Runs a program to completion.
    @discardableResult
    static func run(
        _ program: String, _ arguments: [String], environment: [String: String], folder: String? = nil, input: String? = nil
    ) throws -> String {
        let temporary = FileManager.default.temporaryDirectory.appending(path: "ninepin-run-\(UUID())")
        try FileManager.default.createDirectory(at: temporary, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: temporary) }
        let files = ["in", "out", "err"].map { temporary.appending(path: $0) }
        try Data((input ?? "").utf8).write(to: files[0])
        for file in files.dropFirst() { try Data().write(to: file) }
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        process.environment = environment
        if let folder { process.currentDirectoryURL = URL(filePath: folder) }
        process.standardInput = try FileHandle(forReadingFrom: files[0])
        process.standardOutput = try FileHandle(forWritingTo: files[1])
        process.standardError = try FileHandle(forWritingTo: files[2])
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            let errors = String(decoding: try Data(contentsOf: files[2]), as: UTF8.self)
            throw Failure(description: "\(program) \(arguments.joined(separator: " ")): \(process.terminationStatus)\n\(errors)")
        }
        return String(decoding: try Data(contentsOf: files[1]), as: UTF8.self)
    }
}

extension String {
    var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}
