import Model
import Testing

@testable import Grading
@testable import LogLines

/// Several runs of a node's process in one log, as journald records them.
private enum Lives {
    static func journal(_ program: String, _ second: Int, _ text: String) -> String {
        "Nov 23 12:\(two(second / 60)):\(two(second % 60)) node-d \(program): \(text)"
    }

    static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    /// A klog line of a process.
    static func klog(_ severity: String, _ second: Double, _ process: Int, _ text: String) -> String {
        WrittenLog.line(severity, second, text).replacing("      42 ", with: String("       \(process)".suffix(8)) + " ")
    }

    static func systemd(_ second: Int, _ text: String) -> String { journal("systemd[1]", second, text) }

    static func kubelet(_ process: Int, _ second: Double, _ severity: String, _ text: String) -> String {
        journal("kubelet[\(process)]", Int(second), klog(severity, second, process, text))
    }

    static let started = "Started kubelet: The Kubernetes Node Agent."
    static let config = "server.go:196] failed to load Kubelet config file /var/lib/kubelet/config.yaml, no such file"

    /// A run that ends immediately because there is no configuration yet, with systemd's messages.
    static func crash(_ process: Int, at second: Int) -> [String] {
        [
            systemd(second, started), kubelet(process, Double(second) + 0.4, "F", config),
            systemd(second, "kubelet.service: Main process exited, code=exited, status=255/EXCEPTION"),
            systemd(second, "kubelet.service: Failed with result 'exit-code'."),
            systemd(second + 10, "kubelet.service: Scheduled restart job, restart counter is at 3."),
        ]
    }

    /// A run that continues.
    static func life(_ process: Int, at second: Int) -> [String] {
        let now = Double(second)
        return [
            systemd(second, started), kubelet(process, now, "I", "server.go:416] Version: v1.20.2"),
            kubelet(process, now + 1, "I", "server.go:1176] Started kubelet"),
            kubelet(process, now + 2, "I", "kubelet_node_status.go:75] Successfully registered node node-d"),
        ]
    }

    static let garbage =
        "kubelet.go:1277] Image garbage collection failed once. Stats initialization may not have completed yet: \(WrittenLog.memoryCache)"

    static func read(_ lines: [String], wanted: Int? = nil) -> LogReader {
        var reader = LogReader(source: "test.log", warmUp: 10, wanted: wanted)
        for line in lines { reader.take(Array(line.utf8)) }
        return reader
    }

    static func titles(_ lines: [String]) -> [String] { read(lines).runs(isCut: false).newest.map(\.verdict.title) }
}

