import Model

@testable import Grading

/// A kubelet's log written for a test: lines with klog's header, at seconds after noon.
enum WrittenLog {
    static let memoryCache = "unable to find data in memory cache"
    static let device = "could not find device with major: 0, minor: 24 in cached partitions map"

    static func line(_ severity: String, _ seconds: Double, _ text: String) -> String {
        let whole = Int(seconds)
        let (hours, minutes, rest) = (12 + whole / 3600, whole % 3600 / 60, whole % 60)
        let time = [hours, minutes, rest].map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
        let fraction = String(1_000_000 + Int((seconds - Double(whole)) * 1_000_000)).dropFirst()
        return "\(severity)1123 \(time).\(fraction)      42 \(text)"
    }

    /// The first lines of every kubelet, which has started at second 6.
    static let beginning = [
        line("I", 0, "server.go:416] Version: v1.20.2"),
        line("I", 0.5, "kubelet.go:394] Attempting to sync node with API server"),
        line("I", 6, "server.go:1176] Started kubelet"),
    ]

    /// When each of them arrives in a boot that began one second before the log.
    static let arrivals = [1.0, 1.5, 7]

    /// What a healthy node writes just after its start.
    static let startUpError = line("E", 6.01, "cri_stats_provider.go:376] Failed to get the info of the filesystem: \(memoryCache).")

    static func lasting(_ seconds: Double) -> String {
        line("E", seconds, "eviction_manager.go:260] failed to get summary stats: \(memoryCache)")
    }

    static func fatal(_ seconds: Double, _ reason: String = memoryCache) -> String {
        line("F", seconds, "kubelet.go:1350] Failed to start ContainerManager failed to get rootfs info: \(reason)")
    }

    static func verdict(_ lines: [String], isCut: Bool = false) -> Verdict {
        var reader = LogReader(source: "test.log", warmUp: 10)
        for line in lines { reader.take(Array(line.utf8)) }
        return reader.verdict(isCut: isCut)
    }
}
