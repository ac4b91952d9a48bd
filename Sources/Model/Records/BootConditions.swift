/// How the rest of the machine disturbed a boot. A node without enough CPU time can look like a node with a fault, so a boot that was
/// slowed beyond the limits is repeated alone before its verdict is trusted.
package struct BootConditions: Hashable, Codable, Sendable {
    /// The share of the boot, from 0 to 1, during which some task of the machine waited for a CPU (`some total` of `/proc/pressure/cpu`,
    /// Documentation/accounting/psi.rst of Linux); nil if the kernel does not report it.
    package var cpuPressure: Double?
    /// The longest time between two reports of the prober, in seconds, from its start. The time in which a node does not answer a probe is
    /// not included.
    package var longestSilence: Double
    /// The longest delay of a log line from the node to Ninepin, in seconds: from its timestamp to its arrival, minus the smallest such
    /// delay of the boot, because the two clocks need not agree.
    package var longestDelay: Double
    /// The maximum number of other boots that ran at the same time.
    package var company: Int

    package init(cpuPressure: Double? = nil, longestSilence: Double = 0, longestDelay: Double = 0, company: Int = 0) {
        self.cpuPressure = cpuPressure
        self.longestSilence = longestSilence
        self.longestDelay = longestDelay
        self.company = company
    }

    /// The share of the boot above which a machine counts as busy.
    package static let busyShare = 0.9

    /// Whether tasks of the machine had to wait for a CPU nearly all the time. This alone does not slow a boot, because its tasks get their
    /// share.
    package var isBusy: Bool { (cpuPressure ?? 0) > Self.busyShare }

    /// A message for each exceeded limit; empty if the boot was not slowed.
    package func excesses(within deadlines: Deadlines = Deadlines()) -> [String] {
        let silence = deadlines[isBusy ? .probeSilenceBusy : .probeSilence]
        let delay = deadlines[isBusy ? .lineDelayBusy : .lineDelay]
        let place = isBusy ? " on a busy machine" : ""
        var words: [String] = []
        if longestSilence > silence {
            words.append("the probes were silent for \(Self.text(longestSilence)) s (limit \(Self.text(silence)) s\(place))")
        }
        if longestDelay > delay {
            words.append("a log line arrived \(Self.text(longestDelay)) s late (limit \(Self.text(delay)) s\(place))")
        }
        return words
    }

    private static func text(_ seconds: Double) -> String { "\((seconds * 10).rounded() / 10)" }
}
