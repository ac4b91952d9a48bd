extension LogLine {
    /// The cgroups that a line of kubelet's `cadvisor_stats_provider.go` names as without figures, when all of them are those of pods or of
    /// their containers: `partial failures: ["/kubepods/podUID/ID": RecentStats: unable to find data in memory cache]`. nil for any other
    /// line.
    static func unmeasuredContainers(in text: String) -> [String]? {
        // Most lines are none of these, and looking for a pattern takes long.
        guard contains(Array(text.utf8), Array("RecentStats: ".utf8)) else { return nil }
        // A structured line escapes the quotes.
        let groups = text.matches(of: /\[\\?"(\/[^"\\]+)\\?": RecentStats: unable to find data in memory cache\]/).map { String($0.1) }
        let mentions = text.matches(of: /unable to find data in memory cache/).count
        guard !groups.isEmpty, groups.count == mentions, groups.allSatisfy(isOfPod) else { return nil }
        return groups
    }

    /// `podUID`, or `kubepods-burstable-podUID.slice` where systemd makes the cgroups.
    private static func isOfPod(_ group: String) -> Bool {
        group.split(separator: "/").contains { $0.wholeMatch(of: /(?:[a-z-]+-)?pod[0-9a-f_-]{32,40}(?:\.slice)?/) != nil }
    }
}
