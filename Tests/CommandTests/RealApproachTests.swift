import Foundation
import Model
import Testing

/// Stock nodes combined with other approaches, really booted: the results must equal the manual measurements.
@Suite("Real approaches, equal to what was measured by hand", .real(minutes: 5))
struct RealApproachTests {
    /// In a copy of the hierarchy, the pods' cgroups have no files. kubelet and cAdvisor race to read their first statistics before or
    /// after they are moved there, so the log reports the problem in one of two ways.
    private static let copied = ["degraded, memory cache", "degraded, stats of pods"]
    private static let expected = [
        "gate": ["degraded, memory cache"], "bind": copied, "ptrace": copied, "preload": ["fatal, memory cache"],
        "bind-claimed": ["fatal, memory cache"], "fuse-lxcfs": ["cannot"], "environment": ["clean"],
    ]

    @Test(
        "a gate, bind mounts and ptrace degrade; LD_PRELOAD answers a C program and not static Go; lxcfs is refused by gVisor and not by runc"
    )
    func table() async throws {
        let place = try await RealWorkspace.linked()
        let tool = place.tool
        for series in ["none", "percpu,memory-usage,9p-source"] {
            _ = try await RealWorkspace.build(tool, "kubelet-1.20", ["--series", series])
        }
        let chosen = Self.expected.keys.sorted().flatMap { ["--approach", $0] }
        let found = try tool.run(
            ["matrix", "kubelet-1.20", "--approaches", "--layout", "root-9p", "--watch", "30", "--json"] + chosen)
        #expect(found.status == 0, "\(found.errors)")
        try expectDocument(found.output, is: "approaches.schema.json")
        let rows = try #require(try found.json()["rows"] as? [[String: Any]])
        #expect(rows.count == Self.expected.count)
        for row in rows {
            let name = try #require(row["name"] as? String)
            let words = [row["outcome"], row["cause"]].compactMap { $0 as? String }.joined(separator: ", ")
            #expect(Self.expected[name]?.contains(words) == true, "\(name) is \(words): \(row)")
            let measures = try #require(row["measures"] as? [String: Any])
            #expect((measures["memoryBytes"] as? Int ?? 0) > 1 << 20)
            #expect((measures["cpuSeconds"] as? Double ?? 0) > 0)
        }
        try preload(rows.first { $0["name"] as? String == "preload" })
        try claimed(rows.first { $0["name"] as? String == "bind-claimed" })
        try refusal(rows.first { $0["name"] as? String == "fuse-lxcfs" })
        control(rows.first { $0["name"] as? String == "environment" })
        #expect(processes(naming: tool.workspace + "/tmp").isEmpty)
        #expect(!((try? String(contentsOfFile: "/proc/mounts", encoding: .utf8)) ?? "").contains(tool.workspace + "/tmp"))
    }

    /// The library works with a C program in the sandbox, and is not even mapped in the node's own memory.
    private func preload(_ row: [String: Any]?) throws {
        let answers = try attempt(row)["answers"] as? [String] ?? []
        #expect(
            answers.contains { $0.hasPrefix("a C program without the library") && $0.contains("No such file or directory") }, "\(answers)")
        #expect(
            answers.contains { $0.hasPrefix("the same C program with it") && $0.contains("0xef53; cpuacct.usage_percpu: 0 0") },
            "\(answers)")
        #expect(answers.contains { $0.hasPrefix("lines of the node's own") && $0.hasSuffix(": 0") }, "\(answers)")
    }

    /// A log line tells why the files mounted in the research were not enough.
    private func claimed(_ row: [String: Any]?) throws {
        let evidence = try attempt(row)["evidence"] as? [[String: Any]] ?? []
        #expect(evidence.contains { ($0["text"] as? String ?? "").contains("memory.max_usage_in_bytes: no such file") }, "\(evidence)")
    }

    /// The sandbox's own line, and the control's message.
    private func refusal(_ row: [String: Any]?) throws {
        #expect(row?["grade"] == nil)
        let evidence = try attempt(row)["evidence"] as? [[String: Any]] ?? []
        #expect(evidence.map { $0["source"] as? String } == ["sandbox", "control"])
        #expect((evidence.first?["text"] as? String)?.contains("lxcfs: Failed to setup private cgroup mounts") == true, "\(evidence)")
    }

    private func attempt(_ row: [String: Any]?) throws -> [String: Any] {
        try #require((row?["attempts"] as? [[String: Any]])?.first)
    }

    /// Only the container's record may remain: otherwise the kernel would keep its cgroups.
    private func control(_ row: [String: Any]?) {
        #expect(row?["runtime"] as? String == "runc")
        let folders = (try? FileManager.default.contentsOfDirectory(atPath: "/sys/fs/cgroup")) ?? []
        #expect(!(folders + ["."]).contains { FileManager.default.fileExists(atPath: "/sys/fs/cgroup/\($0)/ninepin") })
    }
}
