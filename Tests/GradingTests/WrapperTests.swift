import Model
import Testing

@testable import Grading
@testable import LogLines

/// A log as recorded by a program that Ninepin knows.
enum Wrapper: CaseIterable {
    case none, returns, colored, journal, journalISO, journalPrecise, journalFull, journalUnit, journalUnix, journalMonotonic, journalJSON,
        journalBytes
    case docker, dockerEscaped, dockerTimes, compose, composeColored, container, containerParts, actions, actionsCompose, kubectl,
        kubectlTimes
    case syslog, syslogNew, priority, collector, journalExport, moreutils, stern

    /// A line of the node at some second of a minute.
    func lines(_ text: String, _ second: Int) -> [String] {
        let two = second < 10 ? "0\(second)" : "\(second)"
        let iso = "2026-11-23T12:00:\(two)"
        switch self {
        case .none: return [text]
        case .returns: return ["\(text)\r"]
        case .colored: return ["\u{1B}[33m\(text)\u{1B}[0m"]
        case .journal: return ["Nov 23 12:00:\(two) node-e kubelet[811]: \(text)"]
        case .journalISO: return ["\(iso)+0000 node-e kubelet[811]: \(text)"]
        case .journalPrecise: return ["\(iso).123456+00:00 node-e kubelet[811]: \(text)"]
        case .journalFull: return ["Mon 2026-11-23 12:00:\(two) UTC node-e kubelet[811]: \(text)"]
        case .journalUnit: return ["Mon 2026-11-23 12:00:\(two).123456 CET node-e kubelet.service[811]: \(text)"]
        case .journalUnix: return ["17954352\(two).123456 node-e kubelet[811]: \(text)"]
        case .journalMonotonic: return ["[ 1234\(two).123456] node-e kubelet[811]: \(text)"]
        case .journalJSON:
            return [
                #"{"_PID":"811","__REALTIME_TIMESTAMP":"17954352\#(two)000000","SYSLOG_IDENTIFIER":"kubelet","MESSAGE":"\#(Self.escaped(text))","A":null}"#
            ]
        case .journalBytes:
            let bytes = text.utf8.map(String.init).joined(separator: ",")
            return [#"{"MESSAGE":[\#(bytes)],"SYSLOG_IDENTIFIER":"kubelet","_PID":"811","X":["a",{"b":"]"}]}"#]
        case .docker: return [#"{"log":"\#(Self.escaped(text))\n","stream":"stderr","time":"\#(iso).5Z"}"#]
        case .dockerEscaped:
            return [#"{"stream":"stderr","log":"\u001b[31m\#(Self.escaped(text))\u001b[0m\r\n","attrs":{"log":"x"},"time":"\#(iso).5Z"}"#]
        case .dockerTimes: return ["\(iso).123\(second)Z \(text)"]
        case .compose: return ["node-1  | \(text)"]
        case .composeColored: return ["\u{1B}[36mnode-1  | \u{1B}[0m\(text)"]
        case .container: return ["\(iso).1234567\(two)Z stderr F \(text)"]
        case .containerParts:
            let middle = text.index(text.startIndex, offsetBy: text.count / 2)
            return ["\(iso).1Z stderr P \(text[..<middle])", "\(iso).2Z stderr F \(text[middle...])"]
        case .actions: return ["\(iso).1234567Z \(text)"]
        case .actionsCompose: return ["\(iso).1234567Z \u{1B}[36mnode-1  |\u{1B}[0m \(text)"]
        case .kubectl: return ["[pod/node-x7/main] \(text)"]
        case .kubectlTimes: return ["[pod/node-x7/main] \(iso).1234567Z \(text)"]
        case .syslog: return ["Nov  3 12:00:\(two) node-e kubelet: \(text)"]
        case .syslogNew: return [#"<30>1 \#(iso).5Z node-e kubelet 811 - [a b="c"] \#(text)"#]
        case .priority: return ["<30>Nov 23 12:00:\(two) node-e kubelet[811]: \(text)"]
        case .journalExport: return ["__CURSOR=s=1;i=\(second)", "MESSAGE=\(text)", "SYSLOG_IDENTIFIER=kubelet", "_PID=811", ""]
        case .moreutils: return ["2026-11-23 12:00:\(two) \(text)"]
        case .stern: return ["node-x7 main \(text)"]
        case .collector: return [#"{"@timestamp":"x","message":"\#(Self.escaped(text))","kubernetes":{"pod":"n","labels":["a","b"]}}"#]
        }
    }

    func log(_ texts: [String]) -> [String] { texts.enumerated().flatMap { lines($1, $0) } }

    private static func escaped(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            switch character {
            case "\"", "\\": result += "\\\(character)"
            case "\t": result += "\\t"
            case "<": result += "\\u003c"
            default: result.append(character)
            }
        }
    }
}

/// The node's own log format.
enum Inner: CaseIterable {
    case klog, structured, document, logrus, terminal, logrusDocument, cobra, refusal, panic

    private static func klog(_ severity: String, _ second: Int, _ text: String) -> String {
        WrittenLog.line(severity, Double(second), text)
    }

    private static func document(_ second: Int, _ rest: String) -> String { #"{"ts":\#(1_795_435_200_000 + second * 1000).5,\#(rest)}"# }

    /// The first lines of a node that stays up.
    private var start: [String] {
        switch self {
        case .document:
            [
                Self.document(0, #""caller":"app/server.go:531","msg":"Kubelet version","v":0,"kubeletVersion":"v1.36.2""#),
                Self.document(6, #""caller":"app/server.go:1302","msg":"Started kubelet","v":0"#),
            ]
        case .structured:
            [
                Self.klog("I", 0, #"server.go:531] "Kubelet version" kubeletVersion="v1.34.1""#),
                Self.klog("I", 6, #"server.go:1302] "Started kubelet""#),
            ]
        default: WrittenLog.beginning
        }
    }

    /// A node that ends, and its expected verdict.
    var fatal: (lines: [String], title: String) {
        let reason = "failed to get rootfs info: \(WrittenLog.memoryCache)"
        switch self {
        case .klog: return (start + [WrittenLog.fatal(6.5)], "fatal, memory cache")
        case .structured:
            return (
                start + [Self.klog("E", 7, #"kubelet.go:1703] "Failed to start ContainerManager" err="\#(reason)""#)], "fatal, memory cache"
            )
        case .document:
            return (
                start + [
                    Self.document(7, #""caller":"kubelet/kubelet.go:1566","msg":"Failed to start ContainerManager","err":"\#(reason)""#)
                ],
                "fatal, memory cache"
            )
        case .logrus: return (start + [#"time="2026-11-23T12:00:07Z" level=fatal msg="kubelet exited: \#(reason)""#], "fatal, memory cache")
        case .terminal: return (start + ["FATA[0007] failed to find memory cgroup "], "fatal")
        case .logrusDocument:
            return (start + [#"{"level":"fatal","msg":"kubelet exited: \#(reason)","time":"2026-11-23T12:00:07Z"}"#], "fatal, memory cache")
        case .cobra: return (start + ["Error: failed to run Kubelet: validate service connection: no such file", "Usage:"], "fatal")
        case .refusal: return (start + [Self.klog("E", 7, #"run.go:74] "command failed" err="failed to run Kubelet: no cgroup""#)], "fatal")
        case .panic: return (start + WrittenCrash.panic, "fatal")
        }
    }

    /// A node that only quotes such messages.
    var quoting: [String] {
        switch self {
        case .klog: start + [Self.klog("W", 7, "kubelet.go:9] will retry: Failed to start ContainerManager: busy")]
        case .structured: start + [Self.klog("W", 7, #"kubelet.go:1400] retrying "Failed to start ContainerManager" err="seen""#)]
        case .document: start + [Self.document(7, #""caller":"a/b.go:1","msg":"again","v":0,"was":"Failed to start ContainerManager""#)]
        case .logrus: start + [#"time="2026-11-23T12:00:07Z" level=warning msg="a pod said level=fatal msg=x""#]
        case .terminal: start + ["WARN[0007] somebody wrote FATA[0003] failed to run Kubelet"]
        case .logrusDocument: start + [#"{"level":"warning","msg":"it said \"level\":\"fatal\"","time":"2026-11-23T12:00:07Z"}"#]
        case .cobra: start + [Self.klog("I", 7, "prober.go:1] it says: Error: failed to run Kubelet")]
        case .refusal: start + [Self.klog("W", 7, #"run.go:74] "command failed" err="failed to run Kubelet: will retry""#)]
        case .panic: start + WrittenCrash.panic + (30...34).map { Self.klog("I", $0, "kubelet.go:1] x") }
        }
    }

    /// A healthy node.
    var healthy: [String] { start + [Self.klog("I", 7, "kubelet_node_status.go:75] Successfully registered node")] }
}

@Suite("A line, whoever wrote it down")
struct WrapperTests {
    @Test("a node that ends is fatal under any wrapper, and by the same name", arguments: Wrapper.allCases, Inner.allCases)
    func fatal(_ wrapper: Wrapper, _ inner: Inner) {
        let (lines, title) = inner.fatal
        let verdict = WrittenLog.verdict(wrapper.log(lines))
        #expect(verdict.title == title, "\(verdict)")
    }

    @Test("a node that only tells of an end is not fatal under any wrapper", arguments: Wrapper.allCases, Inner.allCases)
    func quoting(_ wrapper: Wrapper, _ inner: Inner) {
        let verdict = WrittenLog.verdict(wrapper.log(inner.quoting))
        #expect(verdict.grade == .inconclusive, "\(verdict)")
    }

    @Test("a node that lives has started under any wrapper, and nothing is found against it", arguments: Wrapper.allCases, Inner.allCases)
    func healthy(_ wrapper: Wrapper, _ inner: Inner) {
        let verdict = WrittenLog.verdict(wrapper.log(inner.healthy))
        #expect(verdict.grade == .inconclusive && verdict.notes.isEmpty, "\(verdict)")
        #expect(verdict.summary.hasPrefix("no fault occurred"), "\(verdict)")
    }

    @Test("the error that goes on after warm-up degrades a node under any wrapper", arguments: Wrapper.allCases)
    func degraded(_ wrapper: Wrapper) {
        let verdict = WrittenLog.verdict(wrapper.log(WrittenLog.beginning + [WrittenLog.lasting(30)]))
        #expect(verdict.title == "degraded, memory cache", "\(verdict)")
    }

    @Test("the frames of a crash are found under any wrapper", arguments: Wrapper.allCases)
    func frames(_ wrapper: Wrapper) {
        let verdict = WrittenLog.verdict(wrapper.log(WrittenLog.beginning + WrittenCrash.panic))
        #expect(verdict.evidence.dropFirst().map(\.text) == WrittenCrash.frames)
    }

    @Test("a line that was cut into parts is read whole, however long, and its parts take no memory without bound")
    func parts() {
        let stamp = "2026-11-23T12:00:08.1Z stderr"
        let filling = String(repeating: "x", count: 16_000)
        let error = WrittenLog.memoryCache
        for count in [1, 3, 40] {
            var lines = Wrapper.container.log(WrittenLog.beginning)
            lines.append("\(stamp) P E1123 12:00:30.000000      42 eviction_manager.go:260] \(filling)")
            lines += (0..<count).map { _ in "\(stamp) P \(filling)" }
            lines.append("\(stamp) F failed: \(error)")
            #expect(WrittenLog.verdict(lines).title == "degraded, memory cache", "\(count)")
        }
        // The log ends in the middle of a line.
        let open = Wrapper.container.log(WrittenLog.beginning) + ["\(stamp) P \(WrittenLog.fatal(7))"]
        #expect(WrittenLog.verdict(open).grade == .fatal)
    }

    @Test("a line that Docker cut at 16 KiB is read whole, stream by stream")
    func dockerParts() {
        func line(_ text: String, _ stream: String = "stderr", end: String = "\\n") -> String {
            #"{"log":"\#(text)\#(end)","stream":"\#(stream)","time":"2026-11-23T12:00:40.5Z"}"#
        }
        let head = "E1123 12:00:30.000000      42 eviction_manager.go:260] "
        let part = head + String(repeating: "x", count: 16_384 - head.count - 10) + "unable to "
        let lines =
            Wrapper.docker.log(WrittenLog.beginning) + [line(part, end: ""), line("other", "stdout"), line("find data in memory cache")]
        #expect(WrittenLog.verdict(lines).title == "degraded, memory cache")
        // A fatal line of another stream does not belong to it.
        let fatal = lines.prefix(4) + [line(WrittenLog.fatal(31, "x"), "stdout")]
        #expect(WrittenLog.verdict(Array(fatal)).title == "fatal")
    }

    @Test("what another program writes in the same log says nothing of the node")
    func others() {
        let start = Wrapper.journal.log(WrittenLog.beginning)
        for text in [
            WrittenLog.memoryCache, #"time="2026-11-23T12:00:30Z" level=fatal msg="containerd: failed""#, WrittenLog.fatal(30, "something"),
            "Error: failed to run Kubelet", "panic: oh", WrittenLog.lasting(30), "{\"level\":\"fatal\",\"msg\":\"etcd is gone\"}",
        ] {
            let verdict = WrittenLog.verdict(
                start + ["Nov 23 12:00:30 node-e containerd[99]: \(text)", "Nov 23 12:00:31 node-e kernel: \(text)"])
            #expect(verdict.grade == .inconclusive || text.contains("kubelet.go"), "\(text): \(verdict)")
        }
    }

    @Test(
        "a line is taken apart into who wrote it, its process, and its text",
        arguments: [
            ("Nov 23 12:00:07 node kubelet[42]: text", "kubelet", 42, "text"),
            ("Nov  3 12:00:07 node kernel: [1.5] x", "kernel", nil, "[1.5] x"),
            ("2026-11-23T12:00:07+0000 node systemd[1]: x: y", "systemd", 1, "x: y"),
            ("2026-11-23T12:00:07.123Z fatal error: all asleep", "", nil, "fatal error: all asleep"),
            ("2026-11-23T12:00:07.123Z", "", nil, "2026-11-23T12:00:07.123Z"), ("node-1  | a | b", "node-1", nil, "a | b"),
            ("node-1 |", "node-1", nil, ""), ("a || b", "", nil, "a || b"), ("[pod/a/b] c", "pod/a/b", nil, "c"),
            ("[pod/a", "", nil, "[pod/a"),
            ("<6>Nov 23 12:00:07 node k3s[7]: x", "k3s", 7, "x"), ("<6", "", nil, "<6"), ("[    1.000000] oops", "kernel", nil, "oops"),
            (#"{"log":"a\u00e9\ud83d\ude00\n"}"#, "", nil, "aé😀"), (#"{"log":"cut off \u00"#, "", nil, "cut off \u{FFFD}"),
            (#"{"log":1}"#, "", nil, "1"),
            ("{", "", nil, "{"), ("", "", nil, ""), (#"{"MESSAGE":null,"_PID":"3"}"#, "", 3, "null"),
        ])
    func apart(_ line: String, _ name: String, _ process: Int?, _ text: String) {
        let wrapper = LineWrapper(Array(line.utf8))
        #expect(String(decoding: wrapper.name, as: UTF8.self) == name && wrapper.process == process)
        #expect(String(decoding: wrapper.text, as: UTF8.self) == text)
    }
}

@Suite("Looking for many texts at once")
struct TextFilterTests {
    @Test("finds a text wherever it stands, and none that is not there")
    func same() {
        var random = SystemRandomNumberGenerator()
        func word(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 97...99, using: &random) } }
        for _ in 0..<400 {
            let texts = (0..<Int.random(in: 1...5, using: &random)).map { _ in word(.random(in: 2...6, using: &random)) }
            let filter = TextFilter(texts)
            for _ in 0..<10 {
                let line = word(.random(in: 0...30, using: &random))
                #expect(filter.finds(in: line) == texts.contains { LogLine.contains(line, $0) }, "\(texts) in \(line)")
            }
        }
    }
}
