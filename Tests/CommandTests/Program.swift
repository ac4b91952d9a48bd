import FileSystem
import Foundation
import Glibc
import Host
import Model
import SystemPackage
import Testing

/// The program as a shell starts it: with no signal blocked, because a test's own threads would pass on their signal masks.
final class Program {
    let pid: Int32
    private let log: FilePath
    private var status: Int32?

    /// - Parameter shell: shell code to run before `exec` replaces the shell with the program.
    convenience init(_ origin: Origin, _ arguments: [String], shell: String = "") throws {
        let tool = origin.tool
        try self.init(tool, arguments + ["--workspace", tool.workspace, "--project", tool.project], shell: shell, in: origin.path)
    }

    /// The program with only these arguments; its output goes to a file in a folder.
    init(_ tool: Tool, _ arguments: [String], shell: String = "", in folder: String) throws {
        log = FilePath("\(folder)/log-\(UUID())")
        let words = [try Tool.program.path] + arguments
        pid = try Detached.start(
            "/bin/sh", ["-c", "\(shell)\nexec \"$@\"", "sh"] + words, environment: tool.environment, log: log)
    }

    deinit {
        guard status == nil else { return }
        kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
    }

    var said: String { (try? Files.readText(log)) ?? "" }

    /// Whether it has ended; then the exit code or signal is known, as returned by wait(2).
    func hasEnded() -> Bool {
        var status: Int32 = 0
        if self.status == nil, waitpid(pid, &status, WNOHANG) == pid { self.status = status }
        return self.status != nil
    }

    /// Whether it already handles signals; before that, a signal kills it like any program.
    func looksForSignals() -> Bool {
        let status = (try? Files.readText(FilePath("/proc/\(pid)/status"))) ?? ""
        guard let mask = status.firstMatch(of: /SigCgt:\s*([0-9a-f]+)/).flatMap({ UInt64($0.1, radix: 16) }) else { return false }
        return [SIGINT, SIGTERM].allSatisfy { mask >> (UInt64($0) - 1) & 1 == 1 }
    }

    /// Waits for the end; returns the exit code, or 128 plus the signal number, as in a shell.
    func ending() async throws -> Int32 {
        try await soon("the end of the program") { hasEnded() }
        let status = try #require(status)
        return status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
    }

    /// Waits for the end; returns the exit code, and fails if a signal ended the process.
    func code() async throws -> Int32 {
        try await soon("the end of the program") { hasEnded() }
        let status = try #require(status)
        try #require(status & 0x7F == 0, "ended by signal \(status & 0x7F)")
        return status >> 8 & 0xFF
    }
}
