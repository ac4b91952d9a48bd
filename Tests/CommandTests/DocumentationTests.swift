import Foundation
import Testing

@Suite("The documentation")
struct DocumentationTests {
    @Test("each link from one page to another leads to a file, and to a heading of it")
    func links() throws {
        let pages = try Page.all()
        let anchors = Dictionary(uniqueKeysWithValues: pages.map { ($0.path, $0.anchors) })
        try #require(pages.count > 30)
        var count = 0
        for page in pages {
            let folder = Tool.project.appending(path: page.path).deletingLastPathComponent()
            for link in page.links {
                count += 1
                let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
                let file = parts[0].isEmpty ? Tool.project.appending(path: page.path) : folder.appending(path: parts[0]).standardized
                guard FileManager.default.fileExists(atPath: file.path) else {
                    Issue.record("\(page.path): there is no \(link)")
                    continue
                }
                guard parts.count == 2 else { continue }
                let path = String(file.path.dropFirst(Tool.project.path.count + 1))
                if anchors[path]?.contains(parts[1]) != true { Issue.record("\(page.path): \(path) has no heading #\(parts[1])") }
            }
        }
        #expect(count > 100)
    }

    @Test("headings become anchors as on GitHub, and links in code are none")
    func anchors() throws {
        let place = try ProjectFixture()
        let file = try place.write(
            "page.md",
            "# One `code: …`, two\n## `source.git`\n## Same\n## Same\n```sh\n# no heading [x](no.md)\n```\n`[y](no.md)` [z](yes.md#a)\n")
        let page = try Page(String(repeating: "../", count: 20) + file.dropFirst())
        #expect(page.anchors == ["one-code--two", "sourcegit", "same", "same-1"])
        #expect(page.links == ["yes.md#a"])
    }

