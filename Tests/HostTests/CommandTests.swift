import FileSystem
import FoundationEssentials
import Glibc
import Host
import Model
import Synchronization
import SystemPackage
import Testing

/// A test's own folder, removed at the end.
final class Folder: Sendable {
    let path: FilePath

    init() throws {
        path = FilePath(FileManager.default.temporaryDirectory.appending(path: "ninepin-host-\(UUID())").path)
        try Files.makeDirectory(path)
    }

    deinit { try? Files.remove(path) }

    /// A host whose workspace is this folder; it uses no namespaces, so the tests do not need root.
    var host: Host { Host(environment: ["PATH": "/usr/bin:/bin"], workspace: path, project: path, isRoot: false) }
}

@Suite("Starting programs")
struct CommandTests {
    private func command(_ program: String, _ arguments: [String], _ folder: Folder) -> Command {
        Command(FilePath(program), arguments, environment: ["PATH": "/usr/bin:/bin"], directory: folder.path, on: folder.host)
    }

    @Test("output comes back whole, and the environment is only what was given")
    func output() async throws {
        let folder = try Folder()
        #expect(try await command("/bin/echo", ["a b", "c"], folder).output() == "a b c\n")
        #expect(try await command("/usr/bin/env", [], folder).output() == "PATH=/usr/bin:/bin\n")
        #expect(try await command("/bin/pwd", [], folder).output().hasSuffix("\(folder.path.lastComponent?.string ?? "?")\n"))
    }

    @Test(
        "what somebody else chose reaches the program alone: nothing that starts it is looked up by it, loads it, or has it for all to see")
    func settings() async throws {
        let folder = try Folder()
        // A folder of traps: programs that would be found through the PATH in the settings.
        for name in ["sh", "env", "setpriv", "unshare", "nsenter", "cat", "sleep"] {
            try Files.write("#!/bin/sh\necho trapped > '\(folder.path)/trap'\n", to: folder.path.appending(name), mode: 0o755)
        }
        var command = command("/bin/sh", ["-c", "/usr/bin/env; /bin/cat /proc/$PPID/cmdline"], folder)
        command.settings = ["PATH": folder.path.string, "A": "b c\n\"$(touch trap)'", "LD_PRELOAD": "/no/such/library.so", "IFS": "/"]
        let (lines, ended) = try await command.watch([String]()) { lines, event, _ in
            if case .line(_, let line) = event { lines.append(String(decoding: line, as: UTF8.self)) }
            return .proceed
        }
        #expect(ended == .exited(0), "\(lines)")
        #expect(lines.contains("PATH=\(folder.path)") && lines.contains("A=b c") && lines.contains("\"$(touch trap)'"), "\(lines)")
        #expect(!lines.contains { $0.contains("NINEPIN") }, "\(lines)")
        #expect(!Files.exists(folder.path.appending("trap")))
        // The loader complains once for each program that it starts: the program itself, and its child.
        #expect(lines.count { $0.contains("/no/such/library.so") && $0.contains("ld.so") } == 3, "\(lines)")
    }

    @Test("a program that fails is an error with program, arguments, directory, status and last lines")
    func fails() async throws {
        let folder = try Folder()
        let error = await #expect(throws: CommandError.self) { try await command("/bin/ls", ["/no such place"], folder).output() }
        #expect(error?.command == ["/bin/ls", "/no such place"])
        #expect(error?.ended == .exited(2))
        #expect(error?.description.contains("No such file") == true)
        #expect(error?.description.contains(folder.path.string) == true)
    }

    @Test("a program that is not there is an error that names it")
    func missing() async throws {
        let folder = try Folder()
        let error = await #expect(throws: CommandError.self) { try await command("/no/such/program", [], folder).output() }
        #expect(error?.description.contains("/no/such/program") == true)
    }

    @Test("the lines of each stream come in order, each as soon as it is written")
    func lines() async throws {
        let folder = try Folder()
        // It continues only after its line was received: output held back until the end would never arrive.
        let script = """
            hears() { for try in $(seq 6000); do [ -e "heard $1" ] && return; sleep 0.01; done; exit 9; }
            for number in $(seq 20); do
                echo "out $number"; hears "out $number"
                echo "err $number" >&2; hears "err $number"
            done
            for number in $(seq 21 500); do echo "out $number"; echo "err $number" >&2; done
            printf last
            """
        struct Heard: Sendable {
            var output: [String] = []
            var errors: [String] = []
        }
        let place = folder.path
        let (heard, ended) = try await command("/bin/sh", ["-c", script], folder).watch(Heard()) { heard, event, _ in
            guard case .line(let stream, let line) = event else { return .proceed }
            let text = String(decoding: line, as: UTF8.self)
            if stream == .output { heard.output.append(text) } else { heard.errors.append(text) }
            do { try Files.write("", to: place.appending("heard \(text)")) } catch { Issue.record("\(error)") }
            return .proceed
        }
        #expect(ended == .exited(0))
        #expect(heard.output == (1...500).map { "out \($0)" } + ["last"])
        #expect(heard.errors == (1...500).map { "err \($0)" })
    }

