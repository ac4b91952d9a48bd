import Model
import Synchronization
import Testing

@testable import Report

/// What a waiting user sees.
struct ProgressTests {
    private final class Screen: Sendable {
        private let bytes = Mutex<[UInt8]>([])
        var text: String { String(decoding: bytes.withLock { $0 }, as: UTF8.self) }
        func write(_ more: [UInt8]) { bytes.withLock { $0 += more } }
    }

    private let screen = Screen()

    private func display(isTerminal: Bool, width: Int = 100, signs: Signs = .unicode, isVerbose: Bool = false) -> ProgressDisplay {
        let screen = screen
        return ProgressDisplay(
            on: Terminal(isTerminal: isTerminal, width: width, limit: isTerminal ? width : nil, signs: signs, writer: screen.write),
            isQuiet: false,
            isVerbose: isVerbose)
    }

    private func record(_ name: String) -> StepRecord {
        StepRecord(name: name, key: Digest(bytes: Array(repeating: 0, count: 32)), cached: false, seconds: 1)
    }

    @Test(
        "a boot that ended badly has the sign of its grade, and not that of success",
        arguments: [(Grade.clean, "✔"), (.fatal, "✘"), (.degraded, "!")])
    func signs(_ grade: Grade, _ sign: String) {
        display(isTerminal: false).show(.ended(record("verify"), detail: "so it is", grade: grade))
        #expect(screen.text.hasPrefix("\(sign) verify"))
    }

    @Test("a step that usually takes long has a bar with the time that is left, and says when it takes longer")
    func bar() {
        let start = ContinuousClock.now
        func bar(_ spent: Double, of usual: Double = 200) -> String? {
            ProgressDisplay.bar(of: "build", since: start, expected: ["build": usual], at: start + .seconds(spent))
        }
        #expect(bar(0) == "[----------] 0 %, about 3 m 20 s left")
        #expect(bar(90) == "[####------] 45 %, about 1 m 50 s left")
        #expect(bar(199.5) == "[#########-] 99 %, about 1.0 s left")
        #expect(bar(201) == "[##########] longer than usual (3 m 20 s)")
        #expect(bar(1, of: 9) == nil)
        #expect(ProgressDisplay.bar(of: "fetch", since: start, expected: ["build": 200]) == nil)
    }

    @Test("a silent step gets a live line with its bar each second on a terminal, and none elsewhere")
    func tick() {
        let live = display(isTerminal: true)
        live.show(.expected(["build": 100]))
        live.show(.began(step: "build", subject: "kubelet"))
        live.tick()
        #expect(screen.text.contains("[----------] 0 %"))
        let before = screen.text.count
        let plain = display(isTerminal: false)
        plain.show(.expected(["build": 100]))
        plain.tick()
        #expect(screen.text.count == before)
    }

    @Test("at 60 columns no line breaks within a word, whoever wrote it")
    func narrow() {
        let words = "containerd and kubelet said something that is longer than a narrow terminal shows in one line, twice"
        let live = display(isTerminal: true, width: 60)
        live.show(.note(words))
        live.show(.ended(record("verify"), detail: words, grade: .fatal))
        let known = Set(words.split(separator: " ") + ["•", "✘", "verify", "(1.0", "s)"])
        for line in screen.text.split(separator: "\n") {
            #expect(line.count <= 60)
            for word in line.split(separator: " ") { #expect(known.contains(word), "\(word)") }
        }
    }
}
