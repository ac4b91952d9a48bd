/// Reports the progress of a download, at most ten times a second and once at the end.
final class Meter {
    private let report: @Sendable (Progress) -> Void
    private var total: Int64?
    private var last: (time: ContinuousClock.Instant, bytes: Int64)?
    private var speed = 0.0

    init(total: Int64?, report: @escaping @Sendable (Progress) -> Void) {
        self.total = total
        self.report = report
    }

    /// Records the number of bytes on disk, and reports it if enough time has passed.
    func tick(_ bytes: Int64, total: Int64?) {
        self.total = total
        let now = ContinuousClock.now
        guard let last else { return self.last = (now, bytes) }
        let seconds = (now - last.time) / .seconds(1)
        guard seconds >= 0.1 else { return }
        // If there are fewer bytes than before, the download was restarted and the speed cannot be measured.
        let current = Double(max(0, bytes - last.bytes)) / seconds
        let weight = min(1, seconds)
        speed = speed == 0 ? current : speed * (1 - weight) + current * weight
        self.last = (now, bytes)
        report(Progress(received: bytes, total: total, bytesPerSecond: speed))
    }

    /// Reports that the file is complete.
    func finish(_ bytes: Int64) {
        report(Progress(received: bytes, total: bytes, bytesPerSecond: speed))
    }
}
