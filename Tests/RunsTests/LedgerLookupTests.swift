import FileSystem
import Model
import Runs
import SystemPackage
import Testing

@Suite("Finding a run by the beginning of its ID")
struct LedgerLookupTests {
    private let folder: TestWorkspace

    init() throws { folder = try TestWorkspace() }

    private func ids(_ beginning: String, limit: Int = 10) throws -> [String] {
        for id in ["20260101T000000-1", "20260101T000000-1a", "20260101T000000-zz", "20260102T000000-1"] {
            try folder.place(try TestWorkspace.run(id))
        }
        try Files.makeDirectory(folder.runs.appending("20260103T000000-1"))
        return try Ledger(folder.workspace).ids(beginningWith: beginning, limit: limit)
    }

    @Test(
        "all IDs with the beginning are found, in order; a whole ID is the only one; a record that cannot be read is found too",
        arguments: [
            ("20260102", ["20260102T000000-1"]), ("20260101T000000-1", ["20260101T000000-1"]),
            ("20260101T000000-z", ["20260101T000000-zz"]), ("20260103", ["20260103T000000-1"]), ("2027", []),
            ("20260101", ["20260101T000000-1", "20260101T000000-1a", "20260101T000000-zz"]),
        ])
    func found(_ beginning: String, _ expected: [String]) throws { #expect(try ids(beginning) == expected) }

    @Test("what cannot be in an ID finds nothing", arguments: ["", "%", "2026_101", "../", "20260101T000000-1{", "'", "é"])
    func none(_ beginning: String) throws { #expect(try ids(beginning) == []) }

    @Test("no more than the limit is read, in order") func limited() throws {
        #expect(try ids("2026", limit: 2) == ["20260101T000000-1", "20260101T000000-1a"])
    }

    @Test("the logs of a run are as they were recorded")
    func logs() throws {
        let ledger = try Ledger(folder.workspace)
        let place = try ledger.record(try TestWorkspace.run("20260101T000000-1"), logs: try folder.logs())
        let digest = try Files.digest(of: place.appending("kubelet.log"))
        try Files.write("forged\n", to: place.appending("kubelet.log"))
        let logs = try ledger.logs(of: "20260101T000000-1")
        #expect(logs.map(\.name) == ["kubelet.log", "more/etcd.log"] && logs[0].digest == digest && logs[0].bytes == 7)
        #expect(try ledger.logs(of: "none").isEmpty)
    }
}