    @Test("the index has every page of docs/")
    func index() throws {
        let index = try Page("docs/README.md").links.map { String($0.prefix { $0 != "#" }) }
        for page in try Page.all() where page.path.hasPrefix("docs/") && page.path != "docs/README.md" {
            #expect(index.contains(String(page.path.dropFirst("docs/".count))), "docs/README.md does not have \(page.path)")
        }
        let schemas = try FileManager.default.contentsOfDirectory(atPath: Tool.project.appending(path: "docs").path)
        for schema in schemas where schema.hasSuffix(".schema.json") { #expect(index.contains(schema)) }
    }

    // MARK: troubleshooting.md

    /// The messages of a page: code in its third-level headings, and in the first cells of the table of causes.
    private static func messages(_ page: Page) -> [String] {
        let lines = page.text.split(separator: "\n").filter { $0.hasPrefix("### ") || $0.hasPrefix("| `") }
        return lines.flatMap { line in
            let part = line.hasPrefix("|") ? line.split(separator: "|").first ?? "" : line
            return part.matches(of: /`([^`]+)`/).map { String($0.1) }
        }
    }

    /// Whether a line of the text has the message. `…` in it stands for anything.
    private static func has(_ text: String, _ message: String) -> Bool {
        let pieces = message.split(separator: "…").map { NSRegularExpression.escapedPattern(for: String($0)) }
        let pattern = pieces.joined(separator: #"[^\n]{1,400}"#)
        return text.range(of: pattern, options: .regularExpression) != nil
    }

    @Test("each message that the page about faults tells of is in the program's text or in a patch's signals")
    func messages() throws {
        let sources = try FileManager.default.subpathsOfDirectory(atPath: Tool.project.appending(path: "Sources").path)
        let texts = try sources.filter { $0.hasSuffix(".swift") }.map {
            try String(contentsOf: Tool.project.appending(path: "Sources/\($0)"), encoding: .utf8)
        }
        let all = texts.joined(separator: "\n").replacing("\\\"", with: "\"")
        let messages = Self.messages(try Page("docs/troubleshooting.md"))
        #expect(messages.count > 70)
        for message in messages {
            // In a constant of its own, so that a failure does not print all of the sources.
            let isSaid = Self.has(all, message)
            #expect(isSaid, "docs/troubleshooting.md: nobody says '\(message)'")
        }
        #expect(!Self.has(all, "no Go … is not what the program says"))
        #expect(Set(messages).count == messages.count, "a message is there twice")
    }

    @Test("each exit code of the program is in the page about faults, but for those that need no remedy")
    func exitCodes() throws {
        let text = try Page("docs/troubleshooting.md").text
        let table = try Page("docs/architecture.md").text.matches(of: /\n\| (\d+)(?:, \d+)? \|/).compactMap { Int($0.1) }
        try #require(table.contains(69) && table.contains(74))
        for code in table where code != 0 && code < 128 { #expect(text.contains("\n| \(code) |"), "\(code)") }
    }

    // MARK: Commands

    @Test("each command that a page tells of exists, with its options, and each target of make")
    func commands() throws {
        var sections: [String: String] = [:]
        for section in try Page("docs/cli.md").text.components(separatedBy: "\n## `").dropFirst() {
            let parts = section.components(separatedBy: "`\n")
            sections[parts[0]] = parts.dropFirst().joined(separator: "`\n")
        }
        let targets = try String(contentsOf: Tool.project.appending(path: "Makefile"), encoding: .utf8)
        var count = 0
        for page in try Page.all() where page.path != "docs/cli.md" && page.path != "CHANGELOG.md" {
            for command in page.commands("ninepin") where !command.contains("…") {
                guard let words = Self.words(command) else { continue }
                let name = (1...2).reversed().map { words.prefix($0 + 1).joined(separator: " ") }.first { sections[$0] != nil }
                guard let section = name.flatMap({ sections[$0] }) else {
                    Issue.record("\(page.path): there is no command '\(command)'")
                    continue
                }
                count += 1
                for option in words where option.hasPrefix("--") {
                    let known = String(option.prefix { $0 != "=" })
                    #expect(section.contains("\(known) ") || section.contains("\(known)\n"), "\(page.path): no \(option) in '\(command)'")
                }
            }
            for command in page.commands("make") where page.path.hasPrefix("docs") || !page.path.contains("/") {
                guard let target = command.split(separator: " ").dropFirst().first, target.allSatisfy({ $0.isLetter || $0 == "-" }) else {
                    continue
                }
                #expect(targets.contains("\n\(target):"), "\(page.path): make \(target)")
            }
        }
        #expect(count > 100)
    }

    /// A command's words up to the first of another program; nil for a sentence that begins with the program's name.
    private static func words(_ command: String) -> [String]? {
        let own = command.components(separatedBy: " -- ")[0].prefix { !";|>&(".contains($0) }
        let words = own.split(separator: " ").map(String.init)
        return words.count > 1 && words[1].allSatisfy({ $0.isLowercase || $0 == "-" }) ? words : nil
    }

    @Test("the README tells how the tests are run, and its table of series is the one of the findings")
    func readme() throws {
        let readme = try Page("README.md").text
        #expect(readme.contains("    make test "))
        let table = { (text: String) in text.split(separator: "\n").drop { !$0.hasPrefix("| series |") }.prefix { $0.hasPrefix("|") } }
        #expect(table(readme).count == 9)
        #expect(Array(table(readme)) == Array(table(try Page("docs/findings.md").text)))
        #expect(readme.split(separator: "\n", omittingEmptySubsequences: false).count <= 121)
    }

    @Test("the recording is a picture that a web page shows: no script, nothing from elsewhere, less than 300 kB")
    func recording() throws {
        let file = Tool.project.appending(path: "docs/recording.svg")
        let text = try String(contentsOf: file, encoding: .utf8)
        #expect(text.utf8.count < 300_000)
        for word in ["<script", "<foreignObject", "<image", "@import", "url(http", "href=\"http", "<!DOCTYPE"] {
            #expect(!text.contains(word), "\(word)")
        }
        #expect(text.contains("fatal, memory cache") && text.contains("clean"))
        #expect(try outcome(of: "/usr/bin/xmllint", ["--noout", "--nonet", file.path]).status == 0)
    }
}
