import Foundation
import Testing

/// A Markdown file of the repository.
struct Page: Sendable, CustomTestStringConvertible {
    /// The path below the project's folder.
    let path: String
    let text: String

    var testDescription: String { path }

    init(_ path: String) throws {
        self.path = path
        text = try String(contentsOf: Tool.project.appending(path: path), encoding: .utf8)
    }

    /// All pages of the repository; builds and workspaces are not part of it.
    static func all() throws -> [Page] {
        let files = try #require(FileManager.default.enumerator(atPath: Tool.project.path))
        var found: [Page] = []
        while let path = files.nextObject() as? String {
            let name = path.split(separator: "/").last ?? ""
            if name.hasPrefix(".") || ["dist", "tools", "Fixtures"].contains(name)
                || path.hasPrefix("Workspace/") && path != "Workspace/README.md"
            {
                files.skipDescendants()
            }
            if path.hasSuffix(".md") { found.append(try Page(path)) }
        }
        return found
    }

    /// A fenced block, and the comment in the line before it.
    struct Block: Sendable {
        let language: String
        let mark: String?
        let text: String
        /// The number of its first line of text in the page.
        let line: Int
    }

    var blocks: [Block] {
        var found: [Block] = []
        var open: (language: String, mark: String?, lines: [Substring], line: Int)?
        var before: Substring = ""
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if let block = open {
                if line == "```" {
                    found.append(
                        Block(
                            language: block.language, mark: block.mark, text: block.lines.map { $0 + "\n" }.joined(), line: block.line))
                    open = nil
                } else {
                    open?.lines.append(line)
                }
            } else if line.hasPrefix("```") {
                let mark = before.wholeMatch(of: /<!-- (.*) -->/).map { String($0.1) }
                open = (String(line.dropFirst(3)), mark, [], number + 2)
            }
            if !line.isEmpty { before = line }
        }
        return found
    }

    /// The text without fenced blocks, blocks that are indented, and code in a line.
    private var prose: String {
        var isFenced = false
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).filter { line in
            if line.hasPrefix("```") { isFenced.toggle() }
            return !isFenced && !line.hasPrefix("```") && !line.hasPrefix("    ")
        }
        return lines.joined(separator: "\n").replacing(/`[^`\n]*`/, with: "code")
    }

    /// The targets of links and pictures that are not addresses.
    var links: [String] {
        prose.matches(of: /\]\(([^)\s]+)\)/).map { String($0.1) }.filter { $0.firstMatch(of: /^[a-z]+:/) == nil }
    }

    /// The anchors that GitHub makes of the headings.
    var anchors: Set<String> {
        var seen: [String: Int] = [:]
        var isFenced = false
        var found: Set<String> = []
        for line in text.split(separator: "\n") {
            if line.hasPrefix("```") { isFenced.toggle() }
            guard !isFenced, let heading = line.wholeMatch(of: /#{1,6} (.*)/) else { continue }
            let words = heading.1.lowercased().replacing(/\]\([^)]*\)/, with: "")
            let name = String(words.filter { $0.isLetter || $0.isNumber || "-_ ".contains($0) }.map { $0 == " " ? "-" : $0 })
            found.insert(seen[name].map { "\(name)-\($0)" } ?? name)
            seen[name, default: 0] += 1
        }
        return found
    }

    /// Lines of code that begin with a command, without the comment behind it.
    ///
    /// - Parameter name: the program.
    func commands(_ name: String) -> [String] {
        text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }.filter { $0.hasPrefix("\(name) ") }.map {
            String($0.prefix { $0 != "#" })
        }
    }
}
