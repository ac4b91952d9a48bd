import LogLines
import Model
import Testing

@testable import Comparing

/// Runs and logs for the tests of this target.
enum WrittenRun {
    static let fatal = "F1127 09:33:54.502414      36 kubelet.go:1350] Failed to start ContainerManager unable to find data in memory cache"

    /// A digest of one digit, 64 times.
    static func digest(_ digit: Character = "1") -> Digest {
        let value = UInt8(digit.hexDigitValue ?? 0)
        return Digest(bytes: [UInt8](repeating: value << 4 | value, count: 32))
    }

    static func names(_ names: String) -> [PatchName] { names.split(separator: " ").compactMap { PatchName(String($0)) } }

    static func lock(_ version: String = "1.20.2", file: Character = "1") -> Lock {
        Lock(
            kind: .debian, name: "kubernetes", version: version, time: 5,
            files: [LockedFile(name: "a.tar.gz", bytes: 1, sha256: digest(file))])
    }

    static func verdict(
        _ grade: Grade = .clean, _ cause: Cause? = nil, summary: String = "it lives after 30 s", evidence: [Evidence] = [],
        notes: [String] = []
    ) -> Verdict {
        Verdict(grade: grade, level: .boot, cause: cause, summary: summary, evidence: evidence, notes: notes)
    }

    static func run(
        _ id: String = "20260101T000000-1", recipe: String = "kubelet", series: String = "a/one a/two", layout: Layout = .root9p,
        lock: Lock? = lock(), tree: String? = "abc", artifact: Character = "1", steps: [StepRecord] = [step("build")],
        tools: [String: String] = ["go": "go1.19.8", "runsc": "20240729.0"], upstreams: [String: Version] = [:],
        overhead: [String: Double] = ["starting": 1.4], conditions: BootConditions? = BootConditions(cpuPressure: 0.5, company: 1),
        verdict: Verdict = verdict(), setAside: String? = nil
    ) -> Run {
        Run(
            id: id, started: "2026-01-01T00:00:00Z", recipe: recipe, version: "1.20.2", series: names(series), layout: .sandbox(layout),
            lock: lock, tree: tree, artifact: Artifact(digest: digest(artifact), path: "/p/kubelet", bytes: 1), steps: steps, tools: tools,
            upstreams: upstreams, secondsToVerdict: 0.01, overhead: overhead, watched: WatchTimes(warmUp: 10, observe: 30),
            conditions: conditions, patience: 1, verdict: verdict, setAside: setAside)
    }

    static func step(_ name: String, _ digit: Character = "1", cached: Bool = false, seconds: Double = 1) -> StepRecord {
        StepRecord(name: name, key: digest(digit), cached: cached, seconds: seconds)
    }

    static func log(_ text: some Sequence<UInt8>, evidence: Set<Int> = [], most: Int = LogMessages.most) -> LogMessages {
        var log = LogMessages(evidence: evidence, most: most)
        Array(text).withUnsafeBytes { log.take($0) }
        log.finish()
        return log
    }

    static func difference(
        _ before: String, _ after: String, limit: Int? = nil, isCounted: Bool = false, evidence: Set<Int> = []
    ) -> LogDifference {
        LogDifference(
            name: "kubelet.log", before: log(before.utf8), after: log(after.utf8, evidence: evidence), limit: limit, isCounted: isCounted)
    }
}
