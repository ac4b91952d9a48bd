import Foundation
import Testing

@Suite("Real nights", .real(minutes: 6))
struct RealNightlyTests {
    @Test("nine nodes and the probes are measured once; the second night of the same day boots nothing, and the report is the same")
    func twice() async throws {
        let place = try await RealWorkspace.linked()
        let tool = place.tool
        for series in ["none", "percpu"] { _ = try await RealWorkspace.build(tool, "kubelet-1.20", ["--series", series], minutes: 3) }
        let manifest = try place.write(
            "cells.yaml",
            """
            matrix:
              - recipe: kubelet-1.20
                level: boot
                series: [none, percpu, recipe]
                layouts: [root-9p, volume-9p, root-overlay]
                expect:
                  "*": clean
                  none: fatal, memory cache
                  none on volume-9p: fatal, could not find device
                  percpu on volume-9p: fatal, could not find device
              - recipe: kubelet-1.20
                level: component
                series: [recipe]
                layouts: [root-9p, root-overlay]
                expect: {"*": clean}

            """)
        try expectDocument(try tool.run(["nightly", manifest, "--plan", "--json"]).output, is: "nightly-plan")
        let first = try tool.run(["nightly", manifest, "--json", "--html", "\(place.path)/report", "--junit", "\(place.path)/junit.xml"])
        #expect(first.status == 0, "\(first.output)\(first.errors)")
        try expectDocument(first.output, is: "report")
        let measured = try Night(first)
        #expect(measured.cells.count == 15 && measured.cells.allSatisfy { $0.state == "as expected" }, "\(measured.cells)")
        #expect(measured.drift.isEmpty)
        for file in ["report/index.html", "junit.xml"] { #expect(FileManager.default.fileExists(atPath: "\(place.path)/\(file)")) }
        let runs = try place.runs()
        #expect(runs.count >= 15)

        let second = try tool.run(["nightly", manifest, "--json"])
        #expect(second.status == 0, "\(second.output)\(second.errors)")
        try expectDocument(second.output, is: "report")
        try expectDocument(try tool.run(["nightly", manifest, "--plan", "--json"]).output, is: "nightly-plan")
        let kept = try Night(second)
        #expect(kept.cells.allSatisfy { $0.state == "unchanged" } && kept.drift.isEmpty)
        #expect(kept.cells.map(\.result) == measured.cells.map(\.result))
        #expect(try place.runs() == runs)
        tool.expectNothingRuns()
        try tool.expectNothingHalfDone()
    }

    @Test("a tag where a patch stops applying, one where upstream took a patch, and one where stock is clean: one line each")
    func upstream() async throws {
        let place = try await RealWorkspace.linked(["store", "cache", "tools"])
        let yard = try await Computing.inTurn(minutes: 2) { try MovingUpstream(place) }
        let tool = yard.tool
        try yard.add("v1.20.2")
        let first = try tool.run(["nightly", yard.manifest, "--json"])
        #expect(first.status == 0, "\(first.output)\(first.errors)")
        #expect(try Night(first).cells.map(\.result) == ["fatal, memory cache", "fatal, memory usage", "clean", "clean"])

        try yard.add("v1.20.3", edited: true)
        let edited = try Night(try tool.run(["nightly", yard.manifest, "--json"]), status: 1)
        #expect(edited.lines("patch no longer applies").count == 1, "\(edited.drift)")
        #expect(edited.lines("patch no longer applies").first?.contains("cadvisor/9p-line does not apply to") == true, "\(edited.drift)")
        #expect(
            edited.drift.allSatisfy { $0.kind == "patch no longer applies" || $0.kind == "boot slower than its history" }, "\(edited.drift)"
        )

        try yard.add("v1.20.4", edited: true, merging: "memory-usage")
        let third = try tool.run(["nightly", yard.manifest, "--json"])
        try expectDocument(third.output, is: "report")
        let merged = try Night(third, status: 1)
        #expect(merged.lines("patch merged upstream").count == 1, "\(merged.drift)")
        #expect(merged.lines("patch merged upstream").first?.contains("libcontainer/memory-usage") == true, "\(merged.drift)")
        #expect(merged.lines("patch no longer needed").isEmpty, "\(merged.drift)")

        try yard.add("v1.20.5", edited: true, merging: "memory-usage,percpu")
        let clean = try Night(try tool.run(["nightly", yard.manifest, "--json"]), status: 1)
        #expect(clean.lines("patch no longer needed").count == 1, "\(clean.drift)")
        #expect(
            clean.lines("patch no longer needed").first?.contains("moving 1.20.5 is clean without") == true
                && clean.drift.first { $0.kind == "patch no longer needed" }?.before != clean.drift.first?.after, "\(clean.drift)")
        tool.expectNothingRuns()
    }

    @Test("killed at 20 moments, a night loses nothing that it reported, the ledger stays whole, and the report is the same in the end")
    func killed() async throws {
        let place = try await RealWorkspace.linked()
        let tool = place.tool
        _ = try await RealWorkspace.build(tool, "kubelet-1.20", ["--series", "none"], minutes: 3)
        var reported: [String: String] = [:]
        for kill in 0..<20 {
            // A manifest with other bytes is another night. Nothing is ever as expected, so every night measures everything.
            let manifest = try place.write("cells.yaml", Self.cells(version: kill / 3))
            let (process, _, errors) = try tool.start(["nightly", manifest], in: URL(filePath: place.path))
            let moment = Double.random(in: 0.2...7)
            let end = Date.now.addingTimeInterval(moment)
            while process.isRunning, Date.now < end { try await Task.sleep(for: .milliseconds(20)) }
            Foundation.kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            for line in try String(contentsOf: errors, encoding: .utf8).split(separator: "\n") {
                guard let found = line.firstMatch(of: /recorded: (.+): (clean|fatal[^(]*) \(/) else { continue }
                reported[String(found.1)] = String(found.2)
            }
            let check = try outcome(of: "/usr/bin/python3", ["-c", Self.integrity, "\(tool.workspace)/ledger.sqlite"])
            #expect(check.status == 0, "after the kill at \(moment) s: \(check.output)")
        }
        #expect(!reported.isEmpty)
        let manifest = try place.write("cells.yaml", Self.cells(version: 19 / 3))
        let last = try Night(try tool.run(["nightly", manifest, "--json"]), status: 1)
        let other = try await RealWorkspace.linked()
        let whole = try Night(try other.tool.run(["nightly", manifest, "--json"]), status: 1)
        let results = { (night: Night) in Dictionary(uniqueKeysWithValues: night.cells.map { ($0.key, $0.result) }) }
        #expect(results(last) == results(whole))
        #expect(last.cells.map(\.isBroken) == whole.cells.map(\.isBroken))
        for (cell, result) in reported { #expect(results(last)[cell] == result, "\(cell)") }
        tool.expectNothingRuns()
        // What a killed process leaves is removed by the next one.
        try tool.expectNothingHalfDone()
    }

    private static func cells(version: Int) -> String {
        """
        # \(version)
        matrix:
          - recipe: kubelet-1.20
            level: component
            series: [none, recipe]
            layouts: [root-9p, root-overlay]
            expect: {"*": short}

        """
    }

    /// Checks a database with another implementation's reader: the file, its foreign keys, and that each run of a cell is there.
    private static let integrity = """
        import sqlite3, sys
        import os
        if not os.path.exists(sys.argv[1]): sys.exit(0)
        db = sqlite3.connect(sys.argv[1])
        tables = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert not db.execute("PRAGMA foreign_key_check").fetchall()
        if "night_cells" in tables:
            assert not db.execute("SELECT run FROM night_cells WHERE run IS NOT NULL AND run NOT IN (SELECT id FROM runs)").fetchall()
        """
}

extension ProjectFixture {
    /// The names of the recorded runs.
    fileprivate func runs() throws -> Set<String> { Set(try FileManager.default.contentsOfDirectory(atPath: "\(tool.workspace)/runs")) }
}

/// An upstream that the test moves: a repository with the real tree, and tags with changes.
private struct MovingUpstream {
    let tool: Tool
    let manifest: String
    private let repository: GitFolder
    private let place: ProjectFixture

    private static let file = "vendor/github.com/google/cadvisor/fs/fs.go"

    init(_ place: ProjectFixture) throws {
        self.place = place
        var tool = place.tool
        repository = try GitFolder(at: "\(place.path)/moving.git", borrowingFrom: ["\(tool.workspace)/store/trees.git"])
        for name in ["recipes/kubelet-1.20.yaml", "patches"] {
            let copy = URL(filePath: "\(place.path)/project/\(name)")
            try FileManager.default.createDirectory(at: copy.deletingLastPathComponent(), withIntermediateDirectories: true)
            try FileManager.default.copyItem(at: Tool.project.appending(path: name), to: copy)
        }
        _ = try place.write(
            "project/recipes/moving.yaml",
            """
            extends: kubelet-1.20
            title: kubelet {version}, from a repository that changes
            version: 1.20.2
            source:
              git:
                url: file://\(place.path)/moving.git
                ref: v{version}

            """)
        manifest = try place.write(
            "project/recipes/nightly.yaml",
            """
            matrix:
              - {recipe: moving, versions: ">=1.20", level: boot, series: [none], layouts: [root-overlay], expect: {none: "fatal, memory cache"}}
              - {recipe: moving, versions: ">=1.20", level: component, series: [none], layouts: [root-9p], probes: [memory-usage]}
              - {recipe: moving, versions: ">=1.20", level: component, series: [memory-usage], layouts: [root-9p], expect: {"*": clean}}
              - {recipe: moving, versions: ">=1.20", level: component, series: [9p-line], layouts: [root-9p], expect: {"*": clean}}

            """)
        tool.project = "\(place.path)/project"
        self.tool = tool
    }

    /// Adds a tag whose tree is the real one, with patches of the registry applied, or with an edit where `9p-line` belongs.
    func add(_ tag: String, edited: Bool = false, merging series: String = "none") throws {
        let patched = try place.tool.run(["patch", "kubelet-1.20", "--series", series, "--json"])
        let tree = try #require(try patched.json()["tree"] as? String)
        try repository.run(["read-tree", tree], index: tag)
        if edited {
            let text = try repository.run(["cat-file", "blob", "\(tree):\(Self.file)"])
            let other = text.replacingOccurrences(of: "\"zfs\":     true,", with: "\"zfs\":     true, // and others")
            #expect(other != text)
            let entries = try repository.entries([Self.file: Data(other.utf8)])
            try repository.run(["update-index", "--index-info"], index: tag, input: entries)
        }
        try repository.commit(index: tag, tag: tag)
    }
}
