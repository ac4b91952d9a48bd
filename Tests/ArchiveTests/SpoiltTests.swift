import Archive
import Foundation
import SystemPackage
import Testing

@Suite("Archives with wrong bytes in them")
struct SpoiltTests {
    /// Creates `a.tar`, compresses it, and inverts the bits of one byte in the middle of a file's content.
    private func spoilt(_ compressor: [String], in fixture: ArchiveFixture, at place: String) throws -> FilePath {
        let archive = try fixture.tar("file('before'); file('text', 'A line of the text, again and again.\\n' * 3000); file('after')")
        let program = """
            import subprocess, sys
            data = bytearray(subprocess.run(sys.argv[3:], input=open('a.tar', 'rb').read(), stdout=subprocess.PIPE, check=True).stdout)
            data[int(len(data) * float(sys.argv[2]))] ^= 0xff
            open(sys.argv[1], 'wb').write(data)
            """
        try fixture.run("python3", ["-c", program, "spoilt", place] + compressor)
        try fixture.run("rm", archive.string)
        return fixture.place("spoilt")
    }

    @Test(
        "a wrong byte in the middle is found by the checksum that the compressor left, and nothing is kept",
        arguments: [["gzip", "-c"], ["xz", "-c"], ["bzip2", "-c"], ["zstd", "-qc"]], ["0.3", "0.5", "0.7"])
    func middle(_ compressor: [String], _ place: String) throws {
        let fixture = try ArchiveFixture()
        let error = try refusal(try spoilt(compressor, in: fixture, at: place), in: fixture)
        guard case .damaged? = error else {
            Issue.record("not refused: \(String(describing: error))")
            return
        }
    }

    @Test("a name ends at its first NUL, in the check and on the disk alike", arguments: ["tar", "zip"])
    func nul(_ kind: String) throws {
        let fixture = try ArchiveFixture()
        func archive(_ name: String) throws -> FilePath {
            if kind == "tar" { return try fixture.tar("file('\(name)'.replace('#', chr(0)))") }
            // Python's zipfile does not accept a NUL.
            let archive = try fixture.zip("add('\(name)')")
            let program = "import sys; old = open(sys.argv[1], 'rb').read(); open(sys.argv[1], 'wb').write(old.replace(b'#', bytes([0])))"
            try fixture.run("python3", "-c", program, archive.string)
            return archive
        }
        #expect(try refusal(try archive("../evil#good"), in: fixture)?.description.contains("\"../evil\" has '..'") == true)
        #expect(try refusal(try archive("#good"), in: fixture) != nil)
        #expect(try Archive.unpack(try archive("good#/../../evil"), into: fixture.place("out")).files == 1)
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.place("out").string) == ["good"])
        // In a tar archive, a name with non-ASCII characters is stored in a record with an explicit length.
        #expect(try Archive.unpack(try archive("gut\u{E9}#/../../evil"), into: fixture.place("other")).files == 1)
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.place("other").string) == ["gut\u{E9}"])
    }
}
