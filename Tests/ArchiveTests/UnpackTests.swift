import Archive
import Foundation
import Git
import Glibc
import SystemPackage
import Testing

@Suite("Archives that are good")
struct UnpackTests {
    /// A tree with typical features: modes, links inside the tree, a long name, a name that is not UTF-8, line endings, an empty file.
    private func tree(in fixture: ArchiveFixture) throws {
        try fixture.run(
            "python3", "-c",
            """
            import os
            def write(name, content, mode=0o644):
                os.makedirs(os.path.dirname(name), exist_ok=True)
                open(name, 'wb').write(content)
                os.chmod(name, mode)
            write(b'tree/a.txt', b'one\\r\\ntwo\\r\\n')
            write(b'tree/run.sh', b'#!/bin/sh\\n', 0o755)
            write(b'tree/private', b'x', 0o600)
            write(b'tree/empty', b'')
            write(b'tree/' + b'/'.join([b'deep' * 12] * 6) + b'/file', b'deep')
            write(b'tree/' + 'grün/π'.encode(), b'letters')
            write(b'tree/big', bytes(range(256)) * 5000)
            os.mkdir('tree/hollow')
            os.symlink('../a.txt', 'tree/grün/up')
            os.symlink('grün', 'tree/folder')
            os.symlink('not/there', 'tree/dangling')
            os.link('tree/a.txt', 'tree/same')
            """)
    }

    @Test(
        "a tar archive of each kind gives what GNU tar makes of it, and the same tree id",
        arguments: [[], ["-z"], ["-J"], ["--zstd"], ["-j"], ["--format=pax"], ["--format=gnu"], ["--format=ustar", "-z"]])
    func sameAsTar(_ options: [String]) throws {
        let fixture = try ArchiveFixture()
        try tree(in: fixture)
        if options != ["--format=ustar", "-z"] {
            try fixture.run("python3", "-c", "open(b'tree/odd-\\xff\\xfe', 'w').write('no UTF-8'); open('tree/' + 'n' * 200, 'w')")
        } else {
            try fixture.run("rm", "-r", "tree/\(String(repeating: "deep", count: 12))")
        }
        let archive = fixture.place("a.tar")
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/tar")
        process.arguments = ["-C", fixture.path.string] + options + ["-cf", archive.string, "tree"]
        try process.run()
        while process.isRunning { usleep(2_000) }
        try fixture.run("mkdir", "theirs")
        try fixture.run("tar", "-xf", "a.tar", "-C", "theirs")
        let done = try Archive.unpack(archive, into: fixture.place("ours"))
        #expect(try fixture.listing(fixture.place("ours")) == fixture.listing(fixture.place("theirs")))
        #expect(done.bytes > 1_280_000 && done.files >= 9)
        let repository = try Repository.openOrCreateBare(at: fixture.place("trees.git").string)
        let ours = try repository.importTree(from: fixture.place("ours").string) { _ in }
        #expect(try repository.importTree(from: fixture.place("theirs").string) { _ in } == ours)
    }

