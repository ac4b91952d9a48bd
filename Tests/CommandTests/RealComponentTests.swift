import Foundation
import Model
import Testing

/// Real probes: built with a real Go from real upstream source, and run in real gVisor sandboxes.
@Suite("Real probes, equal to what was measured by hand", .real())
struct RealComponentTests {
    /// The manual measurements by probe, series and layout.
    private static let kubelet: [(probe: String, series: String, titles: [String: String])] = {
        let full = "percpu,memory-usage,9p-source"
        let none = "fatal, percpu"
        let percpu = ["root-9p": none, "root-overlay": none, "volume-9p": none]
        let clean = ["root-9p": "clean", "root-overlay": "clean", "volume-9p": "clean"]
        let memory = ["root-9p": "fatal, memory usage", "root-overlay": "fatal, memory usage", "volume-9p": "fatal, memory usage"]
        let device = clean.merging(["volume-9p": "fatal, could not find device"]) { $1 }
        return [
            ("libcontainer/percpu", "none", percpu), ("libcontainer/percpu", "percpu", clean),
            ("libcontainer/percpu", "percpu,9p-source", clean), ("libcontainer/percpu", full, clean),
            ("libcontainer/memory-usage", "none", memory), ("libcontainer/memory-usage", "percpu", memory),
            ("libcontainer/memory-usage", "percpu,9p-source", memory), ("libcontainer/memory-usage", full, clean),
            ("cadvisor/9p-source", "none", device), ("cadvisor/9p-source", "9p-line", device),
            ("cadvisor/9p-source", "9p-source", clean), ("cadvisor/9p-source", "percpu,9p-source", clean),
            ("cadvisor/9p-source", full, clean),
        ]
    }()

    @Test("the reader of rc92 and cAdvisor 0.38.6's fs: stock fatal, the one line of no use on a volume, the patches clean")
    func kubelet() async throws {
        let place = try await RealWorkspace.linked()
        let found = try await Computing.inTurn(minutes: 2) {
            try place.tool.run(["matrix", "kubelet-1.20", "--level", "component", "--json"])
        }
        #expect(found.status == 0, "\(found.errors)")
        try expectDocument(found.output, is: "matrix.schema.json")
        let cells = try #require(try found.json()["cells"] as? [[String: Any]])
        #expect(cells.count == Self.kubelet.map(\.titles.count).reduce(0, +))
        for (probe, series, titles) in Self.kubelet {
            for (layout, title) in titles {
                let cell = try #require(
                    cells.first {
                        $0["probe"] as? String == probe && $0["label"] as? String == series && $0["layout"] as? String == layout
                    }, "\(probe) of \(series) on \(layout)")
                let words = [cell["grade"], cell["cause"]].compactMap { $0 as? String }.joined(separator: ", ")
                #expect(words == title, "\(probe) of \(series) on \(layout): \(cell)")
            }
        }
        place.tool.expectNothingRuns()
    }

    @Test("reflect2 1.0.1 breaks memory when Go 1.18 or newer has compiled it, and the patch mends that")
    func mapIteration() async throws {
        let place = try await RealWorkspace.linked()
        let question = ["matrix", "kubelet-1.20", "--level", "component", "--layout", "root-9p", "--probe", "reflect2/map-iteration"]
        let found = try await Computing.inTurn(minutes: 1) {
            try place.tool.run(question + ["--series", "none", "--series", "map-iteration", "--json"])
        }
        let cells = try #require(try found.json()["cells"] as? [[String: Any]], "\(found.errors)")
        let titles = cells.map { [$0["label"], $0["grade"], $0["cause"]].compactMap { $0 as? String }.joined(separator: " ") }
        #expect(titles == ["none fatal map iteration", "map-iteration clean"], "\(found.output)")
        place.tool.expectNothingRuns()
    }

    @Test(
        "runc's reader of two Debian releases and its newest home: stock fatal, patched clean",
        arguments: ["runc@1.1.5", "runc@1.1.15", "cgroups"])
    func libraries(_ recipe: String) async throws {
        let place = try await RealWorkspace.linked()
        let matrix = ["matrix", recipe, "--layout", "root-9p"]
        let found = try await Computing.inTurn(minutes: 2) { try place.tool.run(matrix + ["--level", "component", "--json"]) }
        #expect(found.status == 0, "\(found.errors)")
        try expectDocument(found.output, is: "matrix.schema.json")
        let cells = try #require(try found.json()["cells"] as? [[String: Any]])
        let titles = cells.map { [$0["label"], $0["grade"], $0["cause"]].compactMap { $0 as? String }.joined(separator: " ") }
        #expect(
            titles == [
                "none fatal percpu", "percpu clean", "percpu,memory-usage clean", "none fatal memory usage", "percpu fatal memory usage",
                "percpu,memory-usage clean",
            ], "\(found.output)")
        let run = try place.tool.run(["run", recipe, "--json"])
        #expect(run.status == 0, "\(run.errors)")
        try expectDocument(run.output, is: "run.schema.json")
        let lock = try #require(try run.json()["lock"] as? [String: Any])
        #expect(((lock["libraries"] as? [Any])?.count ?? 0) > 0)
        #expect(((try run.json()["tools"] as? [String: String])?["go"] ?? "").hasPrefix("go1."))
        let boot = try place.tool.run(["run", recipe, "--level", "boot"])
        #expect(boot.status == 64, "\(boot.errors)")
    }

    @Test("one run at level component: the same document as a boot's, and the exit code of its verdict")
    func run() async throws {
        let place = try await RealWorkspace.linked()
        let stock = try place.tool.run(["run", "kubelet-1.20", "--level", "component", "--series", "none", "--json"])
        #expect(stock.status == 1)
        try expectDocument(stock.output, is: "run.schema.json")
        let verdict = try #require(try stock.json()["verdict"] as? [String: Any])
        #expect(verdict["level"] as? String == "component")
        #expect(verdict["cause"] as? String == "percpu")
        let evidence = try #require(verdict["evidence"] as? [[String: Any]])
        #expect(
            Set(evidence.compactMap { $0["source"] as? String }) == [
                "libcontainer/percpu", "libcontainer/memory-usage", "cadvisor/9p-source",
            ])
    }

    @Test("one probe is asked in one layout, and the artifact is its program")
    func oneProbe() async throws {
        let place = try await RealWorkspace.linked()
        let one = try place.tool.run([
            "run", "kubelet-1.20", "--level", "component", "--series", "none", "--probe", "9p-source", "--layout", "root-overlay", "--json",
        ])
        #expect(one.status == 0, "\(one.errors)")
        let artifact = try #require(try one.json()["artifact"] as? [String: Any])
        let path = try #require(artifact["path"] as? String)
        #expect(FileManager.default.isExecutableFile(atPath: path))
        #expect(processes(naming: place.path).isEmpty)
    }
}
