import Foundation
import Sanitizing
import Testing

@Suite("Words of a shell")
struct ShellWordTests {
    @Test(
        "a shell reads a quoted word as the text that it was made of",
        arguments: ["", "a b", "it's", "'", "''", "$HOME `x` \\ \" !", "a\nb", "'\u{301}; echo no; '", "\u{301}'", "-n", "é"])
    func quoted(_ text: String) throws {
        // A file, because a pipe's end would be inherited by what other tests start at the same time.
        let file = FileManager.default.temporaryDirectory.appending(path: "ninepin-word-\(UUID())")
        defer { try? FileManager.default.removeItem(at: file) }
        for word in [ShellWord.quoted(text), ShellWord.plain(text)] {
            let shell = Process()
            shell.executableURL = URL(filePath: "/bin/sh")
            shell.arguments = ["-c", "printf '%s.' \(word) > \(ShellWord.quoted(file.path))"]
            try shell.run()
            shell.waitUntilExit()
            #expect(try Array(Data(contentsOf: file)) == Array("\(text).".utf8))
        }
    }

    @Test("a word of harmless characters needs no quotes")
    func plain() { #expect(ShellWord.plain("/a/b-c_1.d:e") == "/a/b-c_1.d:e" && ShellWord.plain("a b") == "'a b'") }
}
