import Foundation
import Testing

@testable import Host

@Suite("Processes, as the machine shows them")
struct NamedProcessesTests {
    @Test("a name with brackets and blanks in it does not move the fields")
    func stat() throws {
        let line = "42 (a ) b) (c) S 7 42 42 0 -1 4194560 100 200 3 4 150 50 30 20 20 0 1 0 12345 1000 10"
        let process = try #require(NamedProcesses.Process(stat: line, ticks: 100))
        #expect(process.pid == 42 && process.parent == 7)
        #expect(process.cpuSeconds == 2.5)
        #expect(NamedProcesses.Process(stat: "42 (cut", ticks: 100) == nil)
        #expect(NamedProcesses.Process(stat: "", ticks: 100) == nil)
    }

    @Test("a tree is the outermost process that names a text, and all below it")
    func tree() throws {
        let mark = "/ninepin-tree-\(UUID())"
        let shell = Process()
        shell.executableURL = URL(filePath: "/bin/sh")
        shell.arguments = ["-c", "sleep 100 & sleep 101; : \(mark)"]
        try shell.run()
        defer {
            for process in NamedProcesses(naming: mark).processes.reversed() { kill(process.pid, SIGKILL) }
            shell.waitUntilExit()
        }
        var found: [NamedProcesses.Process] = []
        for _ in 0..<500 where found.count < 3 {
            found = NamedProcesses(naming: mark).processes
            usleep(10_000)
        }
        #expect(found.count == 3)
        #expect(found.contains { $0.pid == shell.processIdentifier })
        #expect(NamedProcesses(naming: mark).memoryBytes > 0)
        #expect(NamedProcesses(naming: "/ninepin-none-\(UUID())").processes.isEmpty)
    }
}
