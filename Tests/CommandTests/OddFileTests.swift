import FileSystem
import Foundation
import Glibc
import Host
import Model
import SystemPackage
import Testing

@Suite("Files that are none, and files without end", .serialized, .timeLimit(.minutes(3)))
struct OddFileTests {
    /// What is at the path instead of a file.
    enum Odd: String, CaseIterable {
        case zero, random, pipe, socket, folder

        /// How an error describes it.
        var words: String {
            switch self {
            case .zero, .random: "it is a device"
            case .pipe: "it is a FIFO"
            case .socket: "it is a socket"
            case .folder: "it is a directory"
            }
        }

        /// Creates it if necessary.
        func made(in folder: String, name: String = "odd") throws -> String {
            let path = "\(folder)/\(name)"
            switch self {
            case .zero: return "/dev/zero"
            case .random: return "/dev/random"
            case .pipe: try #require(mkfifo(path, 0o600) == 0)
            case .folder: try #require(mkdir(path, 0o700) == 0)
            case .socket:
                let file = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
                defer { close(file) }
                var address = sockaddr_un()
                address.sun_family = sa_family_t(AF_UNIX)
                try #require(path.utf8.count < 108)
                withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
                let size = socklen_t(MemoryLayout<sockaddr_un>.size)
                let code = withUnsafePointer(to: address) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(file, $0, size) } }
                try #require(code == 0)
            }
            return path
        }
    }

    /// Commands that read a file, as the words before and after its name.
    private static let commands: [[String]] = [
        ["grade", "FILE"], ["inspect", "FILE"], ["verify", "--binary", "FILE"],
        ["patches", "add", "a/b", "--why", "x", "--title", "x", "--versions", ">=1", "--from", "FILE"],
    ]

    @Test("are refused at once, in words, by every command that means a file", arguments: commands, Odd.allCases)
    func refused(_ command: [String], _ odd: Odd) async throws {
        // A log may be a stream; another test covers that.
        if command[0] == "grade", odd == .pipe { return }
        let origin = try Origin()
        let file = try odd.made(in: origin.path)
        let program = try Program(origin, command.map { $0 == "FILE" ? file : $0 })
        #expect(try await program.code() == 69, "\(program.said)")
        #expect(program.said.contains("cannot read \(file): \(odd.words)"), "\(program.said)")
    }

    @Test("are refused as recipes, as what a recipe extends, as registry's files, and as archives", arguments: Odd.allCases)
    func project(_ odd: Odd) async throws {
        let origin = try Origin()
        var expected: [Int32] = []
        var programs: [Program] = []
        let recipe = try odd.made(in: origin.path, name: "odd.yaml")
        if recipe.hasSuffix(".yaml") {
            programs.append(try Program(origin, ["fetch", recipe]))
            expected.append(69)
        }
        // What is named by a path may be a link; it is treated like what it leads to.
        try #require(symlink(recipe, "\(origin.path)/linked.yaml") == 0)
        programs.append(try Program(origin, ["fetch", "\(origin.path)/linked.yaml"]))
        try origin.write("a.tar", "x")
        try origin.archiveRecipe(at: ["file://\(recipe)"], file: "a.tar")
        programs.append(try Program(origin, ["fetch", "thing"]))
        expected += [69, 69]
        for (program, code) in zip(programs, expected) {
            #expect(try await program.code() == code, "\(program.said)")
            #expect(program.said.contains(odd.words), "\(program.said)")
        }
    }

    @Test("are refused in the project's own folders, and so is a link to one", arguments: Odd.allCases)
    func folders(_ odd: Odd) async throws {
        let origin = try Origin()
        try FileManager.default.createDirectory(atPath: "\(origin.path)/project/patches/a/b", withIntermediateDirectories: true)
        for (folder, name, command) in [
            ("recipes", "linked.yaml", ["recipes", "show", "linked"]), ("patches/a/b", "patch.yaml", ["patches", "list"]),
        ] {
            let file = "\(origin.path)/project/\(folder)/\(name)"
            var words = odd.words
            let made = try odd.made(in: "\(origin.path)/project/\(folder)", name: name)
            if made != file {
                try #require(symlink(made, file) == 0)
                words = "a symbolic link leads out of"
            }
            let program = try Program(origin, command)
            #expect(try await program.code() == 69, "\(program.said)")
            #expect(program.said.contains(words), "\(program.said)")
        }
    }

    /// Waits until the program has opened a file and handles signals.
    private func reads(_ program: Program, _ file: String) async throws {
        try await soon("the reader of \(file)") {
            let folder = "/proc/\(program.pid)/fd"
            return program.looksForSignals()
                && ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).contains {
                    (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)")) == file
                }
        }
    }

    @Test("a file of 20 GB is left where it is when a signal comes", arguments: commands.prefix(3), [SIGTERM, SIGINT])
    func sparse(_ command: [String], _ signal: Int32) async throws {
        let origin = try Origin()
        let file = "\(origin.path)/sparse"
        try origin.write("sparse", "I1123 12:00:00.000000 1 server.go:1] Started kubelet\n")
        try #require(truncate(file, 20 << 30) == 0)
        let program = try Program(origin, command.map { $0 == "FILE" ? file : $0 })
        try await reads(program, file)
        kill(program.pid, signal)
        #expect(try await program.code() == 128 + signal, "\(program.said)")
        #expect(program.said.contains("interrupted"), "\(program.said)")
    }

    @Test("a log may come through a FIFO; one that nobody writes is left when a signal comes")
    func stream() async throws {
        let origin = try Origin()
        let log = try Odd.pipe.made(in: origin.path)
        let waiting = try Program(origin, ["grade", log])
        try await reads(waiting, log)
        kill(waiting.pid, SIGTERM)
        #expect(try await waiting.code() == 143, "\(waiting.said)")
        let program = try Program(origin, ["grade", log])
        try await reads(program, log)
        let writer = open(log, O_WRONLY | O_CLOEXEC)
        try #require(writer >= 0)
        let text = "I1123 12:00:00.000000 1 server.go:1] Started kubelet\nF1123 12:00:01.000000 1 kubelet.go:1] memory cache\n"
        try #require(text.withCString { write(writer, $0, strlen($0)) } == text.utf8.count)
        close(writer)
        #expect(try await program.code() == 1, "\(program.said)")
        #expect(program.said.hasPrefix("fatal"), "\(program.said)")
    }

    @Test(
        "standard input is read, by '-' and by name, and a signal ends that too",
        arguments: ["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"])
    func input(_ name: String) async throws {
        let origin = try Origin()
        try origin.write("log", "F1123 12:00:01.000000 1 kubelet.go:1] Started kubelet\n")
        let program = try Program(origin, ["grade", name], shell: "exec <'\(origin.path)/log'")
        #expect(try await program.code() == 1, "\(program.said)")
        #expect(program.said.hasPrefix("fatal"), "\(program.said)")
        let pipe = try Odd.pipe.made(in: origin.path)
        let waiting = try Program(origin, ["grade", name], shell: "exec <>'\(pipe)'")
        try await reads(waiting, pipe)
        try await Task.sleep(for: .milliseconds(200))
        #expect(!waiting.hasEnded(), "\(waiting.said)")
        kill(waiting.pid, SIGINT)
        #expect(try await waiting.code() == 130, "\(waiting.said)")
    }

    @Test("standard input without end is read until a signal comes, or until it is more than a patch may have")
    func endless() async throws {
        let origin = try Origin()
        let log = try Program(origin, ["grade", "-"], shell: "exec </dev/zero")
        try await soon("the program") { log.looksForSignals() }
        try await Task.sleep(for: .milliseconds(500))
        #expect(!log.hasEnded(), "\(log.said)")
        kill(log.pid, SIGTERM)
        #expect(try await log.code() == 143, "\(log.said)")
        let patch = try Program(
            origin, ["patches", "add", "a/b", "--why", "x", "--title", "x", "--versions", ">=1", "--from", "-"], shell: "exec </dev/zero")
        #expect(try await patch.code() == 69, "\(patch.said)")
        #expect(patch.said.contains("larger than 64 MiB"), "\(patch.said)")
    }

    @Test("a process substitution is a log")
    func substitution() async throws {
        let origin = try Origin()
        try origin.write("log", "F1123 12:00:01.000000 1 kubelet.go:1] Started kubelet\n")
        let line = "exec bash -c '\"$0\" grade <(cat \"\(origin.path)/log\")' \"$1\""
        let program = try Program(origin, [], shell: line)
        #expect(try await program.code() == 1, "\(program.said)")
        #expect(program.said.hasPrefix("fatal"), "\(program.said)")
    }
}