    @Test("a zip archive gives its files with their modes and links, and a folder's name alone makes a folder")
    func zip() throws {
        let fixture = try ArchiveFixture()
        let archive = try fixture.zip(
            """
            add('go/bin/go', 'program', 0o100755)
            add('go/VERSION', 'go1.99')
            add('go/link', 'bin/go', 0o120777)
            add('grün/', '', 0o40755)
            """, as: "a.whl")
        try Archive.unpack(archive, into: fixture.place("out"))
        let listing = try fixture.listing(fixture.place("out"))
        #expect(
            listing == """
                go 16384 0 b''
                go/VERSION 32768 0 b'go1.99'
                go/bin 16384 0 b''
                go/bin/go 32768 64 b'program'
                go/link 40960 0 b'bin/go'
                grün 16384 0 b''
                """)
    }

    @Test("the one folder that all is in is left out when that is wished, and only when there is one")
    func commonTop() throws {
        let fixture = try ArchiveFixture()
        let one = try fixture.tar("file('top-1.2/a'); file('top-1.2/top-1.2/b'); link('top-1.2/c', 'top-1.2/b')", as: "one.tar")
        try Archive.unpack(one, into: fixture.place("one"), strip: .commonTop)
        #expect(try fixture.listing(fixture.place("one")).contains("top-1.2/b 32768"))
        #expect(FileManager.default.fileExists(atPath: fixture.place("one/a").string))
        let two = try fixture.tar("file('top/a'); file('beside')", as: "two.tar")
        try Archive.unpack(two, into: fixture.place("two"), strip: .commonTop)
        #expect(FileManager.default.fileExists(atPath: fixture.place("two/top/a").string))
        let single = try fixture.tar("file('only')", as: "single.tar")
        try Archive.unpack(single, into: fixture.place("single"), strip: .commonTop)
        #expect(FileManager.default.fileExists(atPath: fixture.place("single/only").string))
        #expect(fixture.names == ["one", "one.tar", "single", "single.tar", "two", "two.tar"])
    }

    @Test("leading parts are left out, of hard links' targets too, and a file that has nothing left is refused")
    func leading() throws {
        let fixture = try ArchiveFixture()
        let archive = try fixture.tar("folder('a'); folder('a/b'); file('a/b/c'); hard('a/b/d', 'a/b/c')")
        try Archive.unpack(archive, into: fixture.place("out"), strip: .leading(2))
        #expect(try fixture.listing(fixture.place("out")) == "c 32768 0 b'x'\nd 32768 0 b'x'")
        #expect(
            try refusal(archive, in: try fresh(fixture, "out"), strip: .leading(3))?.description.contains("\"a/b/c\" has no name left")
                == true
        )
    }

    private func fresh(_ fixture: ArchiveFixture, _ name: String) throws -> ArchiveFixture {
        try fixture.run("rm", "-r", name)
        return fixture
    }

    @Test("of a mode only x is kept: no setuid bit, no sticky bit, nothing that others may write")
    func modes() throws {
        let fixture = try ArchiveFixture()
        let archive = try fixture.tar("file('a', mode=0o6777); file('b', mode=0o1666); file('c', mode=0o000)")
        try Archive.unpack(archive, into: fixture.place("out"))
        for (name, mode) in [("a", 0o755), ("b", 0o644), ("c", 0o644)] {
            var status = stat()
            #expect(stat(fixture.place("out").appending(name).string, &status) == 0)
            #expect(status.st_mode & 0o7777 & ~0o022 == mode_t(mode) & ~0o022)
            #expect(status.st_mode & 0o7022 == 0)
        }
    }

    @Test("a sparse file comes with its holes, at its end too", arguments: ["gnu", "pax"])
    func sparse(_ format: String) throws {
        let fixture = try ArchiveFixture()
        try fixture.run("truncate", "-s", "3M", "hole")
        try fixture.run("sh", "-c", "printf x | dd of=hole bs=1 seek=1000000 conv=notrunc 2>/dev/null")
        try fixture.run("tar", "-S", "--format=\(format)", "-cf", "a.tar", "hole")
        let done = try Archive.unpack(fixture.place("a.tar"), into: fixture.place("out"))
        try fixture.run("cmp", "hole", "out/hole")
        #expect(done.bytes == 3 << 20)
    }

    @Test("what progress throws ends the work, and nothing is kept")
    func cancelled() throws {
        let fixture = try ArchiveFixture()
        let archive = try fixture.tar("for n in range(2000): file('f%d' % n)")
        #expect(throws: CancellationError.self) {
            try Archive.unpack(archive, into: fixture.place("out")) { _ in throw CancellationError() }
        }
        #expect(fixture.names == ["a.tar"])
    }

    @Test("a folder that is there is left alone")
    func there() throws {
        let fixture = try ArchiveFixture()
        let archive = try fixture.tar("file('a')")
        try fixture.run("mkdir", "out")
        try fixture.run("touch", "out/mine")
        let error = #expect(throws: ArchiveError.self) { try Archive.unpack(archive, into: fixture.place("out")) }
        #expect(error?.description.contains("out: File exists") == true)
        #expect(try fixture.run("ls", "out") == "mine\n")
    }
}
