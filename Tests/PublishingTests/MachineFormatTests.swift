import Foundation
import Model
import TestReports
import Testing

@testable import Publishing

@Suite("The report as JUnit's XML")
struct JUnitReportTests {
    @Test("a broken or flaky cell is a failure, a failed harness an error, a postponed cell is skipped, and the totals agree")
    func outcomes() throws {
        let document = WrittenNight.document
        let read = ReadXML(JUnitReport(document).xml)
        #expect(read.fault == nil)
        let counts = document.counts
        #expect(read.all("testcase").count == document.cells.count)
        #expect(read.all("failure").count == (counts[.broken] ?? 0) + (counts[.flaky] ?? 0))
        #expect(read.all("error").count == counts[.harness] && read.all("skipped").count == counts[.postponed])
        let root = try #require(read.all("testsuites").first?.attributes)
        #expect(root["tests"] == "29" && root["failures"] == "4" && root["errors"] == "1")
        let suites = read.all("testsuite")
        #expect(suites.map { $0.attributes["name"] } == ["kubelet-1.20", "cadvisor", "runc", "k3s 1.21", "kubelet 1.36"])
        #expect(suites.compactMap { Int($0.attributes["failures"] ?? "") }.reduce(0, +) == 4)
        #expect(suites.allSatisfy { $0.attributes["timestamp"] == "2026-11-27T02:00:00" })
        let flaky = try #require(read.all("failure").first { $0.attributes["type"] == "flaky" })
        #expect(flaky.attributes["message"] == "does not repeat: 3 clean, 2 degraded (stats of pods); expected: clean")
        let broken = try #require(read.all("failure").first)
        #expect(broken.attributes["message"] == "fatal, memory cache; expected: clean")
        #expect(broken.text.contains("> 305  \(WrittenNight.memoryCache)") && broken.text.contains("ninepin run kubelet-1.20"))
        #expect(read.all("testcase").first?.attributes["classname"] == "kubelet-1_20.none")
    }

    @Test("it fits our schema of what GitHub's actions, GitLab and Jenkins read", arguments: Written.allCases)
    func schema(_ written: Written) throws {
        let verdict = try Validator.check(JUnitReport(written.document).xml)
        #expect(verdict == nil)
    }

    @Test(
        "the schema refuses an unknown element, an attribute that only some know, and a suite without its numbers",
        arguments: [
            "<testsuites><test/></testsuites>", "<testsuites skipped=\"1\"/>", "<testsuites><testsuite name=\"x\"/></testsuites>",
            "<testsuites><testsuite name=\"x\" tests=\"a\" failures=\"0\" errors=\"0\" skipped=\"0\"/></testsuites>",
        ])
    func refused(_ text: String) throws { #expect(try Validator.check(Array(text.utf8)) != nil) }

    @Test("texts from outside are text: no element comes from them, controls are visible, and nothing orders a file to be attached")
    func hostile() throws {
        let document = WrittenNight.hostileDocument
        let xml = JUnitReport(document).xml
        let read = ReadXML(xml)
        #expect(read.fault == nil)
        #expect(
            Set(read.elements.map(\.name)).isSubset(of: [
                "testsuites", "testsuite", "testcase", "failure", "error", "skipped", "system-out",
            ]))
        #expect(read.all("testcase").count == document.cells.count)
        let text = String(decoding: xml, as: UTF8.self)
        #expect(
            !text.contains("[[") && text.contains("[ [ATTACHMENT|") && text.contains("\\u{1B}[31m") && text.contains("\\u{FFFE}\\u{FFFF}"))
        #expect(read.all("failure").contains { $0.text.contains("]]><failure/>") })
    }

    @Test("it is bounded: when the room is spent, tests have no output, and each is still there")
    func bounded() {
        let document = WrittenNight.hostileDocument
        let xml = JUnitReport(document, most: 5000).xml
        let read = ReadXML(xml)
        #expect(read.fault == nil && read.all("testcase").count == document.cells.count && xml.count < 120_000)
        #expect(read.elements.contains { $0.text == "The report is too long for more." })
    }
}

/// xmllint with the schema of the fixtures, and the documents that it refuses.
enum Validator {
    /// - Returns: what is wrong; nil if nothing is.
    static func check(_ xml: [UInt8]) throws -> String? {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let process = Process()
        let (input, output) = (Pipe(), Pipe())
        process.executableURL = URL(filePath: "/usr/bin/xmllint")
        process.arguments = ["--noout", "--nonet", "--huge", "--schema", folder.appending(path: "Fixtures/junit.xsd").path, "-"]
        (process.standardInput, process.standardError) = (input, output)
        try process.run()
        Thread.detachNewThread {
            try? input.fileHandleForWriting.write(contentsOf: Data(xml))
            try? input.fileHandleForWriting.close()
        }
        let errors = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return process.terminationStatus == 0 ? nil : errors
    }
}

/// A workflow command as GitHub's runner reads it (ActionCommand.TryParseV2): the name, the properties, the message.
private struct RunnerCommand: Equatable {
    let name: String
    let properties: [String: String]
    let message: String

    init?(_ line: Substring) {
        guard line.hasPrefix("::"), let end = line.dropFirst(2).firstRange(of: "::") else { return nil }
        let head = line[line.index(line.startIndex, offsetBy: 2)..<end.lowerBound]
        let words = head.split(separator: " ", maxSplits: 1)
        name = String(words[0])
        properties = (words.count < 2 ? [] : words[1].split(separator: ",")).reduce(into: [:]) { all, part in
            let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
            all[pair[0]] = Self.read(pair.count > 1 ? pair[1] : "")
        }
        message = Self.read(String(line[end.upperBound...]))
    }