    @Test("a handler that says stop ends the program with all that it started")
    func stops() async throws {
        let folder = try Folder()
        let script = "sleep 3600 & echo $!; sleep 3600"
        let (child, ended) = try await command("/bin/sh", ["-c", script], folder).watch(Int32(0)) { child, event, _ in
            guard case .line(.output, let line) = event, let pid = Int32(String(decoding: line, as: UTF8.self)) else { return .proceed }
            child = pid
            return .stop
        }
        #expect(ended == .signalled(9))
        try await expectGone(child)
    }

    @Test("a cancelled task ends its program, and says that it was cancelled")
    func cancelled() async throws {
        let folder = try Folder()
        let started = Mutex<Int32>(0)
        let command = command("/bin/sh", ["-c", "echo $$; sleep 3600"], folder)
        let pids = AsyncStream<Int32>.makeStream()
        let task = Task {
            try await command.watch(0) { _, event, _ in
                if case .line(.output, let line) = event, let pid = Int32(String(decoding: line, as: UTF8.self)) {
                    pids.continuation.yield(pid)
                }
                return .proceed
            }
        }
        for await pid in pids.stream {
            started.withLock { $0 = pid }
            break
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        try await expectGone(started.withLock { $0 })
    }

    @Test("ticks come while a program is silent")
    func ticks() async throws {
        let folder = try Folder()
        let (count, _) = try await command("/bin/sleep", ["3600"], folder).watch(0, tick: .milliseconds(20)) { count, event, _ in
            count += 1
            return count == 3 ? .stop : .proceed
        }
        #expect(count == 3)
    }

    private func expectGone(_ pid: Int32) async throws {
        #expect(pid > 0)
        for _ in 0..<100 where kill(pid, 0) == 0 {
            // kill still succeeds for a zombie until its new parent has reaped it.
            if (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8))?.contains(") Z ") ?? true { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(kill(pid, 0) != 0)
    }
}

@Suite("Lines out of bytes")
struct LineSplitterTests {
    private func lines(_ pieces: [String], limit: Int = 1 << 16) -> (lines: [String], rest: String?) {
        var splitter = LineSplitter(limit: limit, overlap: 10)
        var lines: [String] = []
        for piece in pieces {
            Array(piece.utf8).withUnsafeBytes { splitter.take($0) { lines.append(text($0)) } }
        }
        return (lines, splitter.finish().map(text))
    }

    private func text(_ piece: LineSplitter.Piece) -> String {
        switch piece {
        case .line(let bytes): String(decoding: bytes, as: UTF8.self)
        case .more(let bytes, let overlap): "\(overlap)+" + String(decoding: bytes, as: UTF8.self)
        }
    }

    @Test("lines are the same however the bytes are cut into pieces")
    func pieces() {
        let text = "one\n\ntwo\r\nthree"
        let whole = lines([text])
        #expect(whole.lines == ["one", "", "two"] && whole.rest == "three")
        let single = lines(text.unicodeScalars.map { String($0) })
        #expect(single.lines == whole.lines && single.rest == whole.rest)
    }

    @Test("a line longer than the limit comes in pieces that overlap, and the next line is whole")
    func long() {
        let found = lines([String(repeating: "x", count: 50), String(repeating: "y", count: 65) + "\nnext\n"], limit: 60)
        let (x, y) = (String(repeating: "x", count: 50), String(repeating: "y", count: 10))
        #expect(found.lines == [x + y, "10+" + String(repeating: y, count: 6), "10+" + y + "yyyyy", "next"])
        #expect(found.rest == nil)
    }

    @Test("wherever a text stands in a long line, and however the bytes come, one piece has it whole", arguments: 0..<200)
    func border(_ place: Int) {
        let line = String(repeating: ".", count: place) + "0123456789" + String(repeating: ".", count: 200 - place)
        for cut in [1, 7, 60, 300] {
            let parts = stride(from: 0, to: line.count, by: cut).map { String(line.dropFirst($0).prefix(cut)) }
            let found = lines(parts + ["\n"], limit: 60)
            #expect(found.lines.contains { $0.contains("0123456789") })
            #expect(found.lines.allSatisfy { $0.utf8.count <= 63 })
        }
    }
}

@Suite("Programs that outlive who starts them")
struct DetachedTests {
    @Test("a detached program is in a session of its own, holds no descriptor of ours, and writes into its log")
    func detached() throws {
        let folder = try Folder()
        let log = folder.path.appending("log")
        // A descriptor without close-on-exec, like an inherited one.
        let inherited = dup(1)
        defer { close(inherited) }
        let process = try Detached.start(
            "/bin/sh", ["-c", "ls /proc/self/fd | wc -l; cut -d ' ' -f 6 /proc/self/stat; echo $$"], environment: ["PATH": "/bin:/usr/bin"],
            log: log)
        var status: Int32 = 0
        #expect(waitpid(process, &status, 0) == process)
        let lines = String(decoding: try Files.read(log), as: UTF8.self).split(separator: "\n")
        // Three, plus the folder that ls itself has open.
        #expect(lines.map(String.init) == ["4", "\(process)", "\(process)"])
    }
}
