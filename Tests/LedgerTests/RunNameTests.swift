import Foundation
import Host
import Ledger
import SystemPackage
import Testing

@Suite("Names of runs")
struct RunNameTests {
    @Test(
        "a run is looked for by a name and by no path, so that no file elsewhere is read",
        arguments: ["../x", "..", ".", "", "/etc", "a/b", "a/../../x"])
    func names(id: String) throws {
        let folder = FilePath(FileManager.default.temporaryDirectory.appending(path: "ninepin-runs-\(UUID())").path)
        defer { try? Files.remove(folder) }
        try Files.makeDirectory(folder.appending("runs/a"))
        for place in ["x", "runs", ""] {
            try Files.makeDirectory(folder.appending(place))
            try Files.write("no run", to: folder.appending(place).appending("run.json"))
        }
        let error = #expect(throws: FileError.self) { try Ledger(folder.appending("runs")).run(id) }
        #expect(error?.operation == "find the run")
    }
}