    private static func read(_ text: String) -> String {
        [("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")].reduce(text) {
            $0.replacingOccurrences(of: $1.0, with: $1.1, options: .literal)
        }
    }
}

@Suite("The report for GitHub")
struct GitHubReportTests {
    @Test("broken cells are errors, flaky and unmeasured ones are warnings, changes are notices")
    func annotations() {
        let lines = GitHubReport(WrittenNight.document).annotations.split(separator: "\n")
        #expect(
            lines.compactMap(RunnerCommand.init).map(\.name) == [
                "error", "error", "error", "warning", "warning", "notice", "notice", "notice", "notice",
            ])
        #expect(
            RunnerCommand(lines[1])?.properties == ["title": "k3s 1.21 with percpu,9p-source on root-9p"])
        #expect(GitHubReport(WrittenNight.quiet).annotations.isEmpty)
    }

    @Test("nothing from outside makes a command, a property or a line of its own")
    func hostile() {
        let text = GitHubReport(WrittenNight.hostileDocument).annotations
        let lines = text.utf8.split(separator: UInt8(ascii: "\n")).map { Substring(decoding: $0, as: UTF8.self) }
        let commands = lines.compactMap(RunnerCommand.init)
        #expect(commands.count == lines.count && lines.count > 5)
        #expect(commands.allSatisfy { ["error", "warning", "notice"].contains($0.name) && Array($0.properties.keys) == ["title"] })
        #expect(!text.utf8.contains(UInt8(ascii: "\r")) && !text.utf8.contains(0x1B))
    }

    @Test("not more annotations than GitHub shows, and the last one tells how many are left out")
    func many() {
        let cell = WrittenNight.document.cells.first { $0.state == .broken }
        let document = ReportDocument(title: "", created: "", cells: Array(repeating: cell, count: 30).compactMap(\.self))
        let lines = GitHubReport(document).annotations.split(separator: "\n")
        #expect(lines.count == 10 && lines.last?.contains("21 more") == true)
    }

    @Test("each output is on one line")
    func output() {
        for document in [WrittenNight.document, WrittenNight.hostileDocument] {
            let lines = GitHubReport(document).output.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            #expect(lines.count == 9 && lines.dropLast().allSatisfy { $0.contains(UInt8(ascii: "=")) } && lines.last?.isEmpty == true)
        }
        #expect(GitHubReport(WrittenNight.document).output.contains("\nbroken=3\n"))
    }
}

@Suite("The report as Markdown")
struct MarkdownReportTests {
    @Test("it begins with the sentence, tells the changes, and folds the rest")
    func night() throws {
        let document = WrittenNight.document
        let text = MarkdownReport(document).text
        #expect(text.hasPrefix("**\(document.headline.prefix(40))"))
        #expect(text.components(separatedBy: "\n- **").count == document.drift.count + 1)
        #expect(text.components(separatedBy: "<details>").count == text.components(separatedBy: "</details>").count)
        #expect(text.contains("> 305  \(WrittenNight.memoryCache)"))
        // Each line of the table has as many columns as its head.
        let rows = text.split(separator: "\n").filter { $0.hasPrefix("|") }
        #expect(Set(rows.map { $0.replacingOccurrences(of: "\\|", with: "").count { $0 == "|" } }).count == 1 && rows.count > 10)
    }

    @Test("nothing from outside is a link, a mention, a tag, a table or a fence of its own")
    func hostile() {
        let text = MarkdownReport(WrittenNight.hostileDocument, most: 900_000).text
        let tags = text.matches(of: /<(\/?[a-zA-Z!][^ >]*)/).map { String($0.1) }
        // What is in a block of code is not a tag.
        let outside = Self.withoutCode(text)
        let real = outside.matches(of: /<(\/?[a-zA-Z!][^ >]*)/).map { String($0.1) }
        #expect(
            Set(real).isSubset(of: ["details", "/details", "summary", "/summary", "sub", "/sub", "!--"]), "\(Set(real)) of \(tags.count)")
        #expect(!outside.contains("@everyone") && !outside.contains("https://evil") && !outside.contains("www.evil"))
        // GitHub resolves no Markdown in a line that begins with a tag.
        let markdown = outside.split(separator: "\n").filter { !$0.hasPrefix("<details>") }
        #expect(markdown.allSatisfy { !$0.contains(/[^\\]\]\(/) })
        #expect(!text.unicodeScalars.contains { $0.properties.generalCategory == .format || $0.value == 0x1B })
    }

    /// The text without fenced blocks and code in lines.
    private static func withoutCode(_ text: String) -> String {
        var (lines, fence): ([Substring], Substring?) = ([], nil)
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let ticks = line.prefix { $0 == "`" }
            if let open = fence {
                if line == open { fence = nil }
            } else if ticks.count >= 3 {
                fence = ticks
            } else {
                lines.append(line)
            }
        }
        return lines.joined(separator: "\n").replacing(/(?<ticks>`+)[^`].*?[^`]\k<ticks>(?!`)/, with: "")
    }

    @Test("a comment stays below GitHub's limit, and a job's summary below its own")
    func bounded() {
        let cell = WrittenNight.document.cells.first { $0.state == .broken }
        let document = ReportDocument(
            title: "", created: "", cells: Array(repeating: cell, count: 3000).compactMap(\.self), drift: WrittenNight.hostileDocument.drift
        )
        let text = MarkdownReport(document).text
        #expect(text.count < 65_536 && text.contains("too long for this place"))
        #expect(GitHubReport(document).summary.utf8.count < 1 << 20)
    }
}
