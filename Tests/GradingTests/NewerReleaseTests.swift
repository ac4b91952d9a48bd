import Model
import Testing

@testable import Grading
@testable import LogLines

/// Lines of kubelets from 1.31 to 1.36, in klog's structured text and as JSON.
@Suite("What newer releases of kubelet write")
struct NewerReleaseTests {
    /// A structured line: a quoted message followed by fields.
    private static func structured(_ severity: String, _ seconds: Double, _ place: String, _ message: String, _ fields: String) -> String {
        WrittenLog.line(severity, seconds, "\(place)] \"\(message)\" \(fields)")
    }

    /// The same as JSON.
    private static func document(_ seconds: Double, _ place: String, _ message: String, _ rest: String) -> String {
        #"{"ts":\#(1_700_000_000_000 + seconds * 1000),"caller":"\#(place)","msg":"\#(message)",\#(rest)}"#
    }

    private static let start: [String] = [
        structured("I", 0, "server.go:531", "Kubelet version", #"kubeletVersion="v1.36.2""#),
        structured("I", 1, "server.go:1302", "Started kubelet", ""),
    ]

    private static let documentStart: [String] = [
        document(0, "app/server.go:531", "Kubelet version", #""v":0,"kubeletVersion":"v1.36.2""#),
        document(1, "app/server.go:1302", "Started kubelet", #""v":0"#),
    ]

    /// What stopped a fatal kubelet of 1.36, with the name of the fault.
    static let faults: [(String, Cause)] = [
        ("failed to get rootfs info: unable to find data in memory cache", .memoryCache),
        (
            #"failed to get rootfs info: failed to get device for dir \"/var/lib/kubelet\": with major: 0, minor: 24: could not find device in cached partitions map"#,
            .noDevice
        ),
        (#"failed to get rootfs info: cannot find filesystem info for device \"none\""#, .filesystemInfo),
        ("failed to get rootfs info: could not find device with major: 0, minor: 24 in cached partitions map", .noDevice),
    ]

    @Test("what a kubelet ends of has its name, in a structured line and in a document", arguments: faults)
    func named(_ reason: String, _ cause: Cause) {
        let text = Self.structured("E", 1.4, "kubelet.go:1703", "Failed to start ContainerManager", "err=\"\(reason)\"")
        let document = Self.document(1.4, "kubelet/kubelet.go:1703", "Failed to start ContainerManager", "\"err\":\"\(reason)\"")
        for lines in [Self.start + [text], Self.documentStart + [document]] {
            let verdict = WrittenLog.verdict(lines)
            #expect(verdict.grade == .fatal && verdict.cause == cause, "\(verdict)")
            #expect(verdict.evidence.first?.line == 3)
        }
    }

    /// kubelet 1.35 and later with cgroup v1: with klog's header, as JSON, and inside k3s.
    static let refusals: [[String]] = {
        let reason =
            "failed to validate kubelet configuration, error: kubelet is configured to not run on a host using cgroup v1. cgroup v1 support is "
            + "unsupported and will be removed in a future release, path: &TypeMeta{Kind:,APIVersion:,}"
        return [
            [structured("E", 0.4, "run.go:72", "command failed", "err=\"\(reason)\"")],
            [document(0.4, "cli/run.go:72", "command failed", "\"err\":\"\(reason)\"")],
            [start[0], "time=\"2026-03-16T10:00:00Z\" level=fatal msg=\"kubelet exited: \(reason)\""],
        ]
    }()

    @Test(
        "the refusal of cgroup v1 is fatal, by the name that a forecast has for it, also where it is all that was written",
        arguments: refusals)
    func refusal(_ lines: [String]) {
        let verdict = WrittenLog.verdict(lines)
        #expect(verdict.grade == .fatal && verdict.cause == .cgroupV1, "\(verdict)")
    }

    @Test("the faults that end a kubelet at its start spoil one that lives on with them, after warm-up and not before", arguments: faults)
    func lasting(_ reason: String, _ cause: Cause) {
        func lines(_ seconds: Double) -> [[String]] {
            [
                Self.start + [Self.structured("E", seconds, "eviction_manager.go:292", "Failed to get summary stats", "err=\"\(reason)\"")],
                Self.documentStart
                    + [Self.document(seconds, "eviction/eviction_manager.go:292", "Failed to get summary stats", "\"err\":\"\(reason)\"")],
            ]
        }
        for late in lines(20) {
            let verdict = WrittenLog.verdict(late)
            #expect(verdict.grade == .degraded && verdict.cause == cause, "\(verdict)")
        }
        for early in lines(5) { #expect(WrittenLog.verdict(early).grade == .inconclusive) }
    }

    @Test("figures of the pods' groups that stand still are seen where a structured line or a document quotes the group")
    func podGroups() {
        let reason = #"Failed to update stats for container \"/kubepods\": open memory.stat: no such file or directory"#
        for lines in [
            Self.start + [Self.structured("W", 20, "container.go:507", reason, "")],
            Self.documentStart + [Self.document(20, "manager/container.go:507", reason, "\"v\":0")],
        ] {
            let verdict = WrittenLog.verdict(lines)
            #expect(verdict.grade == .degraded && verdict.cause == .podStats, "\(verdict)")
        }
    }

    @Test("a document tells its time, that it is no error, and where its message begins, also behind what journald writes")
    func documentRead() {
        let text = Self.document(2.5, "app/server.go:1302", "Started kubelet", #""v":0"#)
        for line in [text, "Nov 26 10:00:00 node kubelet[42]: \(text)"] {
            let read = LogLine(Array(line.utf8))
            #expect(read.isDocument && read.severity == UInt8(ascii: "I"))
            #expect(read.begins(Array(line.utf8), with: Array("Started kubelet".utf8)))
            #expect(read.stamp?.seconds == 1_700_000_002.5)
        }
        let failed = LogLine(Array(Self.document(2, "a.go:1", "m", #""err":"e""#).utf8))
        #expect(failed.severity == UInt8(ascii: "E"))
        let other = LogLine(Array(#"I1123 12:00:01.000000      42 a.go:1] {"ts":1}"#.utf8))
        #expect(!LogLine(Array(#"{"time":"now"}"#.utf8)).isDocument && !other.isDocument)
    }

    /// A watched boot.
    private func watched(_ lines: [(String, Double)], exit: Int? = nil) -> BootGrader {
        var grader = BootGrader(node: .kubelet, in: .sandbox(.root9p))
        grader.take(.fact(.gvisor("gVisor")), at: 0.1)
        grader.take(.fact(.mount(point: "/", type: "9p")), at: 0.1)
        grader.take(.fact(.stage("kubelet")), at: 0.2)
        for (line, at) in lines { grader.take(.log(Array(line.utf8)), at: at) }
        if let exit { grader.take(.fact(.exit(exit)), at: 30) }
        return grader
    }

    @Test("a watched kubelet that writes documents ends by its own word, and one that only quotes a document does not")
    func voice() {
        let fatal = Self.document(3, "kubelet/kubelet.go:1703", "Failed to start ContainerManager", "\"err\":\"\(WrittenLog.memoryCache)\"")
        let grader = watched([(Self.documentStart[0], 1), (Self.documentStart[1], 2), (fatal, 4)], exit: 1)
        #expect(grader.verdict?.grade == .fatal && grader.verdict?.cause == .memoryCache)
        let quoted = watched([(Self.start[0], 1), (Self.start[1], 2), (fatal, 4)], exit: 1)
        #expect(quoted.verdict?.grade == .fatal && quoted.verdict?.summary == "the node exited with status 1")
        // The first lines may precede kubelet's choice of log format.
        let mixed = watched([(Self.start[0], 1), (Self.documentStart[1], 2), (fatal, 4)], exit: 1)
        #expect(mixed.isStarted && mixed.verdict?.cause == .memoryCache)
    }

    @Test("a setting of a recipe's that this kubelet refuses is no word on the node")
    func refusedSetting() {
        for reason in [
            "failed to set feature gates from initial flags-based config: unrecognized feature gate: KubeletInUserNamespace",
            "unknown flag: --container-runtime",
            "cannot set feature gate LocalStorageCapacityIsolation to false, feature is locked to true",
        ] {
            let line = Self.structured("E", 1, "run.go:72", "command failed", "err=\"\(reason)\"")
            #expect(watched([(Self.start[0], 1), (line, 2)], exit: 1).verdict?.grade == .inconclusive, "\(reason)")
        }
    }
}
