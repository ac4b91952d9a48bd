import Building
import FileSystem
import Foundation
import Host
import Model
import Store
import SystemPackage

@testable import Nightly

/// A test's own project, workspace and small upstream repository.
struct SmallProject: Sendable {
    let path: String
    let builder: SourceBuilder

    var repository: String { "\(path)/up" }
    var catalogue: Catalogue { Catalogue(builder.runner.host) }

    /// Runs a test with a new one.
    static func use(_ body: (SmallProject) async throws -> Void) async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "ninepin-nightly-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        for folder in ["project/recipes", "project/patches", "up"] {
            try FileManager.default.createDirectory(atPath: "\(path)/\(folder)", withIntermediateDirectories: true)
        }
        let host = Host(
            environment: ["PATH": "/usr/bin:/bin", "HOME": path, "GIT_CONFIG_NOSYSTEM": "1"], workspace: FilePath("\(path)/workspace"),
            project: FilePath("\(path)/project"), isRoot: false)
        let runner = try await StepRunner(host) { _ in }
        defer { runner.close() }
        let project = SmallProject(path: path, builder: SourceBuilder(runner))
        try project.git(["init", "--quiet", "--initial-branch=main"])
        try await body(project)
    }

    func offered(by recipe: String) async throws -> VersionTags {
        try await VersionTags(offeredBy: recipe, in: catalogue, with: builder)
    }

    /// Writes a recipe for a library with this source.
    func recipe(_ name: String, _ source: String) throws {
        let text = """
            title: a thing
            version: 1.0.0
            importPath: example.org/thing
            toolchain: "*"
            upstreams: {thing: {path: .}}
            source: {\(source)}

            """
        try Data(text.utf8).write(to: URL(filePath: "\(path)/project/recipes/\(name).yaml"))
    }

    /// Commits a file with this text, and tags the commit.
    @discardableResult
    func commit(_ text: String, tags: [String] = []) throws -> String {
        try Data(text.utf8).write(to: URL(filePath: "\(repository)/file"))
        try git(["add", "-A"])
        try git(["commit", "--quiet", "--allow-empty", "--message", text])
        for tag in tags { try git(["tag", "--annotate", "--message", tag, tag]) }
        return try git(["rev-parse", "HEAD"])
    }

    @discardableResult
    func git(_ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/git")
        process.arguments = ["-C", repository] + arguments
        process.environment = [
            "PATH": "/usr/bin:/bin", "HOME": path, "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "A Tester",
            "GIT_AUTHOR_EMAIL": "tester@example.org", "GIT_COMMITTER_NAME": "A Tester", "GIT_COMMITTER_EMAIL": "tester@example.org",
        ]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failed(arguments: arguments) }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    struct Failed: Error {
        let arguments: [String]
    }
}
