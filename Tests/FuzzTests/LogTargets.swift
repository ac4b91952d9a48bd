import FileSystem
import FoundationEssentials
import Fuzzing
import Host
import Model
import TestInputs

@testable import Grading

/// A kubelet's log with klog headers, at seconds after noon.
enum WrittenKubelet {
    static let memoryCache = "unable to find data in memory cache"

    static func line(_ severity: String, _ seconds: Int, _ text: String) -> String {
        let two = { (number: Int) in number < 10 ? "0\(number)" : "\(number)" }
        return "\(severity)1123 12:\(two(seconds / 60)):\(two(seconds % 60)).000000      42 \(text)"
    }

    static let beginning = [
        line("I", 0, "server.go:416] Version: v1.20.2"), line("I", 1, "kubelet.go:394] Attempting to sync node with API server"),
        line("I", 6, "server.go:1176] Started kubelet"),
    ]
    static let lasting = line("E", 26, "eviction_manager.go:260] failed to get summary stats: \(memoryCache)")
    static let fatal = line("F", 7, "kubelet.go:1350] Failed to start ContainerManager failed to get rootfs info: \(memoryCache)")

    static let words = [
        memoryCache, "Started kubelet", "could not find device with major", "Failed to start ContainerManager", "level=fatal ", "panic: ",
        "fatal error: ",
        "F1123 12:00:20.000000      42 ", "E1123 13:00:20.000000      42 ", "I0101 00:00:00.000000       1 ", "2026-11-23T12:00:30.5Z ",
        "kubelet version",
        " kubelet.go:1] ", "cpuacct.usage_percpu: no such file", "partial failures: [\"/kubepods/pod", "\": RecentStats: \(memoryCache)]",
        "\r", "\0",
        "Nov 23 12:00:09 node kubelet[811]: ", "Nov 23 12:00:09 node systemd[1]: ", "Started kubelet: The Kubernetes Node Agent.",
        "kubelet.service: Main process exited, code=exited, status=203/EXEC", "-- Boot 1 --", "{\"log\":\"", "{\"MESSAGE\":[70,", "\\u00",
        "\"}",
        "2026-11-23T12:00:30.5Z stderr P ", "2026-11-23T12:00:30.5Z stdout F ", "node-1  | ", "[pod/a/b] ", "<30>1 ", "FATA[0003] ",
        "level=fatal msg=",
        "server.go:416] Version: v1.20.3", "Starting k3s ", "[    1.5] ", "Out of memory: Killed process 42 (kubelet)",
        "Failed to update stats for container \"/\"", "Failed to update stats for container \"/kubepods\"", "\u{1B}[2J", "\n",
    ]

    static func seeds() -> [[UInt8]] {
        let newborn = line(
            "E", 30,
            "cadvisor_stats_provider.go:401] partial failures: [\"/kubepods/pod12345678-1234-1234-1234-123456789012/ab\": RecentStats: \(memoryCache)]"
        )
        return bytes([
            (beginning + [lasting, lasting]).joined(separator: "\n") + "\n", (beginning + [fatal]).joined(separator: "\n") + "\n",
            (beginning + [newborn, newborn]).joined(separator: "\n"), beginning.joined(separator: "\r\n"),
            "time=\"2026-11-23T12:00:00Z\" level=fatal msg=\"kubelet exited\"\n2026-11-23T12:00:01Z I1123 12:00:01.5 1 server.go:1] Started kubelet\n",
            "",
        ])
    }
}

/// The lines of some bytes that arrive in pieces.
private func lines(_ input: [UInt8], piece: () -> Int) -> (lines: [LineSplitter.Piece], rest: LineSplitter.Piece?) {
    var (splitter, lines, place) = (LineSplitter(), [LineSplitter.Piece](), 0)
    while place < input.count {
        let end = min(input.count, place + max(1, piece()))
        input[place..<end].withUnsafeBytes { splitter.take($0) { lines.append($0) } }
        place = end
    }
    let rest = splitter.finish()
    return (lines + (rest.map { [$0] } ?? []), rest)
}

extension LineSplitter.Piece {
    /// The bytes, for a line or a part of one.
    fileprivate var bytes: [UInt8] {
        switch self {
        case .line(let bytes), .more(let bytes, _): bytes
        }
    }
}

extension LogReader {
    fileprivate mutating func take(_ piece: LineSplitter.Piece) {
        switch piece {
        case .line(let line): take(line)
        case .more(let more, let overlap): take(more: more, overlap: overlap)
        }
    }
}

