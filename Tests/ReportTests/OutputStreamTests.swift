import Glibc
import Model
import Testing

@testable import Report

@Suite("Output that nobody reads", .timeLimit(.minutes(2)))
struct OutputStreamTests {
    @Test("a task that writes into a full pipe ends when it is cancelled, and the stream tells that not all was written")
    func cancelled() async throws {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        let (reader, writer) = (ends[0], ends[1])
        defer { for end in [reader, writer] { close(end) } }
        let stream = OutputStream(writer)
        let task = Task.detached { stream.write(String(repeating: "x", count: 1 << 20)) }
        // Until something has arrived, it may not have started.
        var byte: UInt8 = 0
        try #require(read(reader, &byte, 1) == 1)
        task.cancel()
        await task.value
        #expect(stream.failure == "interrupted while waiting for a reader")
    }

    @Test("a cancelled task writes what somebody reads")
    func heard() async throws {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        let (reader, writer) = (ends[0], ends[1])
        defer { for end in [reader, writer] { close(end) } }
        let stream = OutputStream(writer)
        let task = Task.detached {
            withUnsafeCurrentTask { $0?.cancel() }
            stream.write("interrupted\n")
        }
        await task.value
        var bytes = [UInt8](repeating: 0, count: 100)
        #expect(read(reader, &bytes, 100) == 12 && stream.failure == nil)
    }
}
