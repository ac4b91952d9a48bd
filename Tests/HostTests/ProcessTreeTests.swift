import Foundation
import Model
import Testing

@testable import FileSystem
@testable import Host

@Suite("Processes, as the machine shows them")
struct ProcessTreeTests {
    @Test("a name with brackets and blanks in it does not move the fields")
    func stat() throws {
        let line = "42 (a ) b) (c) S 7 42 42 0 -1 4194560 100 200 3 4 150 50 30 20 20 0 1 0 12345 1000 10"
        let process = try #require(ProcessTree.Member(stat: line, ticks: 100))
        #expect(process.pid == 42 && process.parent == 7)
        #expect(process.cpuSeconds == 2.5)
        #expect(ProcessTree.Member(stat: "42 (cut", ticks: 100) == nil)
        #expect(ProcessTree.Member(stat: "", ticks: 100) == nil)
    }

    @Test("a tree is the outermost process that names a text, and all below it")
    func tree() throws {
        let mark = "/ninepin-tree-\(UUID())"
        let shell = Process()
        shell.executableURL = URL(filePath: "/bin/sh")
        shell.arguments = ["-c", "sleep 100 & sleep 101; : \(mark)"]
        try shell.run()
        defer {
            for process in ProcessTree(naming: mark).members.reversed() { kill(process.pid, SIGKILL) }
            shell.waitUntilExit()
        }
        var found: [ProcessTree.Member] = []
        for _ in 0..<500 where found.count < 3 {
            found = ProcessTree(naming: mark).members
            usleep(10_000)
        }
        #expect(found.count == 3)
        #expect(found.contains { $0.pid == shell.processIdentifier })
        #expect(ProcessTree(naming: mark).memoryBytes > 0)
        #expect(ProcessTree(naming: "/ninepin-none-\(UUID())").members.isEmpty)
    }

    @Test("a process that has ended does not run, though nobody has waited for it; one that sleeps does")
    func ended() throws {
        let shell = Process()
        shell.executableURL = URL(filePath: "/bin/sh")
        // The `sleep` replaces the shell, and never waits for the child, which ends immediately.
        let told = Pipe()
        shell.standardOutput = told
        shell.arguments = ["-c", "true & echo $!; exec sleep 100"]
        try shell.run()
        defer {
            kill(shell.processIdentifier, SIGKILL)
            shell.waitUntilExit()
        }
        let line = String(decoding: told.fileHandleForReading.availableData, as: UTF8.self)
        let child = try #require(Int32(line.trimmingCharacters(in: .whitespacesAndNewlines)))
        for _ in 0..<500 where ProcessTree.isRunning(child) { usleep(10_000) }
        #expect(FileManager.default.fileExists(atPath: "/proc/\(child)"))
        #expect(!ProcessTree.isRunning(child))
        #expect(ProcessTree.isRunning(shell.processIdentifier))
    }
}
