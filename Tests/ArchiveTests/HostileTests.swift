import Archive
import Foundation
import SystemPackage
import Testing

@Suite("Archives that are hostile")
struct HostileTests {
    @Test(
        "an entry that would leave its folder is refused by name, and nothing is kept nor touched outside",
        arguments: [
            ("file('good'); file('../evil')", "\"../evil\" has '..' in its name"),
            ("file('a/../../evil')", "\"a/../../evil\" has '..'"),
            ("folder('..')", "\"../\" has '..'"),
            ("file('/tmp/ninepin-evil')", "\"/tmp/ninepin-evil\" has an absolute name"),
            ("link('l', '/etc/passwd')", "\"l\" is a link to the absolute path \"/etc/passwd\""),
            ("link('a/l', '../../evil')", "\"a/l\" is a link to \"../../evil\", which is outside"),
            ("link('l', 'a/../../evil')", "\"l\" is a link to \"a/../../evil\", which is outside"),
            ("link('l', '')", "\"l\" is a link without a target"),
            ("hard('h', '/etc/passwd')", "\"h\" has an absolute name"),
            ("hard('h', '../yard')", "\"h\" has '..'"),
            ("hard('h', 'not/there')", "\"h\" leads through \"not\", which does not exist"),
            ("hard('h', 'later'); file('later')", "\"h\" is a hard link to \"later\", which is not an earlier file"),
        ])
    func leaves(_ lines: String, _ words: String) throws {
        let fixture = try ArchiveFixture()
        let error = try refusal(try fixture.tar(lines), in: fixture)
        #expect(error?.description.contains(words) == true, "\(String(describing: error))")
        guard case .refused? = error else {
            Issue.record("not refused: \(String(describing: error))")
            return
        }
        #expect(!FileManager.default.fileExists(atPath: "/tmp/ninepin-evil"))
    }

    @Test(
        "links that lead out only by the way of each other are refused, in whatever order they come",
        arguments: [
            // A link, then a file whose path passes through it.
            ("link('d', '.'); file('d/f')", "\"d/f\" leads through \"d\", which is a link"),
            ("folder('a'); link('d', 'a'); link('d/l', '..')", "\"d/l\" leads through \"d\", which is a link"),
            // The text 'up/..' looks like the folder itself, but resolves to the folder above it.
            ("link('a/b/up', '../..'); link('a/b/l', 'up/../x')", "\"a/b/l\" is a link to \"up/../x\", which is outside"),
            ("link('a/b/l', 'up/../x'); link('a/b/up', '../..')", "\"a/b/l\" is a link to \"up/../x\", which is outside"),
            ("link('one', 'two/..'); link('two', 'a/b/up'); link('a/b/up', '../..')", "\"one\" is a link to \"two/..\", which is outside"),
            // A hard link to a symbolic link would lead elsewhere than the original.
            ("link('a/b/l', '../../x'); hard('h', 'a/b/l')", "\"h\" is a hard link to \"a/b/l\", which is not an earlier file"),
            ("folder('d'); hard('h', 'd')", "\"h\" is a hard link to \"d\", which is not an earlier file"),
            ("link('d', 'a'); file('a/f'); hard('h', 'd/f')", "\"h\" leads through \"d\", which is a link"),
        ])
    func chains(_ lines: String, _ words: String) throws {
        let fixture = try ArchiveFixture()
        let error = try refusal(try fixture.tar(lines), in: fixture)
        #expect(error?.description.contains(words) == true, "\(String(describing: error))")
    }

    @Test("a link that leads out of the one folder is refused when that folder is all that is kept")
    func outOfTheTop() throws {
        let fixture = try ArchiveFixture()
        let archive = try fixture.tar("file('top/f'); link('top/l', '../x')")
        try Archive.unpack(archive, into: fixture.place("whole"))
        let error = try refusal(archive, in: fixture, strip: .commonTop)
        #expect(error?.description.contains("\"top/l\" is a link to \"../x\", which is outside") == true)
        #expect(try refusal(archive, in: fixture, strip: .leading(1))?.description.contains("\"top/l\" is a link to \"../x\"") == true)
    }

