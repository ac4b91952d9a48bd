import Foundation
import FoundationEssentials
import Model
import Testing

@Suite("Exit codes")
struct ExitStatusTests {
    /// Errors that never reach the command line: their only callers catch them and add context.
    private static let caught: Set<String> = ["PathFault", "FolderFault", "ElfFault", "Failure", "Unavailable"]

    @Test("every error that rooms hand to each other says with which code a command ends")
    func complete() throws {
        let sources = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Sources")
        let files = try #require(FileManager.default.subpaths(atPath: sources.path)).filter { $0.hasSuffix(".swift") }
        var silent: [String] = []
        var count = 0
        for file in files {
            let text = try String(contentsOf: sources.appending(path: file), encoding: .utf8)
            for match in text.matches(of: /package (?:struct|enum) (\w+): (Error|ExitStatusError)\b/) {
                count += 1
                if match.2 == "Error", !Self.caught.contains(String(match.1)) { silent.append("\(file): \(match.1)") }
            }
        }
        #expect(silent.isEmpty)
        #expect(count > 40, "the pattern finds the declarations")
    }
}
