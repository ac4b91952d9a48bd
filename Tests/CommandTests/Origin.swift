import Foundation
import Glibc

/// A test's own small upstream: a git repository with two tags, served, archived and checked out, and a project with recipes for it.
final class Origin {
    let path = FileManager.default.temporaryDirectory.appending(path: "ninepin-origin-\(UUID())").path
    /// An environment that excludes this machine's settings.
    let environment: [String: String]

    init() throws {
        environment = [
            "PATH": "/usr/bin:/bin", "GIT_CONFIG_GLOBAL": "\(path)/gitconfig", "GIT_CONFIG_NOSYSTEM": "1", "HOME": path,
            "GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z", "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z",
        ]
        for folder in ["tree/bin", "served", "project/recipes", "project/patches"] {
            try FileManager.default.createDirectory(atPath: "\(path)/\(folder)", withIntermediateDirectories: true)
        }
        for (name, value) in ["user.name": "A Tester", "user.email": "tester@example.org", "init.defaultBranch": "main"] {
            try configure(name, value)
        }
        try git("init", "-q")
        try write("tree/crlf.txt", "one\r\ntwo\r\n")
        try write("tree/bin/run.sh", "#!/bin/sh\n")
        guard chmod("\(path)/tree/bin/run.sh", 0o755) == 0, symlink("bin/run.sh", "\(path)/tree/link") == 0 else { throw Failed("no link") }
        try commit("first", tag: "v1.0.0")
        // Files from before the attribute keep their line endings in git.
        try write("tree/.gitattributes", "* text=auto\n")
        try write("tree/.gitignore", "*.o\n")
        try commit("second", tag: "v1.1.0")
        try run("git", "clone", "-q", "--bare", "tree", "served/up.git")
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var tool: Tool { Tool(workspace: "\(path)/workspace", project: "\(path)/project", environment: environment) }

    /// The ID that git gives a revision's tree.
    func tree(_ revision: String) throws -> String { try git("rev-parse", "\(revision)^{tree}") }

    func configure(_ name: String, _ value: String) throws { try run("git", "config", "--file", "\(path)/gitconfig", name, value) }

    func write(_ file: String, _ text: String) throws { try Data(text.utf8).write(to: URL(filePath: "\(path)/\(file)")) }

    /// Writes a library recipe with the required fields and a source.
    func recipe(_ name: String, source: String) throws {
        let head = """
            title: a thing
            version: 1.1.0
            importPath: example.org/thing
            toolchain: ">=1.19"
            upstreams:
              thing:
                path: .
            source:

            """
        try write("project/recipes/\(name).yaml", head + source)
    }

    func gitRecipe(_ name: String = "thing", url: String) throws {
        try recipe(name, source: "  git:\n    url: \(url)\n    ref: v{version}\n")
    }

    func archiveRecipe(_ name: String = "thing", at addresses: [String], file: String) throws {
        let digest = try run("sha256sum", file).prefix(64)
        let list = addresses.map { "\"\($0)\"" }.joined(separator: ", ")
        try recipe(name, source: "  archive:\n    addresses: [\(list)]\n    sha256: \(digest)\n")
    }

    /// Creates an archive of a revision with one top folder.
    func archive(_ revision: String, as file: String) throws {
        try run("git", "-C", "tree", "archive", "--prefix=thing-1/", "-o", "\(path)/\(file)", revision)
    }

    @discardableResult
    func git(_ arguments: String...) throws -> String { try run(["git", "-C", "tree"] + arguments) }

    @discardableResult
    func run(_ command: String...) throws -> String { try run(command) }

    private func run(_ command: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = command
        process.currentDirectoryURL = URL(filePath: path)
        process.environment = environment
        let output = "\(path)/output-\(UUID())"
        try Data().write(to: URL(filePath: output))
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: URL(filePath: output))
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failed("\(command) ended with \(process.terminationStatus)") }
        return try String(contentsOfFile: output, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private func commit(_ subject: String, tag: String) throws {
        try git("add", "-A")
        try git("commit", "-q", "-m", subject)
        try git("tag", "-a", tag, "-m", tag)
    }

    /// The files below a folder that contain a text in their name or content.
    func files(below folder: String, holding text: String) throws -> [String] {
        let names = try FileManager.default.subpathsOfDirectory(atPath: "\(path)/\(folder)")
        return names.filter { name in
            let content = FileManager.default.contents(atPath: "\(path)/\(folder)/\(name)") ?? Data()
            return name.contains(text) || content.range(of: Data(text.utf8)) != nil
        }
    }

    struct Failed: Error, CustomStringConvertible {
        let description: String

        init(_ description: String) { self.description = description }
    }
}
