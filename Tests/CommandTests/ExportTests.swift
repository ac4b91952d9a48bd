import Foundation
import Testing

@Suite("ninepin export")
struct ExportTests {
    private let place: ProjectFixture
    private var file: String { "\(place.path)/run.tar.gz" }

    init() throws { place = try DiffTests.project() }

    /// Runs tar(1) on the archive.
    private func tar(_ arguments: [String]) throws -> String {
        let output = "\(place.path)/tar-output"
        #expect(FileManager.default.createFile(atPath: output, contents: nil))
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/tar")
        process.arguments = arguments
        process.standardOutput = try FileHandle(forWritingTo: URL(filePath: output))
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return try String(contentsOfFile: output, encoding: .utf8)
    }

    @Test("a run is packed with its record, verdict, logs and report, below one folder, and the same run gives the same bytes")
    func packed() async throws {
        let found = try await place.tool.ran(["export", "20260101T000000-1a", file])
        #expect(found.status == 0, "\(found.errors)")
        let names = try tar(["-tzf", file]).split(separator: "\n").map(String.init)
        let top = "ninepin-run-20260101T000000-1a"
        #expect(Set(names) == Set(["README", "run.json", "verdict.json", "logs/kubelet.log", "report.html"].map { "\(top)/\($0)" }))
        #expect(try tar(["-xzOf", file, "\(top)/logs/kubelet.log"]) == "Started kubelet\nit lives\n")
        #expect(try tar(["-xzOf", file, "\(top)/README"]).contains("logs/kubelet.log: a log of the run"))
        let other = "\(place.path)/other.tgz"
        #expect(try await place.tool.ran(["export", "20260101T000000-1a", other]).status == 0)
        #expect(FileManager.default.contentsEqual(atPath: file, andPath: other))
    }

    @Test("what is not in the run's folder is left out and told: a link, a removed log, a patch that the registry lacks")
    func leftOut() async throws {
        // The first command enters the runs in the ledger.
        #expect(try await place.tool.ran(["history"]).status == 0)
        let log = "\(place.tool.workspace)/runs/20260102T000000-2/kubelet.log"
        try FileManager.default.removeItem(atPath: log)
        try FileManager.default.createSymbolicLink(atPath: log, withDestinationPath: "/etc/hostname")
        let found = try await place.tool.ran(["export", "20260102", file, "--json"])
        #expect(found.status == 0, "\(found.errors)")
        try expectDocument(found.output, is: "export")
        let notes = try #require(try found.json()["notes"] as? [String])
        #expect(notes.contains("kubelet.log is left out: it is a link"))
        #expect(notes.contains("the patch a/one is left out: the registry no longer has it"))
        #expect(try !tar(["-tzf", file]).contains("kubelet.log"))
    }

    @Test("an existing file is not replaced, and an unknown run, a beginning of several and another ending are usage errors")
    func refused() async throws {
        _ = try place.write("run.tar.gz", "mine")
        let found = try await place.tool.ran(["export", "20260102", file])
        #expect(found.status == 74 && found.errors.contains("it exists, and is not replaced"), "\(found.errors)")
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "mine")
        for arguments in [["2025", "\(place.path)/a.tgz"], ["2026", "\(place.path)/a.tgz"], ["20260102", "\(place.path)/a.zip"]] {
            #expect(try await place.tool.ran(["export"] + arguments).status == 64)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.path).allSatisfy { !$0.hasSuffix(".part") })
    }
}
