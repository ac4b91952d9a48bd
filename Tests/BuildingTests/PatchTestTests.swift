import GoToolchain
import Model
import Testing

@testable import Building

@Suite("Upstream's tests before and after a patch")
struct PatchTestTests {
    private func result(_ test: String, _ outcome: GoTestResult.Outcome) -> GoTestResult {
        GoTestResult(package: "example.org/p", test: test, outcome: outcome)
    }

    private func compared(_ before: [GoTestResult], _ after: [GoTestResult]) throws -> PatchTest {
        PatchTest(patch: try #require(PatchName("a/b")), variant: "v", folders: ["p"], before: before, after: after)
    }

    @Test("what ends otherwise is shown test by test, and what fails since is not good")
    func differences() throws {
        let before = [result("A", .pass), result("B", .fail), result("C", .pass), result("D", .fail)]
        let mended = try compared(before, [result("A", .pass), result("B", .pass), result("C", .pass), result("D", .fail)])
        #expect(mended.differences == [.init(package: "example.org/p", test: "B", before: .fail, after: .pass)])
        #expect(mended.isGood)
        #expect(try compared(before, before).differences.isEmpty)
        #expect(try !compared(before, before.dropLast() + [result("E", .fail)]).isGood)
        // A test that was removed or is now skipped does not count as passing.
        #expect(try !compared(before, Array(before.dropFirst())).isGood)
        #expect(try !compared(before, [result("A", .skip)] + before.dropFirst()).isGood)
    }
}
