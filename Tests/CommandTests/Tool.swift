import Foundation
import Host
import Model
import SystemPackage
import Testing

/// The built program, run as a user runs it.
struct Tool: Sendable {
    /// The result of a run.
    struct Outcome {
        let status: Int32
        let output: String
        let errors: String

        func json() throws -> [String: Any] {
            try #require(try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any], "no document: \(output) \(errors)")
        }
    }

    static let project = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    var workspace: String
    var project = Tool.project.path
    /// Environment variables in addition to those of the tests.
    var environment: [String: String] = [:]

    /// The program next to the tests: both are products of the same build.
    static var program: URL {
        get throws {
            let tests = URL(filePath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
            let arguments = CommandLine.arguments.compactMap { $0.hasSuffix(".xctest") ? URL(filePath: $0) : nil }
            let folders = ([tests] + arguments).map { $0.deletingLastPathComponent() } + [Tool.project.appending(path: ".build/debug")]
            return try #require(
                folders.map { $0.appending(path: "ninepin") }.first { FileManager.default.isExecutableFile(atPath: $0.path) })
        }
    }

    /// Starts the program; its output goes to files, so that nothing blocks.
    func start(_ arguments: [String], in folder: URL) throws -> (process: Process, output: URL, errors: URL) {
        let process = Process()
        process.executableURL = try Self.program
        // Arguments after '--' are for another program.
        let own = arguments.prefix { $0 != "--" }
        process.arguments =
            own + ["--workspace", workspace, "--project", project]
            + arguments.dropFirst(own.count)
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, own in own }
        let files = [folder.appending(path: "out-\(UUID())"), folder.appending(path: "err-\(UUID())")]
        for file in files { try Data().write(to: file) }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: files[0])
        process.standardError = try FileHandle(forWritingTo: files[1])
        try process.run()
        return (process, files[0], files[1])
    }

    /// Runs the program to completion without blocking a test thread.
    func ran(_ arguments: [String]) async throws -> Outcome {
        let folder = FileManager.default.temporaryDirectory.appending(path: "ninepin-tool-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (process, output, errors) = try start(arguments, in: folder)
        try await soon("the end of \(arguments)") { !process.isRunning }
        let text = { (file: URL) in String(decoding: (try? Data(contentsOf: file)) ?? Data(), as: UTF8.self) }
        return Outcome(status: process.terminationStatus, output: text(output), errors: text(errors))
    }

    /// Runs the program to completion.
    func run(_ arguments: [String]) throws -> Outcome {
        let folder = FileManager.default.temporaryDirectory.appending(path: "ninepin-tool-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (process, output, errors) = try start(arguments, in: folder)
        process.waitUntilExit()
        let text = { (file: URL) in String(decoding: (try? Data(contentsOf: file)) ?? Data(), as: UTF8.self) }
        return Outcome(status: process.terminationStatus, output: text(output), errors: text(errors))
    }
}

/// This machine's processes whose command line names a path.
func processes(naming path: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { Int32($0) }.compactMap { pid in
        guard pid != getpid(), let line = try? Data(contentsOf: URL(filePath: "/proc/\(pid)/cmdline")), !line.isEmpty else { return nil }
        let words = String(decoding: line, as: UTF8.self).replacingOccurrences(of: "\0", with: " ")
        return words.contains(path) ? "\(pid) \(words)" : nil
    }
}
