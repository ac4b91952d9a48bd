import SystemPackage

/// How busy the machine is, as its kernel tells.
package enum MachineLoad {
    /// Seconds in which some task of the machine waited for a processor, since the machine started: `some … total` of `/proc/pressure/cpu`
    /// (Documentation/accounting/psi.rst of Linux). Nil where the kernel does not tell, as in gVisor.
    package static func secondsOfPressure(_ path: FilePath = "/proc/pressure/cpu") -> Double? {
        // A kernel without the file is no failure, and neither is one that refuses it (EOPNOTSUPP when PSI is switched off).
        guard let text = try? Files.readText(path) else { return nil }
        return seconds(inPressure: text)
    }

    /// Bytes of memory that new programs can have without swapping: `MemAvailable` of `/proc/meminfo` (proc_meminfo(5)), or less where this
    /// process's cgroup has a limit. Nil where the kernel does not tell.
    package static func availableMemory() -> Int64? {
        guard let text = try? Files.readText("/proc/meminfo") else { return nil }
        let machine = bytes(of: "MemAvailable:", inMemoryInfo: text)
        let limits = [
            left(in: "/sys/fs/cgroup", limit: "memory.max", used: "memory.current", cache: "inactive_file"),
            left(
                in: "/sys/fs/cgroup/memory", limit: "memory.limit_in_bytes", used: "memory.usage_in_bytes", cache: "total_inactive_file"),
        ].compactMap(\.self)
        return ([machine].compactMap(\.self) + limits).min()
    }

    static func seconds(inPressure text: String) -> Double? {
        let line = text.split(separator: "\n").first { $0.hasPrefix("some ") }
        let total = line?.split(separator: " ").first { $0.hasPrefix("total=") }
        return total.flatMap { UInt64($0.dropFirst("total=".count)) }.map { Double($0) / 1_000_000 }
    }

    static func bytes(of name: String, inMemoryInfo text: String) -> Int64? {
        let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
        return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int64($0) }.map { $0 * 1024 }
    }

    /// What a cgroup has left; nil without a limit: `max` in version 2, a number next to 2^63 in version 1. What it uses counts files' pages too,
    /// and the kernel gives those up that nobody used lately.
    static func left(in folder: FilePath, limit: String, used: String, cache: String) -> Int64? {
        func number(_ name: String) -> Int64? { (try? Files.readText(folder.appending(name))).flatMap { Int64($0.filter { $0 != "\n" }) } }
        guard let limit = number(limit), limit < Int64.max / 2, let used = number(used) else { return nil }
        let figures = (try? Files.readText(folder.appending("memory.stat"))) ?? ""
        let line = figures.split(separator: "\n").first { $0.hasPrefix("\(cache) ") }
        let given = line?.split(separator: " ").last.flatMap { Int64($0) } ?? 0
        return max(0, limit - used + given)
    }
}
