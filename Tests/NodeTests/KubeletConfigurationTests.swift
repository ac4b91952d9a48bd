import Testing
import Yams

@testable import Node

@Suite("kubelet's configuration of several parts")
struct KubeletConfigurationTests {
    @Test("each field stands once, at the beginning of its line: what is added later takes the place of what was said before")
    func later() throws {
        let configuration = KubeletConfiguration("kind: K\nfailSwapOn: false\nreadOnlyPort: 10255\n").adding("failSwapOn: true\n")
            .adding("").adding("maxPods: 5\n")
        #expect(try configuration.yaml == "kind: K\nfailSwapOn: true\nreadOnlyPort: 10255\nmaxPods: 5\n")
    }

    @Test("mappings are merged field by field, so that two who name feature gates or authentication do not lose each other's")
    func merged() throws {
        let configuration = KubeletConfiguration("featureGates: {A: true, B: true}\nauthentication: {anonymous: {enabled: true}}\n")
            .adding("featureGates: {B: false, C: true}\n").adding(
                "authentication: {anonymous: {enabled: false}, webhook: {enabled: false}}\n")
        let gates = "featureGates:\n  A: true\n  B: false\n  C: true\n"
        #expect(
            try configuration.yaml == gates + "authentication:\n  anonymous:\n    enabled: false\n  webhook:\n    enabled: false\n")
    }

    @Test("no limit of the profile is a share of the machine's disk, which would make every node on a nearly full disk report DiskPressure")
    func limits() throws {
        let recipe = "evictionHard: {memory.available: 2Gi}"
        let yaml = try KubeletConfiguration(KubeletProfile.kubelet).adding(recipe).yaml
        let fields = try #require(try Yams.load(yaml: yaml) as? [String: Any])
        let limits = try #require(fields["evictionHard"] as? [String: String])
        #expect(Set(limits.keys) == ["memory.available", "nodefs.available", "nodefs.inodesFree", "imagefs.available"])
        #expect(limits["memory.available"] == "2Gi")
        #expect(limits.values.allSatisfy { !$0.contains("%") })
        #expect(fields["imageGCHighThresholdPercent"] as? Int == 100)
    }

    @Test("a list or a plain value takes the place of a mapping, and the other way round")
    func replaced() throws {
        #expect(try KubeletConfiguration("a: {b: 1}\nc: 2\n").adding("a: [x]\nc: {d: 3}\n").yaml == "a:\n- x\nc:\n  d: 3\n")
    }

    @Test("a text stays a text, in the quotes that it had")
    func texts() throws {
        let text = "a: \"10\"\nb: 'true'\nc: \"x: y # z\"\n"
        #expect(try KubeletConfiguration(text).yaml == text)
        // The emitter drops tags, so a tagged number needs quotes to remain a text.
        let tagged = "reserved: {cpu: !!str 1, memory: 1Gi}\nlist: [!!str true, x]\nplain: 1\n"
        #expect(
            try KubeletConfiguration(tagged).yaml == "reserved:\n  cpu: \"1\"\n  memory: 1Gi\nlist:\n- \"true\"\n- x\nplain: 1\n")
    }

    @Test(
        "what the profile, a recipe and an approach say of one field is written once",
        arguments: [KubeletProfile.standalone, KubeletProfile.joined()])
    func profile(_ own: String) throws {
        let settings = ["failSwapOn": "true", "featureGates": "{A: true}", "authorization": "{mode: Webhook}"]
        let text = try KubeletConfiguration(KubeletProfile.kubelet).adding(own).adding(KubeletProfile.lines(settings))
            .adding("featureGates: {B: false}\n").yaml
        let keys = text.split(separator: "\n").filter { !$0.hasPrefix(" ") && !$0.hasPrefix("-") }.map { $0.prefix { $0 != ":" } }
        #expect(keys.count == Set(keys).count && keys.contains("staticPodPath"), "\(text)")
        #expect(text.contains("failSwapOn: true\n") && text.contains("featureGates:\n  A: true\n  B: false\n"), "\(text)")
        #expect(text.contains("authorization:\n  mode: Webhook\n"), "\(text)")
    }

    @Test("a part that no kubelet could read is an error that shows it", arguments: ["a: {", "a: 1\na: 2\n", "[a, b]", "text"])
    func malformed(_ part: String) {
        let error = #expect(throws: KubeletConfiguration.Malformed.self) { try KubeletConfiguration("kind: K\n").adding(part).yaml }
        #expect(error?.description.contains(part) == true)
    }
}
