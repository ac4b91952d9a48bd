import Model
import Testing

@testable import Nightly

@Suite("The manifest of a night")
struct NightlyManifestTests {
    private func parsed(_ text: String) throws -> NightlyManifest { try NightlyManifest(yaml: text, file: "nightly.yaml", name: "nightly") }

    @Test("budget, ages, versions, series, layouts with their options, and expectations are read")
    func whole() throws {
        let manifest = try parsed(
            """
            budget: 2h
            maxAge: 3
            matrix:
              - recipe: kubelet
                versions: ">=1.34 <1.37"
                lines: 3
                level: pod
                series: [none, "percpu,9p-source"]
                layouts: [root-9p, root-overlay]
                cgroup: [v1, v2]
                overlaySize: 20g
                priority: 5
                expect:
                  "*": clean
                  none: fatal, memory cache
                  none on root-overlay+v2+20g: clean
              - recipe: runc
            """)
        #expect(manifest.budget == 7200 && manifest.maxAge == 3 && manifest.rebuildAge == 7 && manifest.rows.count == 2)
        let row = manifest.rows[0]
        #expect(row.lines == 3 && row.level == .pod && row.priority == 5 && row.series == ["none", "percpu,9p-source"])
        #expect(row.layouts.map(\.rawValue) == ["root-9p", "root-overlay+20g", "root-9p+v2", "root-overlay+v2+20g"])
        #expect(row.expected(of: "none", label: "none", on: row.layouts[0]) == "fatal, memory cache")
        #expect(row.expected(of: "none", label: "none", on: row.layouts[3]) == "clean")
        #expect(row.expected(of: "percpu,9p-source", label: "percpu,9p-source", on: row.layouts[0]) == "clean")
        let plain = manifest.rows[1]
        #expect(plain.level == nil && plain.series.isEmpty && plain.layouts.isEmpty && plain.expectations.isEmpty)
        #expect(plain.expected(of: "none", label: "none", on: .root9p) == nil)
    }

    @Test(
        "the most specific expectation counts, in whatever order they are written",
        arguments: [
            ("none", "root-9p", "fatal"), ("none", "volume-9p", "degraded"), ("percpu", "root-9p", "short"),
            ("percpu", "volume-9p", "clean"),
        ])
    func specific(_ series: String, _ layout: String, _ result: String) throws {
        let row = try parsed(
            """
            matrix:
              - recipe: kubelet-1.20
                expect: {"none on root-9p": fatal, "*": clean, none: degraded, "* on root-9p": short}
            """
        ).rows[0]
        #expect(row.expected(of: series, label: series, on: try #require(Layout(rawValue: layout))) == result)
    }

    @Test(
        "a mistake is an error with file, line and column, and says what is expected",
        arguments: [
            ("matrix: []", "at least one recipe"),
            ("matrix: [{recipe: a@1.2}]", "without a version"),
            ("matrix: [{recipe: a, lines: 2}]", "'lines': it has no meaning without 'versions'"),
            ("matrix: [{recipe: a, versions: newest}]", "a range such as"),
            ("matrix: [{recipe: a, level: log}]", "found 'log'"),
            ("matrix: [{recipe: a, level: deep}]", "unknown value 'deep'"),
            ("matrix: [{recipe: a, layouts: [root-9p+v2]}]", "root-9p, volume-9p or root-overlay"),
            ("matrix: [{recipe: a, cgroup: [v2]}]", "it needs 'layouts'"),
            ("matrix: [{recipe: a, overlaySize: 20g}]", "it needs 'layouts'"),
            ("matrix: [{recipe: a, probes: [percpu]}]", "it needs 'level: component'"),
            ("matrix: [{recipe: a, expect: {none: good}}]", "found 'none: good'"),
            ("matrix: [{recipe: a, expect: {none on root: clean}}]", "found 'none on root: clean'"),
            ("matrix: [{recipe: a, expect: {none: \"fatal, \"}}]", "found 'none: fatal, '"),
            ("matrix: [{recipe: a}]\nmaxAge: 0", "a number from 1 to 365"),
            ("matrix: [{recipe: a}]\nbudget: 2d", "a duration such as"),
            ("matrix: [{recipe: a}]\nage: 2", "unknown key 'age'"),
        ])
    func mistakes(_ text: String, _ words: String) throws {
        let error = #expect(throws: Diagnostic.self) { try parsed(text) }
        #expect(
            error?.description.contains(words) == true && error?.description.hasPrefix("nightly.yaml:") == true,
            "\(error?.description ?? "")")
    }
}