extension FuzzTarget {
    /// A log that was not recorded by Ninepin.
    static let log = FuzzTarget("log", limit: 1 << 17, words: WrittenKubelet.words, seeds: { WrittenKubelet.seeds() }) {
        { input in
            var chance = chance(of: input)
            func read(_ lines: [LineSplitter.Piece]) -> LogReader {
                var reader = LogReader(source: "a.log", warmUp: 10)
                for line in lines { reader.take(line) }
                return reader
            }
            func verdict(_ lines: [LineSplitter.Piece], isCut: Bool) -> Verdict { read(lines).verdict(isCut: isCut) }
            let whole = lines(input) { input.count }
            let pieces = lines(input) { [1, 2, 100, 5000].randomElement(using: &chance) ?? 1 }
            let (found, again) = (verdict(whole.lines, isCut: whole.rest != nil), verdict(pieces.lines, isCut: pieces.rest != nil))
            try hold(found == again, "the verdict hangs on the pieces in which a log comes: \(found.title) and \(again.title)")
            try hold(found.grade != .clean, "a log alone is clean")
            for text in [found.summary] + found.notes {
                try hold(text.utf8.count < 1 << 12, "a verdict has a text of \(text.utf8.count) bytes")
            }
            try hold(found.evidence.count < 20, "a verdict has \(found.evidence.count) pieces of evidence")
            let noise = whole.lines.prefix(2000)
            var mixed = (WrittenKubelet.beginning + [WrittenKubelet.fatal]).map { LineSplitter.Piece.line(Array($0.utf8)) }
            for line in noise { mixed.insert(line, at: .random(in: 0...mixed.count, using: &chance)) }
            // The added lines may begin a new run, which is then the last one; the run that ended is reported in any case.
            let loud = read(mixed).runs(isCut: false)
            try hold(
                loud.grades[.fatal, default: 0] > 0,
                "a node that ends by itself is fatal in no run when other lines come too: \(loud.grades)")
            return "\(found.title): \(found.summary)"
        }
    }

    /// A boot that ends badly, with arbitrary additional lines in the log.
    static let boot = FuzzTarget("boot", limit: 1 << 13, words: WrittenKubelet.words, seeds: { WrittenKubelet.seeds() }) {
        { input in
            var chance = chance(of: input)
            let noise = lines(input) { input.count }.lines.map(\.bytes)
            var said: [String] = []
            // Without a trouble, the same boot is clean, so each trouble is what prevents a clean verdict.
            try hold(try WrittenBoot.verdict(nil, noise: []).grade == .clean, "a boot without a trouble is not clean")
            for trouble in WrittenBoot.Trouble.allCases {
                let quiet = try WrittenBoot.verdict(trouble, noise: [])
                try hold(quiet.grade != .clean, "a boot with \(trouble) is clean")
                let places = noise.map { (second: Int.random(in: 2...40, using: &chance), line: $0) }
                let loud = try WrittenBoot.verdict(trouble, noise: places)
                try hold(loud.grade != .clean, "a boot with \(trouble) is clean when other lines come too")
                said.append(loud.title)
            }
            return said.joined(separator: ", ")
        }
    }
}

/// The events of a boot that would be clean except for one trouble.
enum WrittenBoot {
    enum Trouble: CaseIterable { case lateError, healthFails, summaryFails, probesHang, noGvisor, exit }

    static let summary =
        #"{"node":{"cpu":{"usageCoreNanoSeconds":9},"memory":{"workingSetBytes":9,"availableBytes":9},"fs":{"capacityBytes":9}}}"#

    static func verdict(_ trouble: Trouble?, noise: [(second: Int, line: [UInt8])]) throws -> Verdict {
        var grader = BootGrader(node: NodeSpec(profile: .kubelet, warmUp: 10, observe: 30, startTimeout: 60), in: .sandbox(.root9p))
        func fact(_ text: String, _ now: Int) throws {
            guard let fact = NodeFact("@ninepin \(text)") else { throw Broken("no fact: \(text)") }
            grader.take(.fact(fact), at: Double(now))
        }
        if trouble != .noGvisor { try fact("gvisor Starting gVisor...", 0) }
        for text in ["mount / 9p", "version Kubernetes v1.20.2", "stage kubelet"] { try fact(text, 1) }
        for second in 2...70 where grader.verdict == nil {
            if let number = [2, 3, 7].firstIndex(of: second) {
                grader.take(.log(Array(WrittenKubelet.beginning[number].utf8)), at: Double(second))
            }
            for place in noise where place.second == second { grader.take(.log(place.line), at: Double(second) + 0.1) }
            if trouble == .lateError, second == 27 { grader.take(.log(Array(WrittenKubelet.lasting.utf8)), at: 27.2) }
            if trouble == .exit, second == 30 { try fact("exit 2", second) }
            if second > 7, trouble != .probesHang || second < 10 {
                try fact("ask healthz", second)
                try fact("probe healthz \(trouble == .healthFails && second > 25 ? "wget: connection refused" : "ok")", second)
                try fact("ask summary", second)
                try fact("probe summary \(trouble == .summaryFails && second == 30 ? "{}" : summary)", second)
            }
            grader.take(.tick, at: Double(second) + 0.5)
        }
        grader.finish("exit status 0", at: 71)
        guard let verdict = grader.verdict else { throw Broken("a boot that has ended has no verdict") }
        return verdict
    }
}
