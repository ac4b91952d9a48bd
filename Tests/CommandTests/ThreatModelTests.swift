import Foundation
import Model
import Testing

/// docs/threat-model.md names tests, which can be renamed or removed.
@Suite("The threat model")
struct ThreatModelTests {
    @Test("each row names tests, and each of them is there")
    func rows() throws {
        let text = try String(contentsOf: Tool.project.appending(path: "docs/threat-model.md"), encoding: .utf8)
        let tests = try Self.tests()
        let rows = text.split(separator: "\n").filter { $0.hasPrefix("| ") && $0.contains("`") }
        #expect(rows.count > 20)
        for row in rows {
            let cell = row.split(separator: "|").last.map(String.init) ?? ""
            let named = cell.matches(of: /`(\w+)\.(\w+)`/).map { "\($0.1).\($0.2)" }
            #expect(!named.isEmpty, "\(row)")
            for name in named where !tests.contains(name) { Issue.record("no test \(name): \(row.prefix(80))") }
        }
    }

    /// `Suite.function` for all tests, found in the text of the files.
    private static func tests() throws -> Set<String> {
        let folder = Tool.project.appending(path: "Tests")
        let files = try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".swift") }
        var found: Set<String> = []
        for file in files {
            var suite = ""
            var isTest = false
            for line in try String(contentsOf: folder.appending(path: file), encoding: .utf8).split(separator: "\n") {
                if let name = line.firstMatch(of: /^(?:private )?(?:final )?(?:struct|class|enum|extension|actor) (\w+)/) {
                    suite = String(name.1)
                }
                if line.contains("@Test(") { isTest = true }
                guard isTest, let function = line.firstMatch(of: /^ +func (\w+)\(/) else { continue }
                found.insert("\(suite).\(function.1)")
                isTest = false
            }
        }
        return found
    }
}
