import FoundationEssentials
import Grading
import Testing

@testable import Cluster

@Suite("What an API server says of nodes and pods")
struct DocumentTests {
    private func node(_ json: String) throws -> NodeStatus { try JSONDecoder().decode(NodeStatus.self, from: Data(json.utf8)) }
    private func pod(_ json: String) throws -> PodStatus { try JSONDecoder().decode(PodStatus.self, from: Data(json.utf8)) }

    @Test("a node is Ready when its condition says True, and in no other case")
    func ready() throws {
        func ready(_ status: String) throws -> Bool {
            try node(
                #"{"status": {"conditions": [{"type": "MemoryPressure", "status": "False"}, {"type": "Ready", "status": "\#(status)"}]}}"#
            )
            .isReady
        }
        #expect(try ready("True"))
        for status in ["False", "Unknown", "true", ""] { #expect(try !ready(status)) }
        for odd in ["{}", #"{"status": null}"#, #"{"status": {"conditions": null}}"#, #"{"status": {"conditions": []}}"#] {
            let status = try node(odd)
            #expect(!status.isReady && status.conditions.isEmpty && status.capacity.isEmpty)
        }
        let capacity = try node(
            #"{"status": {"capacity": {"cpu": "2", "memory": "24Gi"}, "conditions": [{"type": "Ready", "status": "True", "reason": "R", "message": "M"}], "more": [1]}}"#
        )
        #expect(capacity.capacity == ["cpu": "2", "memory": "24Gi"])
        #expect(capacity.condition("Ready")?.reason == "R" && capacity.condition("Ready")?.message == "M")
        #expect(capacity.condition("DiskPressure") == nil)
    }

    @Test(
        "what is of another form is refused, and not read as something else",
        arguments: [
            "[]", "null", "", "{", #"{"status": []}"#, #"{"status": {"conditions": [{"type": "Ready"}]}}"#,
            #"{"status": {"capacity": {"cpu": 2}}}"#,
        ])
    func refused(_ json: String) throws {
        #expect(throws: (any Error).self) { try node(json) }
    }

    @Test("a document of a great depth is refused, and ends nobody's process")
    func deep() throws {
        let json = #"{"status": "# + String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000) + "}"
        #expect(throws: (any Error).self) { try node(json) }
        #expect(PodUsage(of: .limited, in: json) == nil)
    }

    @Test("why a pod is not further is what the pod itself, then a container, then a condition says")
    func podReasons() throws {
        #expect(try pod("{}").phase == "Unknown" && pod("{}").reason.isEmpty)
        let all = #"""
            {"status": {"phase": "Failed",
                OWN
                "containerStatuses": [{"state": {"WAITING"}}],
                "conditions": [{"type": "PodScheduled", "status": "True", "message": "fine"},
                    {"type": "Ready", "status": "False", "reason": "ContainersNotReady", "message": "not ready"}]}}
            """#
        func reason(_ own: String, _ container: String) throws -> String {
            try pod(all.replacing("OWN", with: own).replacing(#""WAITING""#, with: container)).reason
        }
        #expect(try reason(#""reason": "Evicted", "message": "low","#, #""waiting": {"reason": "X"}"#) == "Evicted: low")
        #expect(try reason("", #""waiting": {"reason": "ErrImageNeverPull", "message": "no image"}"#) == "ErrImageNeverPull: no image")
        #expect(try reason("", #""waiting": {"reason": "ContainerCreating"}"#) == "ContainerCreating")
        #expect(try reason("", #""terminated": {"exitCode": 1, "message": "gone"}"#) == "gone")
        #expect(try reason("", #""running": {}"#) == "ContainersNotReady: not ready")
        #expect(try pod(all.replacing("OWN", with: "").replacing(#""WAITING""#, with: "")).phase == "Failed")
    }

    @Test("a pod's figures are those of its containers together, and of no other pod")
    func usage() throws {
        let summary = #"""
            {"node": {}, "pods": [
                {"podRef": {"name": "other"}, "containers": [{"cpu": {"usageCoreNanoSeconds": 9}, "memory": {"workingSetBytes": 9}}]},
                {"podRef": {"name": "ninepin-limited"}, "containers": [
                    {"cpu": {"usageCoreNanoSeconds": 5}, "memory": {"workingSetBytes": 7}}, {"cpu": {"usageCoreNanoSeconds": 1}}, {}]}]}
            """#
        let usage = try #require(PodUsage(of: .limited, in: summary))
        #expect(usage.cpuNanoseconds == 6 && usage.memoryBytes == 7 && usage.isPositive)
        #expect(PodUsage(of: .task, in: summary) == nil)
    }

    @Test("one figure of zero is no measurement")
    func zeros() throws {
        for (cpu, memory) in [(0, 1), (1, 0), (0, 0)] as [(UInt64, UInt64)] {
            #expect(PodUsage(of: .limited, in: WrittenCluster.summary(cpu: cpu, memory: memory))?.isPositive == false)
        }
    }

    @Test(
        "a document that tells nothing of the pod, or nothing that can be, is no measurement",
        arguments: [
            "", "x", "{}", #"{"pods": null}"#, #"{"pods": [{"podRef": {"name": "ninepin-limited"}}]}"#,
            #"{"pods": [{"podRef": {"name": "ninepin-limited"}, "containers": []}]}"#,
            #"{"pods": [{"podRef": {"name": "ninepin-limited"}, "containers": [{"cpu": {"usageCoreNanoSeconds": -1}}]}]}"#,
            #"{"pods": [{"podRef": {"name": "ninepin-limited"}, "containers": [{"cpu": {"usageCoreNanoSeconds": 1e30}}]}]}"#,
        ])
    func nothing(_ summary: String) {
        #expect(PodUsage(of: .limited, in: summary) == nil)
    }

    @Test("figures whose sum is more than a number can hold are no measurement, and end nobody's process")
    func overflow() {
        let most = #"{"cpu": {"usageCoreNanoSeconds": 18446744073709551615}, "memory": {"workingSetBytes": 18446744073709551615}}"#
        #expect(
            PodUsage(of: .limited, in: #"{"pods": [{"podRef": {"name": "ninepin-limited"}, "containers": [\#(most), \#(most)]}]}"#) == nil)
    }
}