@Suite("A log of several runs")
struct RunTests {
    @Test("a node that crashes until it has its configuration, and then lives, is not fatal, and the earlier ends are told")
    func crashLoop() {
        let lines = Lives.crash(1201, at: 0) + Lives.crash(1260, at: 10) + Lives.life(1304, at: 20)
        let verdict = WrittenLog.verdict(lines)
        #expect(verdict.grade == .inconclusive && verdict.summary.hasPrefix("no fault occurred"), "\(verdict)")
        #expect(verdict.evidence.map(\.line) == [13])
        #expect(
            verdict.notes.count == 1 && verdict.notes[0].contains("2 earlier runs") && verdict.notes[0].contains("2 fatal"),
            "\(verdict.notes)")
        #expect(Lives.titles(lines) == ["fatal", "fatal", "inconclusive"])
    }

    @Test("a node that lived and ends in its last run is fatal, also where systemd has started the unit again and nothing came yet")
    func lastEnds() {
        let lines = Lives.life(1201, at: 0) + Lives.crash(1260, at: 30)
        #expect(WrittenLog.verdict(lines).title == "fatal")
        let again = WrittenLog.verdict(lines + [Lives.systemd(40, Lives.started)])
        #expect(again.title == "fatal" && again.notes.contains { $0.contains("restarted the unit at line 10") }, "\(again)")
        #expect(again.evidence.contains { $0.text.contains("status=255") })
    }

    /// What separates two runs, and the format of their lines.
    enum Boundary: CaseIterable {
        case journalProcess, klogProcess, version, k3s, document, clock, reboot, cat, container, started

        func lines(_ first: [(String, Double, String)], _ second: [(String, Double, String)]) -> [String] {
            func klog(_ lines: [(String, Double, String)], _ process: Int, after: Double = 0) -> [String] {
                lines.map { Lives.klog($0.0, $0.1 + after, process, $0.2) }
            }
            let version = Lives.klog("I", 90, 1, "server.go:416] Version: v1.20.2")
            let earlier = Lives.klog("I", 0, 1, "server.go:416] Version: v1.20.2")
            switch self {
            case .journalProcess:
                return first.map { Lives.kubelet(811, $0.1, $0.0, $0.2) } + second.map { Lives.kubelet(902, $0.1 + 100, $0.0, $0.2) }
            case .klogProcess: return klog(first, 811) + klog(second, 902, after: 100)
            case .version: return [earlier] + klog(first, 1) + [version] + klog(second, 1, after: 100)
            case .k3s:
                let begin = #"time="2026-11-23T12:00:00Z" level=info msg="Starting k3s v1.20.8+k3s1 (4ba5a2a8)""#
                return [begin] + klog(first, 7) + [begin] + klog(second, 7, after: 100)
            case .document:
                func document(_ lines: [(String, Double, String)], _ after: Double) -> [String] {
                    lines.map { severity, at, text in
                        let parts = text.split(separator: "] ", maxSplits: 1)
                        let rest = severity == "I" ? #","v":0"# : #","err":"x""#
                        return
                            #"{"ts":\#(1_795_435_200_000 + (at + after) * 1000),"caller":"kubelet/\#(parts[0])","msg":"\#(parts[1])"\#(rest)}"#
                    }
                }
                let begin = #"{"ts":1795435200000.1,"caller":"app/server.go:531","msg":"Kubelet version","v":0,"kubeletVersion":"v1.36.2"}"#
                return [begin] + document(first, 1) + [begin] + document(second, 100)
            case .clock: return klog(first, 1, after: 5000) + klog(second, 1)
            case .reboot:
                return first.map { Lives.kubelet(811, $0.1, $0.0, $0.2) } + ["-- Boot 7d2b01f2a5a04b0e --"]
                    + second.map { Lives.kubelet(811, $0.1 + 100, $0.0, $0.2) }
            case .cat:
                return [Lives.started] + klog(first, 811) + ["Stopping \(Lives.started.dropFirst("Started ".count))", Lives.started]
                    + klog(second, 902, after: 100)
            case .container:
                return ([earlier] + klog(first, 1) + [version] + klog(second, 1, after: 100)).map {
                    #"{"log":"\#($0.replacing("\"", with: "\\\""))\n","stream":"stderr","time":"2026-11-23T12:00:00.5Z"}"#
                }
            // The line that begins a run is missing.
            case .started: return klog(first, 1) + klog(second, 1, after: 100)
            }
        }
    }

    @Test("each beginning of a new run is seen, and each run is graded by itself", arguments: Boundary.allCases)
    func boundary(_ boundary: Boundary) {
        let life = [("I", 6.0, "server.go:1176] Started kubelet"), ("I", 7.0, "kubelet.go:1] all is well")]
        let sick = life + [("E", 30.0, "eviction_manager.go:260] failed to get summary stats: \(WrittenLog.memoryCache)")]
        let ends = life + [("E", 8.0, "kubelet.go:1350] Failed to start ContainerManager: no cgroup")]
        let noisy = [("E", 5.9, Lives.garbage)] + life
        #expect(Lives.titles(boundary.lines(sick, noisy)) == ["degraded, memory cache", "inconclusive"])
        #expect(Lives.titles(boundary.lines(noisy, sick)) == ["inconclusive", "degraded, memory cache"])
        #expect(Lives.titles(boundary.lines(ends, noisy)).suffix(2) == ["fatal", "inconclusive"])
        #expect(Lives.titles(boundary.lines(noisy, ends)).suffix(2) == ["inconclusive", "fatal"])
    }

    @Test("what looks like a beginning and is none makes no new run")
    func same() {
        let beginning = Lives.klog("I", 0, 7, "server.go:629] Version: v1.20.8+k3s1")
        let k3s = [
            #"time="2026-11-23T12:00:00Z" level=info msg="Starting k3s v1.20.8+k3s1 (4ba5a2a8)""#, beginning,
            Lives.klog("I", 1, 7, "controllermanager.go:176] Version: v1.20.8+k3s1"),
            Lives.klog("I", 4, 7, "server.go:412] Version: v1.20.8+k3s1"),
            Lives.klog("I", 6, 7, "server.go:1176] Started kubelet"), Lives.klog("I", 7, 7, "server.go:650] Version: v1.20.8+k3s1"),
        ]
        let newer = [
            beginning, Lives.klog("I", 4, 7, #"server.go:436] "Kubelet version" kubeletVersion="v1.20.8+k3s1""#),
            Lives.klog("I", 6, 7, #"server.go:1176] "Started kubelet""#),
        ]
        let late = Lives.klog("E", 30, 7, "eviction_manager.go:260] failed: \(WrittenLog.memoryCache)")
        #expect(Lives.titles(newer + [late]) == ["degraded, memory cache"])
        #expect(Lives.titles(k3s + [late]) == ["degraded, memory cache"])
        // A unit that itself reports when it has started.
        let notify =
            [Lives.systemd(0, "Starting Lightweight Kubernetes...")] + k3s.map { Lives.journal("k3s[7]", 0, $0) }
            + [Lives.systemd(8, "Started Lightweight Kubernetes."), Lives.journal("k3s[7]", 30, late)]
        #expect(Lives.titles(notify) == ["degraded, memory cache"])
        // Daylight saving time ends; two threads' lines are swapped; the clock is corrected.
        for step in [-3600.0, -3, 40_000] {
            let on = WrittenLog.line("E", 5000 + step, "eviction_manager.go:260] failed: \(WrittenLog.memoryCache)")
            let lines = WrittenLog.beginning + [WrittenLog.line("I", 5000, "kubelet.go:1] x"), on]
            #expect(Lives.titles(lines).count == 1, "\(step)")
        }
    }

    @Test("lines that other processes write in between belong to none of the node's runs")
    func interleaved() {
        let life = Lives.life(811, at: 0)
        let others = [
            Lives.journal("containerd[99]", 3, #"time="2026-11-23T12:00:03Z" level=info msg="unable to find data in memory cache""#),
            Lives.journal("kube-proxy[50]", 3, Lives.klog("I", 3, 50, "server.go:650] Version: v1.20.2")),
            Lives.journal("audit[1]", 3, "Started kubelet"), Lives.journal("sshd[4]", 3, "Accepted publickey for kubelet"),
            Lives.systemd(3, "Started Session 4 of user root."),
            Lives.systemd(3, "containerd.service: Main process exited, code=exited, status=2/X"),
        ]
        let late = Lives.kubelet(811, 40, "E", "eviction_manager.go:260] failed: \(WrittenLog.memoryCache)")
        #expect(Lives.titles(life + others + [late]) == ["degraded, memory cache"])
        // Two processes in one file, distinguished only by klog's process IDs.
        let bare =
            WrittenLog.beginning + [Lives.klog("I", 7, 1, "server.go:650] Version: v1.20.2"), Lives.klog("F", 8, 1, "app.go:1] gone")]
        #expect(Lives.titles(bare + [WrittenLog.lasting(40)]) == ["degraded, memory cache"])
        // The last lines of one run come after the first lines of the next.
        let trailing = Lives.life(811, at: 0) + Lives.life(902, at: 60).dropFirst() + [Lives.kubelet(811, 60, "E", Lives.garbage)]
        #expect(Lives.titles(trailing) == ["degraded, memory cache", "inconclusive"])
    }

    @Test(
        "the error just before the start is the start's own, however long the start took; what came long before it is not",
        arguments: [1.0, 50])
    func beforeStart(_ wait: Double) {
        let first = [WrittenLog.line("I", 0, "server.go:416] Version: v1.20.2"), WrittenLog.line("I", 0.5, "kubelet.go:394] Attempting")]
        let error = { WrittenLog.line("E", wait + $0, Lives.garbage) }
        let start = WrittenLog.line("I", wait + 0.0002, "server.go:1176] Started kubelet")
        #expect(WrittenLog.verdict(first + [error(0), start]).grade == .inconclusive)
        #expect(WrittenLog.verdict(first + [error(0), start, error(5)]).grade == .inconclusive)
        #expect(WrittenLog.verdict(first + [error(0), start, error(11)]).title == "degraded, memory cache")
        // The rest of an earlier run, and the start of the next one, whose first lines are missing.
        let rest = (0..<4).map { WrittenLog.lasting(Double($0) * 10 - 0 + 100) }
        let second = [WrittenLog.line("E", 200, Lives.garbage), WrittenLog.line("I", 200.1, "server.go:1176] Started kubelet")]
        #expect(Lives.titles(rest + second) == ["degraded, memory cache", "inconclusive"])
        #expect(Lives.titles(rest) == ["degraded, memory cache"])
    }

    @Test("a unit that never ran is no node's end, and systemd's word is the evidence")
    func neverRan() {
        let failed = [
            Lives.systemd(0, Lives.started), Lives.systemd(0, "kubelet.service: Main process exited, code=exited, status=203/EXEC"),
            Lives.systemd(0, "kubelet.service: Failed with result 'exit-code'."),
        ]
        let verdict = WrittenLog.verdict(failed + failed + [Lives.systemd(10, Lives.started)])
        #expect(verdict.grade == .inconclusive && verdict.summary.contains("never ran") && verdict.evidence.first?.line == 5, "\(verdict)")
        #expect(!verdict.evidence.contains { $0.text.contains("Started") })
        // It is the last run even after one that actually ran.
        #expect(Lives.titles(Lives.life(1, at: 0) + [Lives.systemd(9, "Stopping kubelet…")] + failed).count == 2)
        let only = WrittenLog.verdict([Lives.systemd(0, Lives.started)])
        #expect(only.grade == .inconclusive && only.summary.contains("no kubelet log line"), "\(only)")
        // The same without names.
        let bare = WrittenLog.verdict([Lives.started, "kubelet.service: Main process exited, code=exited, status=203/EXEC", Lives.started])
        #expect(bare.summary.contains("never ran"), "\(bare)")
    }

    @Test(
        "how systemd says that the process ended is evidence: by itself and badly is fatal, killed or stopped is not",
        arguments: [
            (["Main process exited, code=exited, status=1/FAILURE"], "fatal"),
            (["Main process exited, code=dumped, status=11/SEGV"], "fatal"),
            (["main process exited, code=exited, status=255/n/a"], "fatal"),
            (["Main process exited, code=killed, status=9/KILL", "Failed with result 'signal'."], "inconclusive, node killed"),
            (["Watchdog timeout (limit 1min)!", "Main process exited, code=dumped, status=6/ABRT"], "inconclusive, node killed"),
            (
                ["A process of this unit has been killed by the OOM killer.", "Main process exited, code=killed, status=9/KILL"],
                "inconclusive, node killed"
            ),
            (["Main process exited, code=exited, status=0/SUCCESS", "Deactivated successfully."], "inconclusive"),
            (["Consumed 3min 2.1s CPU time."], "inconclusive"),
        ])
    func ends(_ words: [String], _ title: String) {
        let lines = Lives.life(811, at: 0) + words.map { Lives.systemd(20, "kubelet.service: \($0)") }
        let verdict = WrittenLog.verdict(lines)
        #expect(verdict.title == title, "\(verdict)")
        #expect(
            title == "inconclusive"
                || verdict.evidence.contains { $0.text.contains(words[0]) || words.count > 1 && $0.text.contains(words[1]) })
        // The end of another unit is not the node's.
        let other = Lives.life(811, at: 0) + words.map { Lives.systemd(20, "crio.service: \($0)") }
        #expect(WrittenLog.verdict(other).title == "inconclusive")
        // If somebody stops the unit, that is the reason for its end, whatever its status.
        let stop = [Lives.systemd(19, "Stopping kubelet: The Kubernetes Node Agent...")]
        let stopped = Lives.life(811, at: 0) + stop + words.prefix(1).map { Lives.systemd(20, "kubelet.service: \($0)") }
        #expect(WrittenLog.verdict(stopped).grade != .fatal)
    }

    @Test("the kernel that kills the node for want of memory is named; another process's death is not the node's")
    func memory() {
        let kill = { (process: Int, name: String) in
            Lives.life(811, at: 0) + [
                Lives.journal("kernel", 20, "Out of memory: Killed process \(process) (\(name)) total-vm:1kB, anon-rss:2kB")
            ]
        }
        let verdict = WrittenLog.verdict(kill(811, "kubelet"))
        #expect(verdict.title == "inconclusive, node killed" && verdict.summary.contains("memory ran out"), "\(verdict)")
        for lines in [kill(812, "kubelet"), kill(811, "java")] { #expect(WrittenLog.verdict(lines).title == "inconclusive") }
    }

    @Test("a log that stands newest first is not graded, and that is said")
    func reversed() {
        let lines = Lives.life(811, at: 0) + Lives.crash(902, at: 100)
        let verdict = WrittenLog.verdict(lines.reversed())
        #expect(verdict.grade == .inconclusive && verdict.summary.contains("newest first"), "\(verdict)")
    }

    @Test("a program that systemd runs before the node's, and that fails, is why the node never ran; one that fails beside it says nothing")
    func helper() {
        let fails = Lives.systemd(0, "kubelet.service: Control process exited, code=exited, status=1/FAILURE")
        let verdict = WrittenLog.verdict([Lives.systemd(0, "Starting kubelet: The Kubernetes Node Agent..."), fails])
        #expect(verdict.grade == .inconclusive && verdict.summary.contains("never ran"), "\(verdict)")
        #expect(Lives.titles(Lives.life(811, at: 0) + [fails]) == ["inconclusive"])
        let spawn = Lives.journal(
            "(kubelet)[99]", 0, "kubelet.service: Failed at step EXEC spawning /usr/bin/kubelet: No such file or directory")
        let exit = Lives.systemd(0, "kubelet.service: Main process exited, code=exited, status=203/EXEC")
        #expect(WrittenLog.verdict([Lives.systemd(0, Lives.started), spawn, exit]).evidence.map(\.line) == [3, 2])
    }

    @Test("a node that is stopped may say so as loudly as it will")
    func stopped() {
        let stop = [
            Lives.systemd(20, "Stopping Lightweight Kubernetes..."),
            Lives.journal("k3s[811]", 20, #"time="2026-11-23T12:00:20Z" level=fatal msg="server stopped: http: Server closed""#),
        ]
        let life = Lives.life(811, at: 0).map { $0.replacing("kubelet[811]", with: "k3s[811]") }
        #expect(Lives.titles(life + stop) == ["inconclusive"])
        #expect(Lives.titles(life + stop.suffix(1)) == ["fatal"])
    }

    @Test("a script that starts the node again and again has a run for each")
    func script() {
        func line(_ process: Int, _ second: Double, _ severity: String, _ text: String) -> String {
            Lives.journal("run.sh[500]", Int(second), Lives.klog(severity, second, process, text))
        }
        func life(_ process: Int, _ second: Double) -> [String] {
            [
                Lives.journal("run.sh[500]", Int(second), "Flag --cgroup-driver has been deprecated"),
                line(process, second, "I", "server.go:416] Version: v1.20.2"),
                line(process, second + 1, "I", "server.go:1176] Started kubelet"),
            ]
        }
        let end = line(7, 3, "F", "kubelet.go:1350] Failed to start ContainerManager: no cgroup")
        #expect(Lives.titles(life(7, 0) + [end] + life(9, 10)) == ["fatal", "inconclusive"])
    }

    @Test("the lines that a program of minikube's puts together are told apart")
    func gathered() {
        let lines =
            [
                "==> etcd [1a2b] <==", #"{"level":"fatal","ts":"2026-11-23T12:00:00Z","msg":"discovery failed"}"#,
                "==> kube-apiserver [3c4d] <==",
            ]
            + [
                Lives.klog("I", 1, 1, "server.go:629] external host was not specified"),
                Lives.klog("W", 1, 1, "node.go:1] the kubelet version of node-a is old"),
                Lives.klog("F", 2, 1, "server.go:1] etcd is gone"),
            ] + ["==> kubelet <=="] + Lives.life(811, at: 0) + ["==> kernel <==", "[  1.5] Started kubelet"]
        #expect(Lives.titles(lines) == ["inconclusive"])
    }

    @Test(
        "the programs and units that nodes are called by are known, and those that only sound so are not",
        arguments: [
            ("kubelet", true), ("k3s-agent", true), ("rke2-server", true), ("snap.microk8s.daemon-kubelite", true),
            ("microk8s.daemon-kubelet", true),
            ("kubelet-csr-approver", false), ("k3sup", false), ("containerd", false), ("systemd", false), ("", false),
        ])
    func names(_ name: String, _ isNode: Bool) {
        #expect(LogVoice(name: Array(name.utf8)).isNode == isNode && LogVoice(name: Array("\(name).service".utf8)).isNode == isNode)
        #expect(!LogVoice(name: Array(name.utf8), isContainer: true).isNode)
        let end = UnitEvent(Array("\(name).service: Main process exited, code=exited, status=1/FAILURE".utf8))
        #expect((end == .ended(UnitEvent.Ending(code: "exited", status: 1))) == isNode)
    }

    @Test("words of an end without klog's header are a quotation where the node goes on, and its end where a line or two more come")
    func quotations() {
        for text in ["Error: failed to run Kubelet: x", #"time="2026-11-23T12:00:30Z" level=fatal msg="app""#, "FATA[0003] gone"] {
            let after = (0..<3).map { WrittenLog.line("I", 31 + Double($0), "kubelet.go:1] x") }
            #expect(Lives.titles(WrittenLog.beginning + [text] + after) == ["inconclusive"], "\(text)")
            #expect(Lives.titles(WrittenLog.beginning + [text] + after.prefix(2)) == ["fatal"], "\(text)")
        }
    }

    @Test("an end with klog's header counts where an end without one came just before, and lines that follow take back that one alone")
    func sureEnd() {
        let unsure = #"time="2026-11-23T12:00:02Z" level=fatal msg="no end""#
        let end = Lives.klog("F", 3, 42, "kubelet.go:1384] Failed to start ContainerManager \(WrittenLog.memoryCache)")
        let more = (4...7).map { Lives.klog("I", Double($0), 42, "kubelet.go:1958] SyncLoop \($0)") }
        let begin = Lives.klog("I", 1, 42, "server.go:416] Version: v1.20.2")
        #expect(Lives.titles([begin, unsure, end] + more) == ["fatal, memory cache"])
        #expect(Lives.titles([begin, unsure] + more) == ["inconclusive"])
    }

    @Test("systemd's word of a start is not kubelet's")
    func systemdStart() {
        for name in [
            "kubelet: The Kubernetes Node Agent.", "kubelet.service - kubelet: The Kubernetes Node Agent.", "kubelet.",
            "Kubernetes Kubelet Server.",
        ] {
            for line in [Lives.systemd(0, "Started \(name)"), "Started \(name)", Lives.journal("init", 0, "Started \(name)")] {
                #expect(WrittenLog.verdict([line]).summary.contains("no kubelet log line"), "\(line)")
                let with = WrittenLog.verdict([line, Lives.kubelet(811, 1, "I", "kubelet.go:394] Attempting to sync node with API server")])
                #expect(with.summary.contains("shows neither the node's start"), "\(line): \(with)")
            }
        }
        // klog without its headers.
        #expect(WrittenLog.verdict([Lives.journal("kubelet[1]", 0, "Started kubelet")]).summary.hasPrefix("no fault occurred"))
    }

    @Test("of two nodes in one log the last that began is graded, and the other is told")
    func twoNodes() {
        let one = (WrittenLog.beginning + [WrittenLog.fatal(7)]).map { "node-1  | \($0)" }
        let two = WrittenLog.beginning.map { "node-2  | \($0)" }
        let lines = [one[0], two[0]] + one.dropFirst() + two.dropFirst()
        let verdict = WrittenLog.verdict(lines)
        #expect(verdict.grade == .inconclusive && verdict.notes.contains { $0.contains("'node-1': fatal, memory cache") }, "\(verdict)")
    }

    @Test("thousands of restarts take no more memory than a few, and the run that is asked for is there")
    func bounded() throws {
        let count = 2000
        var reader = LogReader(source: "test.log", warmUp: 10, wanted: 17)
        for number in 1...count {
            let end = number == 17 ? "F" : "I"
            let long = String(repeating: "x", count: number % 100 == 0 ? 20_000 : 0)
            for line in [
                Lives.kubelet(1000 + number, 1, "I", "server.go:416] Version: v1.20.2"),
                Lives.kubelet(1000 + number, 2, end, "kubelet.go:1] \(long)"),
            ] { reader.take(Array(line.utf8)) }
        }
        #expect(reader.live.count <= 24)
        let runs = reader.runs(isCut: false)
        #expect(runs.count == count && runs.newest.count == LogRuns.most && runs.newest.last?.run == count)
        #expect(try #require(runs.wanted).verdict.grade == .fatal && runs.wanted?.run == 17)
        #expect(runs.newest.allSatisfy { $0.verdict.evidence.allSatisfy { $0.text.utf8.count < 5000 } })
        let verdict = reader.verdict(isCut: false)
        #expect(verdict.notes.contains { $0.contains("\(count - 1) earlier runs") && $0.contains("1 fatal") }, "\(verdict.notes)")
        #expect(Lives.read(WrittenLog.beginning, wanted: 2).runs(isCut: false).wanted == nil)
    }

    @Test("thousands of writers in one log take no more memory than a few")
    func writers() {
        var reader = LogReader(source: "test.log", warmUp: 10)
        for number in 0..<1000 {
            for name in ["app-\(number)", "node"] {
                reader.take(Array("\(name)  | \(Lives.klog("I", Double(number), 42, "kubelet.go:1] x"))".utf8))
                reader.take(Array("2026-11-23T12:00:00.1Z stderr P \(name)".utf8))
            }
        }
        #expect(reader.live.count <= 24)
    }
}
