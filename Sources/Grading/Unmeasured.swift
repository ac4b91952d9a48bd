import LogLines

extension LogLine {
    /// The cgroups that a line of kubelet's `cadvisor_stats_provider.go` reports as having no statistics, if all of them belong to pods or
    /// their containers: `partial failures: ["/kubepods/podUID/ID": RecentStats: unable to find data in memory cache]`. nil for any other
    /// line.
    static func unmeasuredContainers(in text: String) -> [String]? {
        // Most lines do not match, and a regular expression search is slow.
        guard contains(Array(text.utf8), Array("RecentStats: ".utf8)) else { return nil }
        // A structured line escapes the quotes.
        let groups = text.matches(of: /\[\\?"(\/[^"\\]+)\\?": RecentStats: unable to find data in memory cache\]/).map { String($0.1) }
        let mentions = text.matches(of: /unable to find data in memory cache/).count
        guard !groups.isEmpty, groups.count == mentions, groups.allSatisfy(isOfPod) else { return nil }
        return groups
    }

    /// `podUID`, or `kubepods-burstable-podUID.slice` if systemd manages the cgroups.
    private static func isOfPod(_ group: String) -> Bool {
        group.split(separator: "/").contains { $0.wholeMatch(of: /(?:[a-z-]+-)?pod[0-9a-f_-]{32,40}(?:\.slice)?/) != nil }
    }
}
