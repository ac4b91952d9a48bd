import FileSystem
import Host
import Model
import SystemPackage
import Testing

@testable import GoToolchain

@Suite("A path in a flag of Go's that holds several words")
struct GoWordTests {
    @Test(
        "is one word, whatever is in it", arguments: [("/a b/c", "'/a b/c'"), ("/a/o'brien x", "\"/a/o'brien x\""), ("/a\"b", "'/a\"b'")])
    func word(_ path: String, _ word: String) throws { #expect(try GoTest.word(FilePath(path)) == word) }

    @Test("is refused when it has both quotation marks, which Go cannot be told")
    func both() {
        let error = #expect(throws: FileError.self) { try GoTest.word("/a'b\"c") }
        #expect(error?.description.contains("both kinds of quotation marks; use another workspace") == true)
    }
}
