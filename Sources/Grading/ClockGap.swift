/// How far a log's clock and the boot's own come apart. The two need not agree, and so only the change since the first line counts.
struct ClockGap: Sendable {
    private var first: (stamp: LogLine.Stamp, arrival: Double)?
    private var least = 0.0
    private var most = 0.0

    /// Seconds between the most that a line was late and the least, against the first one.
    var width: Double { most - least }

    /// Takes a line's time.
    ///
    /// - Parameter arrival: seconds after the boot began when it came.
    /// - Returns: seconds from the first line to this one, as the log tells and as they went by; nil for the first one, and where the stamps are of
    ///   two kinds.
    mutating func take(_ stamp: LogLine.Stamp, at arrival: Double) -> (told: Double, seen: Double)? {
        guard let first else {
            first = (stamp, arrival)
            return nil
        }
        guard let told = stamp.since(first.stamp) else { return nil }
        let seen = arrival - first.arrival
        least = min(least, seen - told)
        most = max(most, seen - told)
        return (told, seen)
    }
}
