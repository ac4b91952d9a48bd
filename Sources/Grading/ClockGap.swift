import LogLines

/// Measures how far a log's clock and the boot's clock drift apart. They need not agree, so only the change since the first line counts.
struct ClockGap: Sendable {
    private var first: (stamp: LogLine.Stamp, arrival: Double)?
    private var least = 0.0
    private var most = 0.0

    /// The difference between the largest and the smallest delay of a line relative to the first line, in seconds.
    var width: Double { most - least }

    /// Processes a line's timestamp.
    ///
    /// - Parameter arrival: when the line arrived, in seconds after the boot began.
    /// - Returns: seconds from the first line to this one, according to the log and as measured; nil for the first line, and if the two
    ///   stamps use different clocks.
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
