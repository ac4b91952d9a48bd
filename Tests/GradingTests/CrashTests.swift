import LogLines
import Model
import Testing

@testable import Grading

/// The output of Go's runtime when a program crashes, written for a test.
enum WrittenCrash {
    /// A map iterated with a structure of another size, as reflect2 1.0.1 does under Go 1.18 and newer.
    static let panic =
        [
            "panic: runtime error: invalid memory address or nil pointer dereference [recovered]",
            "\tpanic: runtime error: invalid memory address or nil pointer dereference",
            "[signal SIGSEGV: segmentation violation code=0x1 addr=0x18 pc=0x40d0f2]", "",
        ] + stack

    static let stack = [
        "goroutine 61 [running]:",
        "panic(0x3a1c2e0, 0x6b0d9f0)", "\t/usr/lib/go-1.19/src/runtime/panic.go:884 +0x212",
        "runtime.mapiternext(0xc000a1b6f0)", "\t/usr/lib/go-1.19/src/runtime/map.go:867 +0x332",
        "reflect.mapiterinit(0xc0003f2a80, 0xc000a1b6f0)", "\t/usr/lib/go-1.19/src/runtime/map.go:1384 +0x25",
        "github.com/modern-go/reflect2.(*UnsafeMapType).UnsafeIterate(0xc0003f2a80, 0xc000a1b788)",
        "\t/build/vendor/github.com/modern-go/reflect2/unsafe_map.go:112 +0x5e",
        "github.com/json-iterator/go.(*mapEncoder).Encode(0xc000a1b7d0, 0xc0006c2fc0, 0xc0004a1e30)",
        "\t/build/vendor/github.com/json-iterator/go/reflect_map.go:230 +0x9c",
        "created by k8s.io/kubernetes/cmd/kubelet/app.run", "\t/build/cmd/kubelet/app/server.go:812 +0x41c", "",
        "goroutine 1 [chan receive]:", "main.wait(...)", "\t/build/cmd/kubelet/kubelet.go:40", "",
    ]

    static let frames = [
        "github.com/modern-go/reflect2.(*UnsafeMapType).UnsafeIterate(0xc0003f2a80, 0xc000a1b788)"
            + " at /build/vendor/github.com/modern-go/reflect2/unsafe_map.go:112 +0x5e",
        "github.com/json-iterator/go.(*mapEncoder).Encode(0xc000a1b7d0, 0xc0006c2fc0, 0xc0004a1e30)"
            + " at /build/vendor/github.com/json-iterator/go/reflect_map.go:230 +0x9c",
        "created by k8s.io/kubernetes/cmd/kubelet/app.run at /build/cmd/kubelet/app/server.go:812 +0x41c",
    ]

    /// The ways in which other programs record the lines.
    enum Form: CaseIterable {
        case plain, journal, precise, container, docker, compose, stamped, pods

        func line(_ text: String, at second: Int) -> String {
            let two = second < 10 ? "0\(second)" : "\(second)"
            switch self {
            case .plain: return text
            case .journal: return "Nov 23 12:00:\(two) node-e kubelet[811]: \(text)"
            case .precise: return "2026-11-23T12:00:\(two).12\(second)+0000 node-e kubelet[811]: \(text)"
            case .container: return "2026-11-23T12:00:\(two).1234567\(second)Z stderr F \(text)"
            case .docker:
                let escaped = text.reduce(into: "") { result, character in
                    switch character {
                    case "\"": result += "\\\""
                    case "\\": result += "\\\\"
                    case "\t": result += "\\t"
                    case "<": result += "\\u003c"
                    default: result.append(character)
                    }
                }
                return #"{"log":"\#(escaped)\n","stream":"stderr","time":"2026-11-23T12:00:\#(two).5Z"}"#
            case .compose: return "node-1  | \(text)"
            case .stamped: return "2026-11-23T12:00:\(two).1234\(second)Z \(text)"
            case .pods: return "[pod/kubelet-x7/main] \(text)"
            }
        }

        func lines(_ lines: [String]) -> [String] { lines.enumerated().map { line($1, at: $0) } }
    }
}

@Suite("A node that crashes")
struct CrashTests {
    private static func boot(patience: Double = 1) -> BootGrader {
        var grader = BootGrader(
            node: NodeSpec(profile: .kubelet, warmUp: 10, observe: 30, startTimeout: 60), in: .sandbox(.root9p),
            deadlines: Deadlines(patience: patience))
        for fact in [
            NodeFact.gvisor("Starting gVisor..."), .mount(point: "/", type: "9p"), .version("Kubernetes v1.20.2"), .stage("kubelet"),
        ] { grader.take(.fact(fact), at: 1) }
        for (line, arrival) in zip(WrittenLog.beginning, WrittenLog.arrivals) { grader.take(.log(Array(line.utf8)), at: arrival) }
        return grader
    }

    @Test("the trace is read on after the node's end, to the log's own, and its frames stand in the verdict")
    func readOn() throws {
        var grader = Self.boot()
        grader.take(.log(Array(WrittenCrash.panic[0].utf8)), at: 8)
        grader.take(.fact(.exit(2)), at: 8.1)
        #expect(grader.verdict == nil)
        // The sandbox ends together with its node.
        grader.take(.fact(.containerdGone), at: 8.15)
        grader.take(.fact(.probe(name: "healthz", answer: "")), at: 8.15)
        for line in WrittenCrash.panic.dropFirst() { grader.take(.log(Array(line.utf8)), at: 8.2) }
        #expect(grader.verdict == nil)
        grader.finish("exit status 0", at: 8.4)
        let verdict = try #require(grader.verdict)
        #expect(verdict.grade == .fatal)
        #expect(verdict.summary == "the node exited: panic")
        #expect(verdict.evidence.map(\.text) == [WrittenCrash.panic[0]] + WrittenCrash.frames + ["exit status 2"])
        #expect(verdict.evidence.prefix(2).map(\.line) == [4, 15])
        #expect(grader.decided == 8.1)
    }

