import FileSystem
import Host
import Model
import SystemPackage
import Testing

@Suite("Words of a shell")
struct ShellWordTests {
    @Test("a shell gives back a quoted text as it was", arguments: ["a b", "/root/o'brien", "'", "''$(x)`y`\"\\", "'\u{301}", "", "a\nb"])
    func quoted(_ text: String) async throws {
        let folder = try Folder()
        let command = Command("/bin/sh", ["-c", "printf '<%s>' \(text.shellQuoted)"], environment: [:], on: folder.host)
        #expect(try await command.output() == "<\(text)>\n")
    }

    @Test("what is put in for a part of a text is not looked at again, and the longer of two parts that begin alike is taken")
    func replaced() {
        #expect("@A@ @B@ /a/b /a".replacingAll(["@A@": "@B@", "@B@": "@A@", "/a": "1", "/a/b": "/a"]) == "@B@ @A@ /a 1")
        #expect("@A@\u{301}".replacingAll(["@A@": "x"]) == "x\u{301}")
    }
}