    @Test("links in a circle lead nowhere, and end the unpacking neither well nor never")
    func circle() throws {
        let fixture = try ArchiveFixture()
        let archive = try fixture.tar("link('a', 'b/x'); link('b', 'a/x'); link('c', 'c')")
        #expect(try Archive.unpack(archive, into: fixture.place("first")).files == 3)
        let many = try fixture.tar("for n in range(4000): link('l%d' % n, '/'.join(['l%d' % (n + 1)] * 500))", as: "b.tar")
        #expect(try refusal(many, in: fixture)?.description.contains("contains links that form a loop") == true)
    }

    @Test(
        "what is neither a file nor a link nor a directory is refused",
        arguments: [("CHRTYPE", "is a device"), ("BLKTYPE", "is a device"), ("FIFOTYPE", "is a pipe")])
    func kinds(_ kind: String, _ words: String) throws {
        let fixture = try ArchiveFixture()
        let error = try refusal(try fixture.tar("odd('dev/x', tarfile.\(kind))"), in: fixture)
        #expect(error?.description.contains("\"dev/x\" \(words)") == true, "\(String(describing: error))")
    }

    @Test(
        "nothing is written over: no name comes twice, no file becomes a folder, no folder a file",
        arguments: [
            ("file('a'); file('a', 'other')", "\"a\" has the same name as an earlier entry"),
            ("link('a', 'b'); file('a')", "\"a\" has the same name as an earlier entry"),
            ("folder('a'); file('a')", "\"a\" has the same name as an earlier entry"),
            ("file('a'); folder('a')", "\"a/\" leads through \"a\", which is a file"),
            ("file('a'); file('a/b')", "\"a/b\" leads through \"a\", which is a file"),
            ("folder('b'); link('a', 'b'); folder('a')", "\"a/\" leads through \"a\", which is a link"),
            ("file('a'); hard('b', 'a'); file('b')", "\"b\" has the same name as an earlier entry"),
            ("file('a'); hard('a', 'a')", "\"a\" has the same name as an earlier entry"),
        ])
    func twice(_ lines: String, _ words: String) throws {
        let fixture = try ArchiveFixture()
        let error = try refusal(try fixture.tar(lines), in: fixture)
        #expect(error?.description.contains(words) == true, "\(String(describing: error))")
    }

    @Test("a name that git keeps for itself is refused in any case of its letters", arguments: [".git/hooks/x", "a/.GIT", "a/.Git/b"])
    func git(_ name: String) throws {
        let fixture = try ArchiveFixture()
        #expect(
            try refusal(try fixture.tar("file('\(name)')"), in: fixture)?.description.contains("\"\(name)\" has a name reserved by git")
                == true)
        let harmless = try fixture.tar("file('.gitignore'); file('.github/x'); file('a.git')", as: "b.tar")
        try Archive.unpack(harmless, into: fixture.place("out"))
    }

    @Test("no name at all, one that is too long, one that is too deep are refused, and what a terminal would act on is not printed")
    func names() throws {
        let fixture = try ArchiveFixture()
        for (name, words) in [
            ("''", "\"\" has no name"), ("'.'", "\".\" has no name left"), ("'n' * 300", "a path component longer than 255 bytes"),
            ("'d/' * 200 + 'f'", "more than 128 folders deep"), ("'d/' * 3000 + 'f'", "a path longer than 4095 bytes"),
            ("'..' + chr(27) + '[31m/../x'", "\"..\\u{1B}[31m/../x\""),
        ] {
            let error = try refusal(try fixture.tar("file(\(name))"), in: fixture)
            #expect(error?.description.contains(words) == true, "\(String(describing: error))")
            try fixture.run("rm", "a.tar")
        }
    }

    @Test(
        "a zip archive's names, links and folders are held to the same",
        arguments: [
            ("add('../evil')", "\"../evil\" has '..'"), ("add('/evil')", "\"/evil\" has an absolute name"),
            ("add('l', '../x', 0o120777)", "\"l\" is a link to \"../x\""),
            ("add('l', '.', 0o120777); add('l/f')", "\"l/f\" leads through \"l\""),
            ("add('a'); add('a', 'other')", "\"a\" has the same name as an earlier entry"), ("add('.git/config')", "reserved by git"),
        ])
    func zips(_ lines: String, _ words: String) throws {
        let fixture = try ArchiveFixture()
        let error = try refusal(try fixture.zip(lines), in: fixture)
        #expect(error?.description.contains(words) == true, "\(String(describing: error))")
    }
}
