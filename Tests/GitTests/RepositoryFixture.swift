import Foundation
import Git

/// A test's own folder with a repository, removed at the end.
final class RepositoryFixture {
    let path: String
    let repository: Repository

    init() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "ninepin-git-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        path = folder.path
        repository = try Repository.openOrCreateBare(at: folder.appending(path: "trees.git").path)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// A folder with some files, given as paths and their contents.
    func folder(_ name: String, _ files: [String: String]) throws -> String {
        for (file, content) in files { try write("\(name)/\(file)", Data(content.utf8)) }
        try FileManager.default.createDirectory(atPath: "\(path)/\(name)", withIntermediateDirectories: true)
        return "\(path)/\(name)"
    }

    func write(_ file: String, _ content: Data) throws {
        let url = URL(filePath: "\(path)/\(file)")
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try content.write(to: url)
    }

    func read(_ file: String) throws -> String { String(decoding: try Data(contentsOf: URL(filePath: "\(path)/\(file)")), as: UTF8.self) }

    /// A tree of some files.
    func tree(_ files: [String: String]) throws -> ObjectID {
        let name = "tree-\(UUID())"
        return try repository.importTree(from: try folder(name, files)) { _ in }
    }

    /// The output of a program; our results are compared with git's own.
    @discardableResult
    func run(_ program: String, _ arguments: [String], in directory: String) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.currentDirectoryURL = URL(filePath: directory)
        process.environment = [
            "PATH": "/usr/bin:/bin", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "HOME": directory,
        ]
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: output, as: UTF8.self)
    }

    /// The ID that git gives a folder's content.
    func gitTree(of directory: String) throws -> String {
        let store = "\(path)/git-\(UUID()).git"
        try run("git", ["init", "-q", "--bare", store], in: directory)
        let place = ["--git-dir=\(store)", "--work-tree=."]
        try run("git", place + ["-c", "core.autocrlf=false", "-c", "core.fileMode=true", "add", "-A", "-f", "."], in: directory)
        return try run("git", place + ["write-tree"], in: directory).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
