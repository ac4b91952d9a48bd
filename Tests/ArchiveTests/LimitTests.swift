import Archive
import Foundation
import SystemPackage
import Testing

@Suite("Archives that hold too much, or too little")
struct LimitTests {
    @Test("more entries than are allowed are refused at the first that is too many, directories counted")
    func entries() throws {
        let fixture = try ArchiveFixture()
        let archive = try fixture.tar("folder('d')\nfor n in range(20): file('d/%d' % n)")
        let error = try refusal(archive, in: fixture, limits: Limits(entries: 20))
        #expect(error == .tooMuch(archive: archive, entry: "\"d/19\"", reason: "contains more than 20 entries"))
        #expect(try refusal(archive, in: fixture, limits: Limits(entries: 21)) == nil)
    }

    @Test("a zip archive whose end claims ten million entries is refused, in little memory and time")
    func claimedEntries() throws {
        let fixture = try ArchiveFixture()
        let archive = try fixture.zip("add('a')")
        // Zip64's end of central directory, which has room for that number of entries (APPNOTE.TXT, 4.3.14).
        try fixture.run(
            "python3", "-c",
            """
            import struct
            data = open('a.zip', 'rb').read()
            end = data.rindex(b'PK\\x05\\x06')
            size, start = struct.unpack('<II', data[end + 12:end + 20])
            many = 10_000_000
            record = struct.pack('<IQHHIIQQQQ', 0x06064b50, 44, 45, 45, 0, 0, many, many, many * 46, start)
            locator = struct.pack('<IIQI', 0x07064b50, 0, end, 1)
            plain = struct.pack('<IHHHHIIH', 0x06054b50, 0, 0, 0xffff, 0xffff, 0xffffffff, 0xffffffff, 0)
            open('a.zip', 'wb').write(data[:end] + record + locator + plain)
            """)
        let error = try refusal(archive, in: fixture)
        guard case .tooMuch? = error, error?.description.contains("10000000 entries") == true else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("a zip archive whose list of entries is longer than it says is held to the limit too, before the list is read")
    func longList() throws {
        let fixture = try ArchiveFixture()
        let archive = try fixture.zip("for n in range(3000): add('f%d' % n)")
        try fixture.run(
            "python3", "-c",
            """
            data = open('a.zip', 'rb').read()
            end = data.rindex(b'PK\\x05\\x06')
            open('a.zip', 'wb').write(data[:end + 8] + bytes([1, 0, 1, 0]) + data[end + 12:])
            """)
        guard case .tooMuch? = try refusal(archive, in: fixture, limits: Limits(entries: 1000)) else {
            Issue.record("not refused")
            return
        }
    }

    @Test("ten million headers in a small file are refused when the allowed number is reached")
    func manyHeaders() throws {
        let fixture = try ArchiveFixture()
        // One block of 512 bytes per entry, all the same except for the name: gzip compresses them to almost nothing.
        try fixture.run(
            "python3", "-c",
            """
            import gzip, tarfile
            out = gzip.open('a.tar.gz', 'wb', 1)
            for n in range(3000):
                one = tarfile.TarInfo('d/%d' % n)
                one.type = tarfile.DIRTYPE
                out.write(one.tobuf())
            out.close()
            """)
        let error = try refusal(fixture.place("a.tar.gz"), in: fixture, limits: Limits(entries: 1000))
        #expect(error?.description.contains("at its entry \"d/1000/\" it contains more than 1000 entries") == true)
    }

    @Test("a file that claims more than is allowed is refused before a byte of it is written")
    func claimedSize() throws {
        let fixture = try ArchiveFixture()
        // GNU's encoding of an eight-byte size: the first bit is set.
        let archive = try fixture.tar(
            "one = tarfile.TarInfo('huge'); one.size = 1 << 60; tar.fileobj.write(one.tobuf(tarfile.GNU_FORMAT)); tar.fileobj.write(bytes(2048))"
        )
        let error = try refusal(archive, in: fixture)
        #expect(error?.description.contains("\"huge\" it claims 1152921504606846976 bytes for one file; the limit is 4294967296") == true)
        let negative = try fixture.tar(
            "one = tarfile.TarInfo('less'); one.size = -5; tar.fileobj.write(one.tobuf(tarfile.GNU_FORMAT)); tar.fileobj.write(bytes(2048))",
            as: "b.tar")
        #expect(try refusal(negative, in: fixture) != nil)
    }

    @Test("all files together are held to the limit")
    func allBytes() throws {
        let fixture = try ArchiveFixture()
        let archive = try fixture.tar("for n in range(4): file('f%d' % n, 'x' * 1000)")
        let error = try refusal(archive, in: fixture, limits: Limits(bytes: 3500))
        #expect(error == .tooMuch(archive: archive, entry: "\"f3\"", reason: "exceeds the limit of 3500 bytes"))
        #expect(try refusal(archive, in: fixture, limits: Limits(bytes: 4000)) == nil)
    }

    @Test("a bomb is refused by how much more comes out than goes in, for each compression", arguments: ["gzip", "xz", "zstd"])
    func bomb(_ compressor: String) throws {
        let fixture = try ArchiveFixture()
        try fixture.run("sh", "-c", "truncate -s 200M zero; tar -cf - zero | \(compressor) -c > a.tar.x; rm zero")
        let error = try refusal(fixture.place("a.tar.x"), in: fixture)
        #expect(error?.description.contains("at its entry \"zero\" it expands") == true, "\(String(describing: error))")
        #expect(error?.description.contains("made to fill a disk") == true)
    }

    @Test("a zip that holds more than it claims is refused")
    func lyingZip() throws {
        let fixture = try ArchiveFixture()
        let archive = try fixture.zip("add('a', 'x' * 100000)")
        try fixture.run(
            "python3", "-c",
            """
            data = open('a.zip', 'rb').read()
            size = (100000).to_bytes(4, 'little')
            assert data.count(size) == 2
            open('a.zip', 'wb').write(data.replace(size, (10).to_bytes(4, 'little')))
            """)
        #expect(try refusal(archive, in: fixture, limits: Limits(fileBytes: 50000)) != nil)
    }

    @Test("an archive that is compressed twice is refused")
    func twiceCompressed() throws {
        let fixture = try ArchiveFixture()
        try fixture.run("sh", "-c", "echo x > f; tar -cf - f | gzip | xz > a.tar.gz.xz; rm f")
        #expect(try refusal(fixture.place("a.tar.gz.xz"), in: fixture)?.description.contains("compressed more than once") == true)
    }

    @Test("when the disk has too little room, it is said before it is full")
    func room() throws {
        let fixture = try ArchiveFixture()
        let archive = try fixture.tar("file('big', 'x' * (2 << 20))")
        let error = try refusal(archive, in: fixture, limits: Limits(spareBytes: 1 << 60))
        guard case .noSpace(fixture.place("out"), let reason)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(reason.contains("the next file has 2097152"))
    }

    @Test(
        "an archive that is cut off is refused wherever the cut is, and nothing is kept",
        arguments: ["tar", "tar.gz", "tar.xz", "tar.zst", "zip"])
    func cut(_ kind: String) throws {
        let fixture = try ArchiveFixture()
        if kind == "zip" {
            _ = try fixture.zip("for n in range(20): add('d/f%d' % n, str(n) * 2000)", as: "whole")
        } else {
            try fixture.run(
                "sh", "-c",
                "mkdir d; for n in 1 2 3 4 5 6 7 8 9; do head -c 7000 /dev/urandom > d/f$n; done; tar -caf whole.\(kind) d; mv whole.\(kind) whole; rm -r d"
            )
        }
        let whole = try Data(contentsOf: URL(filePath: fixture.place("whole").string))
        try Archive.unpack(fixture.place("whole"), into: fixture.place("good"))
        // In a plain tar archive, 8192 and 16384 are between two entries.
        for share in [0, 10, 512, 8192, 16384, whole.count / 2, whole.count * 9 / 10] where share < whole.count {
            try whole.prefix(share).write(to: URL(filePath: fixture.place("part").string))
            let error = try refusal(fixture.place("part"), in: fixture)
            guard case .damaged? = error else {
                Issue.record("cut after \(share) bytes: \(String(describing: error))")
                continue
            }
        }
    }

    @Test("wrong bytes are found by the checks that the format has", arguments: ["tar.xz", "tar.zst", "zip"])
    func wrongBytes(_ kind: String) throws {
        let fixture = try ArchiveFixture()
        let lines = "for n in range(20): add('d/f%d' % n, str(n) * 5000)"
        if kind == "zip" {
            _ = try fixture.zip(lines, as: "whole")
        } else {
            try fixture.run(
                "sh", "-c", "mkdir d; head -c 200000 /dev/urandom > d/f; tar -caf whole.\(kind) d; mv whole.\(kind) whole; rm -r d")
        }
        var bytes = try Data(contentsOf: URL(filePath: fixture.place("whole").string))
        bytes[bytes.count / 2] ^= 0x55
        try bytes.write(to: URL(filePath: fixture.place("whole").string))
        guard case .damaged? = try refusal(fixture.place("whole"), in: fixture) else {
            Issue.record("not found")
            return
        }
    }

    @Test("what is no archive, and what is not there, is said to be so")
    func none() throws {
        let fixture = try ArchiveFixture()
        try fixture.run("sh", "-c", "echo '<html>Not found</html>' > page.tar.gz")
        #expect(try refusal(fixture.place("page.tar.gz"), in: fixture)?.description.contains("neither a tar nor a zip archive") == true)
        #expect(try refusal(fixture.place("none"), in: fixture)?.description.contains("No such file") == true)
    }
}
