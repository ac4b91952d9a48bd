/// What a boot suffered from the rest of the machine. A node that is starved of processor time can look like a node with a fault, so a boot
/// that was slowed beyond the limits is repeated alone before its verdict is believed.
package struct BootConditions: Hashable, Codable, Sendable {
    /// The share of the boot, from 0 to 1, in which some task of the machine waited for a processor (`some total` of `/proc/pressure/cpu`,
    /// Documentation/accounting/psi.rst of Linux); nil where the kernel does not tell.
    package var cpuPressure: Double?
    /// The longest time between two reports of what asks the node, in seconds, from the moment at which it began. The time in which a node does not
    /// answer a question is not part of it.
    package var longestSilence: Double
    /// The longest time that a log line took from the node to Ninepin, in seconds: from the time stamp in it to its arrival, beyond the shortest
    /// such time of the boot, since the two clocks need not agree.
    package var longestDelay: Double
    /// The most other boots that went on at the same moment.
    package var company: Int

    /// Makes conditions of what was measured.
    package init(cpuPressure: Double? = nil, longestSilence: Double = 0, longestDelay: Double = 0, company: Int = 0) {
        self.cpuPressure = cpuPressure
        self.longestSilence = longestSilence
        self.longestDelay = longestDelay
        self.company = company
    }

    /// The share of the boot from which on a machine counts as busy.
    package static let busyShare = 0.9

    /// Whether tasks of the machine had to wait for a processor nearly all the time. That alone slows no boot: its tasks get their share.
    package var isBusy: Bool { (cpuPressure ?? 0) > Self.busyShare }

    /// Each limit that was passed, in words; empty when the boot was not slowed.
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
