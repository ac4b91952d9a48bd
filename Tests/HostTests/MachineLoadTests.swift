import Model
import SystemPackage
import Testing

@testable import FileSystem
@testable import Host

@Suite("How busy a machine is")
struct MachineLoadTests {
    @Test("the kernel's pressure is the total of its first line, in seconds")
    func pressure() {
        let text = "some avg10=84.42 avg60=71.93 avg300=50.82 total=923652658\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7\n"
        #expect(MachineLoad.seconds(inPressure: text) == 923.652658)
        for text in ["", "full total=7", "some avg10=1", "some total=-1", "some total=x"] {
            #expect(MachineLoad.seconds(inPressure: text) == nil, "\(text)")
        }
    }

    @Test("a machine without the file has no pressure, and not a pressure of zero")
    func absent() { #expect(MachineLoad.secondsOfPressure("/proc/no/such/file") == nil) }

    @Test("available memory is in bytes, and less than a machine has")
    func memory() throws {
        let text = "MemTotal:       24593408 kB\nMemFree: 1 kB\nMemAvailable:   23000000 kB\n"
        #expect(MachineLoad.bytes(of: "MemAvailable:", inMemoryInfo: text) == Int64(23_552_000_000))
        #expect(MachineLoad.bytes(of: "MemAvailable:", inMemoryInfo: "MemTotal: 1 kB\n") == nil)
        #expect(try #require(MachineLoad.availableMemory()) > 0)
    }

    @Test("a cgroup with a limit has the rest of it, and what files' pages it can give up; one without a limit tells nothing")
    func cgroup() throws {
        let folder = try Folder()
        func left(_ files: [String: String]) throws -> Int64? {
            for (name, text) in files { try Files.write(text, to: folder.path.appending(name)) }
            return MachineLoad.left(in: folder.path, limit: "memory.max", used: "memory.current", cache: "inactive_file")
        }
        #expect(try left([:]) == nil)
        #expect(try left(["memory.max": "max\n", "memory.current": "5\n"]) == nil)
        #expect(try left(["memory.max": "9223372036854771712\n"]) == nil)
        #expect(try left(["memory.max": "100\n", "memory.current": "70\n"]) == Int64(30))
        #expect(try left(["memory.stat": "anon 1\ninactive_file 20\n"]) == Int64(50))
        #expect(try left(["memory.current": "700\n"]) == Int64(0))
    }
}
