import Model
import Runs
import Testing

@testable import Nightly

@Suite("The error lines of a log")
struct ErrorLinesTests {
    private func texts(_ log: String) -> [String] {
        var lines = ErrorLines()
        Array(log.utf8).withUnsafeBytes { lines.take($0) }
        lines.finish()
        return lines.lines.map(\.text)
    }

    @Test("only errors count, each once, whatever time, process, number, address or id they have")
    func normalized() {
        let log = """
            I1127 06:24:25.684326      34 server.go:10] Started kubelet
            E1127 06:24:25.684326      34 kubelet.go:1350] Failed to get pod 4f1c2a9b-33aa on 10.0.0.1:6443: timeout after 30s
            E1127 06:25:01.000001      35 kubelet.go:1351] Failed to get pod 77aa12cc-0000 on 10.0.0.9:6443: timeout after 12s
            W1127 06:25:01.000001      35 kubelet.go:1351] a warning
            F1127 06:25:02.000001      35 kubelet.go:9] Failed to start ContainerManager
            time="2026-11-27T06:24:25Z" level=error msg="starting kubernetes: exit status 1"

            """
        #expect(texts(log).count == 3)
        #expect(texts(log)[0] == "Failed to get pod # on # timeout after #" || texts(log)[0].hasPrefix("Failed to get pod # on #"))
        #expect(texts(log)[1] == "Failed to start ContainerManager")
    }

    @Test("a log with endless different errors is cut, and so is a long line")
    func bounded() {
        let words = (0..<2000).map { "E1127 06:24:25.684326      34 a.go:1] \(Self.word($0))" }.joined(separator: "\n")
        #expect(texts(words).count == ErrorLines.most)
        let long = "E1127 06:24:25.684326      34 a.go:1] " + String(repeating: "word ", count: 100_000)
        #expect(texts(long).first.map { $0.count <= 240 } == true)
    }

    /// A word without digits for a number.
    private static func word(_ number: Int) -> String {
        String(String(number).map { Character(UnicodeScalar(UInt8(ascii: "a") + UInt8($0.wholeNumberValue ?? 0))) })
    }
}