    @Test("a log without end is read for two seconds more, as patience stretches them", arguments: [1.0, 3])
    func twoSeconds(_ patience: Double) {
        var grader = Self.boot(patience: patience)
        grader.take(.log(Array("fatal error: all goroutines are asleep - deadlock!".utf8)), at: 8)
        grader.take(.fact(.exit(2)), at: 8)
        grader.take(.tick, at: 8 + 1.9 * patience)
        #expect(grader.verdict == nil)
        grader.take(.tick, at: 8 + 2.1 * patience)
        #expect(grader.verdict?.grade == .fatal)
    }

    @Test("a trace of more than 256 KiB is not read on, in lines or in one", arguments: [true, false])
    func long(_ hasLines: Bool) {
        var grader = Self.boot()
        grader.take(.log(Array(WrittenCrash.panic[0].utf8)), at: 8)
        grader.take(.fact(.exit(2)), at: 8)
        let line = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 15)
        for _ in 1...7 { grader.take(hasLines ? .log(line) : .more(line, overlap: 0), at: 8.1) }
        #expect(grader.verdict == nil)
        for _ in 1...2 { grader.take(hasLines ? .log(line) : .more(line, overlap: 0), at: 8.1) }
        #expect(grader.verdict?.grade == .fatal)
    }

    @Test("in a log that something else wrote down a panic is one, with its frames", arguments: WrittenCrash.Form.allCases)
    func written(_ form: WrittenCrash.Form) {
        let verdict = WrittenLog.verdict(form.lines(WrittenLog.beginning + WrittenCrash.panic))
        #expect(verdict.grade == .fatal)
        #expect(verdict.summary == "the node exited: panic")
        #expect(verdict.evidence.dropFirst().map(\.text) == WrittenCrash.frames)
    }

    @Test("the runtime's own stack and its own frames are passed over, with and without -trimpath")
    func runtimeStack() {
        let lines = [
            "fatal error: unexpected signal during runtime execution", "[signal SIGBUS: bus error code=0x2]", "", "runtime stack:",
            "runtime.throw({0x2f1d7c8?, 0x0?})", "\truntime/panic.go:1047 +0x5d", "", "goroutine 9 [running]:",
            "internal/runtime/maps.fatal({0x2f1?, 0x1?})", "\tinternal/runtime/maps/map.go:18 +0x18", "", "goroutine 12 [select]:",
            "k8s.io/apimachinery/pkg/util/runtime.HandleCrash(...)", "\tk8s.io/apimachinery/pkg/util/runtime/runtime.go:55",
        ]
        let verdict = WrittenLog.verdict(WrittenLog.beginning + lines)
        #expect(verdict.grade == .fatal)
        #expect(
            verdict.evidence.dropFirst().map(\.text) == [
                "k8s.io/apimachinery/pkg/util/runtime.HandleCrash(...) at k8s.io/apimachinery/pkg/util/runtime/runtime.go:55"
            ])
    }

    @Test("of a trace without end a few frames are told, none of them longer than a kilobyte")
    func bounded() {
        let deep = (1...500).flatMap { ["main.f\($0)(\(String(repeating: "x", count: 9000)))", "\t/src/main.go:\($0)"] }
        let verdict = WrittenLog.verdict(WrittenLog.beginning + ["panic: deep", "", "goroutine 1 [running]:"] + deep)
        #expect(verdict.evidence.count == 1 + CrashTrace.mostFrames)
        #expect(verdict.evidence.allSatisfy { $0.text.utf8.count < 1100 })
    }

    @Test("a panic of another unit, container or service is not the node's; the node's own, after it, is")
    func foreign() {
        let own = WrittenCrash.Form.journal
        for other in ["Nov 23 12:00:09 node-e app[99]: ", "", "node kubelet[811]: ", "Nov 23 12:00:09 node-e kubelet[811]: a pod says: "] {
            let lines = own.lines(WrittenLog.beginning) + WrittenCrash.panic.map { other + $0 }
            #expect(WrittenLog.verdict(lines).grade == .inconclusive, "\(other)")
            #expect(WrittenLog.verdict(Array(lines.reversed())).grade == .inconclusive, "\(other)")
            let both = WrittenLog.verdict(lines + own.lines(WrittenCrash.panic))
            #expect(both.grade == .fatal && both.evidence.dropFirst().map(\.text) == WrittenCrash.frames, "\(other)")
        }
    }

    @Test("a crash whose node goes on writing is a quotation, its trace too", arguments: WrittenCrash.Form.allCases)
    func quoted(_ form: WrittenCrash.Form) {
        let on = (30...40).map { WrittenLog.line("I", Double($0), "kubelet.go:1] x") }
        #expect(WrittenLog.verdict(form.lines(WrittenLog.beginning + WrittenCrash.panic + on)).grade == .inconclusive)
        var grader = Self.boot()
        for line in WrittenCrash.panic + on { grader.take(.log(Array(line.utf8)), at: 9) }
        grader.take(.fact(.exit(2)), at: 9)
        #expect(grader.verdict?.summary == "the node exited with status 2")
    }
}
