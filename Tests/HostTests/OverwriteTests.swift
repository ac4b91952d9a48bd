import FileSystem
import Host
import Model
import SystemPackage
import Testing

@Suite("Files that are written over")
struct OverwriteTests {
    @Test("the beginning is replaced in place, and what lies after it stays")
    func inPlace() throws {
        let folder = try Folder()
        let path = folder.path.appending("report")
        try Files.write("old and long", to: path)
        let before = try #require(FileStamp(of: path))
        try Files.overwrite(path, with: Array("new".utf8))
        #expect(String(decoding: try Files.read(path), as: UTF8.self) == "new and long")
        #expect(FileStamp(of: path) != before)
        #expect(throws: FileError.self) { try Files.overwrite(folder.path.appending("none"), with: [1]) }
    }
}
