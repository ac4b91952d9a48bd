import FileSystem
import Foundation
import Glibc
import Host
import Model
import SystemPackage
import Testing
import TestServers

@Suite("Signals", .timeLimit(.minutes(3)))
struct InterruptTests {
    @Test(
        "a signal in a download ends it with its own exit code; nothing is left half done, and the next run goes on from there",
        arguments: [(SIGINT, 130), (SIGTERM, 143), (SIGHUP, 129)] as [(Int32, Int32)])
    func interrupted(_ signal: Int32, _ code: Int32) async throws {
        try await ServedArchive.use({ bytes, request, number, _ in
            let whole = Reply.file(bytes, request)
            return number == 1 ? whole.cut(after: bytes.count / 2, wait: 60) : whole
        }) { served in
            let program = try Program(served.origin, ["fetch", "thing"])
            let part = "\(served.origin.path)/workspace/mirrors"
            try await served.waitForRequest()
            try await soon("half of the archive") {
                let names = FileManager.default.subpaths(atPath: part) ?? []
                return names.contains { $0.hasSuffix(".part") && (Files.bytes(of: FilePath("\(part)/\($0)")) ?? 0) > 0 }
            }
            kill(program.pid, signal)
            #expect(try await program.code() == code)
            #expect(program.said.contains("interrupted; the next run resumes after the last completed step"), "\(program.said)")
            #expect(try served.origin.unfinished.isEmpty)
            #expect(processes(naming: served.origin.path).isEmpty)
            let again = try Program(served.origin, ["fetch", "thing"])
            #expect(try await again.code() == 0)
            #expect(try again.said.hasSuffix("\(served.origin.tree("HEAD"))\n"))
            #expect(served.server.requests.last?.offset != nil, "what had come is not asked for again")
        }
    }

    @Test("a program that it had started ends with it")
    func child() async throws {
        let origin = try Origin()
        try origin.gitRecipe(url: "ssh://127.0.0.1/up.git")
        let number = "\(origin.path)/ssh.pid"
        try origin.write("ssh", "#!/bin/sh\necho $$ > '\(number).new'\nmv '\(number).new' '\(number)'\nexec sleep 600\n")
        try #require(chmod("\(origin.path)/ssh", 0o755) == 0)
        let program = try Program(origin, ["fetch", "thing"], shell: "export GIT_SSH='\(origin.path)/ssh'")
        try await soon("ssh") { Files.exists(FilePath(number)) }
        let ssh = try #require(Int32(try Files.readText(FilePath(number)).filter(\.isNumber)))
        #expect(ProcessTree.isRunning(ssh))
        kill(program.pid, SIGTERM)
        #expect(try await program.code() == 143)
        // The kernel ends it promptly, but not instantly.
        try await soon("the end of ssh") { !ProcessTree.isRunning(ssh) }
        #expect(try origin.unfinished.isEmpty)
    }

    @Test("a signal ends it while it writes an answer that nobody reads")
    func unread() async throws {
        let pipe = try FullPipe()
        let program = try await pipe.program(shell: "exec >'\(pipe.path)'")
        kill(program.pid, SIGTERM)
        #expect(try await program.code() == 143)
        #expect(program.said.contains("interrupted"), "\(program.said)")
    }

    @Test("a second signal ends it at once, although nobody reads its last words either")
    func second() async throws {
        let pipe = try FullPipe()
        let program = try await pipe.program(shell: "exec >'\(pipe.path)' 2>&1")
        kill(program.pid, SIGTERM)
        try await Task.sleep(for: .milliseconds(300))
        #expect(!program.hasEnded(), "the first one waits for its words")
        // Two signals that arrive before the first one is handled count as one.
        try await soon("the end by a second signal") {
            if !program.hasEnded() { kill(program.pid, SIGTERM) }
            return program.hasEnded()
        }
        #expect(try await program.ending() == 143)
    }

    @Test("a program that is to go on without its terminal, as nohup(1) starts one, goes on; it can be ended all the same")
    func withoutTerminal() async throws {
        try await ServedArchive.use({ bytes, request, _, gate in
            gate.wait()
            return .file(bytes, request)
        }) { served in
            let program = try Program(served.origin, ["fetch", "thing"], shell: "trap '' HUP")
            try await served.waitForRequest()
            kill(program.pid, SIGHUP)
            served.gate.open()
            #expect(try await program.code() == 0, "\(program.said)")
            #expect(try program.said.hasSuffix("\(served.origin.tree("HEAD"))\n"))
        }
        try await ServedArchive.use({ bytes, request, _, gate in
            gate.wait()
            return .file(bytes, request)
        }) { served in
            let program = try Program(served.origin, ["fetch", "thing"], shell: "trap '' HUP")
            try await served.waitForRequest()
            kill(program.pid, SIGHUP)
            kill(program.pid, SIGTERM)
            #expect(try await program.code() == 143)
        }
    }
}

/// A pipe with less capacity than a command's answer, and from which nothing is read.
private final class FullPipe {
    let path: String
    private let origin: Origin
    private let reader: Int32
    private let size: Int32

    init() throws {
        origin = try Origin()
        try origin.gitRecipe(url: "https://git.example.org/\(String(repeating: "x", count: 20_000)).git")
        path = "\(origin.path)/pipe"
        try #require(mkfifo(path, 0o600) == 0)
        reader = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)
        try #require(reader >= 0)
        // F_SETPIPE_SZ is 1031 (fcntl.h); the minimum is one page.
        size = fcntl(reader, 1031, 4096)
        try #require(size >= 4096 && size < 20_000)
    }

    deinit { close(reader) }

    /// A command that has filled the pipe and waits.
    func program(shell: String) async throws -> Program {
        // A document is written all at once. With separate lines, the first ones could leave room in the page that no later line fills.
        let program = try Program(origin, ["recipes", "show", "thing", "--json"], shell: shell)
        let (reader, size) = (reader, size)
        try await soon("the full pipe") {
            var count: Int32 = 0
            return ioctl(reader, UInt(FIONREAD), &count) == 0 && count == size
        }
        return program
    }
}
