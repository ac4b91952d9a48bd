import FileSystem
import SystemPackage

/// The load of the machine according to its kernel.
package enum MachineLoad {
    /// Seconds since the machine started in which some task waited for a CPU: `some … total` of `/proc/pressure/cpu`
    /// (Documentation/accounting/psi.rst of Linux). nil if the kernel does not report it, as in gVisor.
    package static func secondsOfPressure(_ path: FilePath = "/proc/pressure/cpu") -> Double? {
        // It is not an error if the kernel lacks the file or refuses to read it (EOPNOTSUPP if PSI is disabled).
        guard let text = try? Files.readText(path) else { return nil }
        return seconds(inPressure: text)
    }

    /// Bytes of memory available to new programs without swapping: `MemAvailable` of `/proc/meminfo` (proc_meminfo(5)), or less if this
    /// process's cgroup has a limit. nil if the kernel does not report it.
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

    /// The remaining memory in a cgroup; nil without a limit, which is `max` in version 2 and a number close to 2^63 in version 1. The
    /// usage includes page cache, of which the kernel frees the part that was not used recently.
    static func left(in folder: FilePath, limit: String, used: String, cache: String) -> Int64? {
        func number(_ name: String) -> Int64? { (try? Files.readText(folder.appending(name))).flatMap { Int64($0.filter { $0 != "\n" }) } }
        guard let limit = number(limit), limit < Int64.max / 2, let used = number(used) else { return nil }
        let figures = (try? Files.readText(folder.appending("memory.stat"))) ?? ""
        let line = figures.split(separator: "\n").first { $0.hasPrefix("\(cache) ") }
        let given = line?.split(separator: " ").last.flatMap { Int64($0) } ?? 0
        return max(0, limit - used + given)
    }
}
