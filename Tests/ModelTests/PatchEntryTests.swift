import Model
import Testing

private let good = """
    title: a patch
    why: because
    upstream: cadvisor
    versions: ">=0.38 <0.39"
    variants:
      - name: v0.38
        versions: ">=0.38 <0.39"
    evidence: seen
    status: local
    """

private func diagnostic(_ text: String) throws -> Diagnostic? {
    let name = try #require(PatchName("cadvisor/x"))
    do throws(Diagnostic) {
        _ = try PatchEntry(yaml: text, file: "patch.yaml", name: name)
        return nil
    } catch { return error }
}

@Suite("Entries of the registry")
struct PatchEntryTests {
    @Test("an entry is read")
    func reads() throws {
        let entry = try PatchEntry(yaml: good, file: "patch.yaml", name: #require(PatchName("cadvisor/x")))
        #expect(entry.variants.map(\.name) == ["v0.38"])
        #expect(entry.status == .local)
    }

    @Test(
        "a mistake is told with its place",
        arguments: [
            ("status: local", "status: locl", "patch.yaml:9:9: unknown value 'locl': did you mean 'local'?"),
            ("upstream: cadvisor", "upstream: runc", "patch.yaml:3:11: 'upstream': expected 'cadvisor', the folder's name"),
            ("name: v0.38", "name: ../v", "patch.yaml:6:11: 'name': expected a relative path"),
            ("name: v0.38", "nam: v0.38", "patch.yaml:6:5: unknown key 'nam' in 'variants': did you mean 'name'?"),
            ("why: because\n", "", "'why' is missing"),
            ("status: local", "status: local\nprobe: runc/x", "patch.yaml:10:8: 'probe': expected a patch of 'cadvisor'"),
        ])
    func mistakes(_ old: String, _ new: String, _ expected: String) throws {
        let found = try #require(try diagnostic(good.replacing(old, with: new)))
        #expect(found.description.contains(expected), "\(found)")
    }

    @Test("an entry without a variant is refused")
    func noVariant() throws {
        let text = good.replacing("  - name: v0.38\n    versions: \">=0.38 <0.39\"\n", with: "").replacing(
            "variants:", with: "variants: []")
        #expect(try diagnostic(text)?.message.contains("at least one variant") == true)
    }
}
