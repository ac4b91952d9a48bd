import FileSystem
import FoundationEssentials
import Store
import SystemPackage
import Testing

@Suite("Recorded documents")
struct DocumentFoldersTests {
    @Test("a table is moved in whole, under a name of its own")
    func tables() throws {
        let folder = FilePath(FileManager.default.temporaryDirectory.appending(path: "ninepin-documents-\(UUID())").path)
        defer { try? Files.remove(folder) }
        let (logs, places) = (folder.appending("logs"), folder.appending("approaches"))
        try Files.makeDirectory(logs.appending("more"))
        try Files.write("a line\n", to: logs.appending("kubelet.log"))
        let table = ["recipe": "r", "layout": "root-9p"]
        let place = try DocumentFolders(places).record(table, as: "table.json", logs: logs)
        #expect(place.removingLastComponent() == places && !Files.exists(logs))
        #expect(Files.names(in: place) == ["kubelet.log", "more", "table.json"])
        #expect(try JSONDecoder().decode([String: String].self, from: Data(Files.read(place.appending("table.json")))) == table)
    }
}
