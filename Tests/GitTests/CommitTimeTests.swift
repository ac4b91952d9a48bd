import Foundation
import Git
import Testing

@Suite("When a commit was made")
struct CommitTimeTests {
    @Test(
        "a time that no calendar has becomes the nearest that one has",
        arguments: [
            ("0", 0), ("1610574062", 1_610_574_062), ("253402300799", 253_402_300_799), ("253402300800", 253_402_300_799),
            ("9223372036854775807", 253_402_300_799), ("-1", 0), ("-9223372036854775808", 0),
        ] as [(String, Int64)])
    func time(_ written: String, _ seconds: Int64) throws {
        let fixture = try RepositoryFixture()
        let who = "a <a@example.org> \(written) +0000"
        let commit = try fixture.object("commit", Data("tree \(fixture.rawTree([]))\nauthor \(who)\ncommitter \(who)\n\nx\n".utf8))
        #expect(try fixture.repository.time(of: commit) == seconds)
    }
}
