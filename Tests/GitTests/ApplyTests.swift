import Foundation
import Git
import Testing
import UnifiedDiff

@Suite("Applying patches to trees")
struct ApplyTests {
    private func patch(_ text: String) throws -> Patch { try Patch(Array(text.utf8), name: "x.patch") }

    private func failure(_ fixture: RepositoryFixture, _ text: String, _ tree: ObjectID, under prefix: String = ".") throws -> ApplyError? {
        let patch = try patch(text)
        do throws(ApplyError) {
            _ = try fixture.repository.apply(patch, to: tree, under: prefix)
            return nil
        } catch { return error }
    }

    private let change = "--- a/f\n+++ b/f\n@@ -2,3 +2,3 @@\n two\n-three\n+drei\n four\n"
    private let five = "one\ntwo\nthree\nfour\nfive\n"

    @Test("a patch makes the tree that the edited files have, below a directory or at the top", arguments: [".", "vendor/x"])
    func applies(_ prefix: String) throws {
        let fixture = try RepositoryFixture()
        let place = prefix == "." ? "f" : "\(prefix)/f"
        let before = try fixture.tree([place: five, "other": "o"])
        let after = try fixture.repository.apply(patch(change), to: before, under: prefix)
        #expect(after == (try fixture.tree([place: "one\ntwo\ndrei\nfour\nfive\n", "other": "o"])))
        #expect(try fixture.repository.changedPaths(from: before, to: after) == [place])
    }

    @Test("a hunk that has moved is found where its lines are, when that is one place only")
    func moved() throws {
        let fixture = try RepositoryFixture()
        let tree = try fixture.tree(["f": "zero\nand more\n" + five])
        let after = try fixture.repository.apply(patch(change), to: tree, under: ".")
        #expect(try fixture.repository.blob(at: "f", of: after) == Array("zero\nand more\none\ntwo\ndrei\nfour\nfive\n".utf8))
    }

    @Test("a hunk whose lines stand at two places is refused, unless its header names one of them")
    func ambiguous() throws {
        let fixture = try RepositoryFixture()
        let twice = try fixture.tree(["f": "x\n" + five + five])
        guard case .ambiguous(let file, _, _, let lines)? = try failure(fixture, change, twice) else {
            Issue.record("not ambiguous"); return
        }
        #expect(file == "f")
        #expect(lines == [3, 8])
        let named = try fixture.tree(["f": five + five])
        let after = try fixture.repository.apply(patch(change), to: named, under: ".")
        #expect(try fixture.repository.blob(at: "f", of: after) == Array("one\ntwo\ndrei\nfour\nfive\n\(five)".utf8))
    }

    @Test("a hunk that does not fit says which one, the line, what was expected and what stands there")
    func mismatch() throws {
        let fixture = try RepositoryFixture()
        let tree = try fixture.tree(["f": "one\ntwo\nTHREE\nfour\nfive\n"])
        guard case .mismatch(let file, let hunk, let count, let line, let expected, let found)? = try failure(fixture, change, tree) else {
            Issue.record("no mismatch")
            return
        }
        #expect(file == "f" && hunk == 1 && count == 1 && line == 3 && expected == "three" && found == "THREE")
    }

    @Test("no fuzz: one space of difference in a context line is a mismatch")
    func noFuzz() throws {
        let fixture = try RepositoryFixture()
        for other in ["two ", " two", "Two", "two\r"] {
            let tree = try fixture.tree(["f": five.replacingOccurrences(of: "two", with: other)])
            switch try failure(fixture, change, tree) {
            case .mismatch? where other == "Two": break
            case .lineEndings? where other.last == "\r": break
            case .damaged(_, _, _, line: 2, by: .whiteSpace, expected: "two", found: other)? where other.contains(" "): break
            case let error: Issue.record("over '\(other)': \(String(describing: error))")
            }
        }
    }

    @Test("a patch that half applies leaves the tree untouched, and nothing is returned")
    func allOrNothing() throws {
        let fixture = try RepositoryFixture()
        let tree = try fixture.tree(["f": five, "g": "else\n"])
        let text = change + "--- a/g\n+++ b/g\n@@ -1 +1 @@\n-other\n+new\n"
        guard case .mismatch(let file, _, _, _, _, _)? = try failure(fixture, text, tree) else { Issue.record("applied"); return }
        #expect(file == "g")
        #expect(try fixture.repository.blob(at: "f", of: tree) == Array(five.utf8))
    }

    @Test("a patch that is applied already says so")
    func already() throws {
        let fixture = try RepositoryFixture()
        let tree = try fixture.repository.apply(patch(change), to: fixture.tree(["f": five]), under: ".")
        guard case .alreadyApplied(let file, 1, 1)? = try failure(fixture, change, tree) else { Issue.record("not told"); return }
        #expect(file == "f")
    }

    @Test("files are made and removed, and a file that is there is not made over")
    func makesAndRemoves() throws {
        let fixture = try RepositoryFixture()
        let tree = try fixture.tree(["f": "1\n", "keep": "k"])
        let text = "--- /dev/null\n+++ b/d/new\n@@ -0,0 +1,2 @@\n+a\n+b\n--- a/f\n+++ /dev/null\n@@ -1 +0,0 @@\n-1\n"
        #expect(try fixture.repository.apply(patch(text), to: tree, under: ".") == (try fixture.tree(["d/new": "a\nb\n", "keep": "k"])))
        guard case .exists? = try failure(fixture, text, fixture.tree(["f": "1\n", "d/new": "x"])) else {
            Issue.record("made over"); return
        }
        guard case .missing(file: "f")? = try failure(fixture, change, fixture.tree(["g": five])) else {
            Issue.record("not missing"); return
        }
        guard case .missing(file: "nowhere")? = try failure(fixture, change, tree, under: "nowhere") else {
            Issue.record("not missing"); return
        }
    }

    @Test("line endings and a missing last line break are bytes like any others")
    func bytes() throws {
        let fixture = try RepositoryFixture()
        let crlf = "--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n one\r\n-two\r\n+2\r\n"
        let after = try fixture.repository.apply(patch(crlf), to: fixture.tree(["f": "one\r\ntwo\r\nthree\r\n"]), under: ".")
        #expect(try fixture.repository.blob(at: "f", of: after) == Array("one\r\n2\r\nthree\r\n".utf8))
        let last = "--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n one\n-two\n\\ No newline at end of file\n+2\n"
        let whole = try fixture.repository.apply(patch(last), to: fixture.tree(["f": "one\ntwo"]), under: ".")
        #expect(try fixture.repository.blob(at: "f", of: whole) == Array("one\n2\n".utf8))
        guard case .mismatch? = try failure(fixture, last, fixture.tree(["f": "one\ntwo\n"])) else {
            Issue.record("line break ignored"); return
        }
    }

    @Test("any edit that git diff writes down is applied to what the edit made")
    func anyEdit() throws {
        let fixture = try RepositoryFixture()
        var random = SystemRandomNumberGenerator()
        for round in 0..<40 {
            var lines = (0..<Int.random(in: 1...60, using: &random)).map { "line \($0) \(Int.random(in: 0...3, using: &random))" }
            let before = lines.joined(separator: "\n") + (Bool.random(using: &random) ? "\n" : "")
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<max(1, lines.count), using: &random)
                switch Int.random(in: 0...2, using: &random) {
                case 0: lines.insert("added \(round) \(place)", at: min(place, lines.count))
                case 1 where lines.count > 1: lines.remove(at: place)
                default: if place < lines.count { lines[place] = "changed \(round)" }
                }
            }
            let after = lines.joined(separator: "\n") + (Bool.random(using: &random) ? "\n" : "")
            guard before != after else { continue }
            let (old, new) = (try fixture.folder("r\(round)/a", ["f": before]), try fixture.folder("r\(round)/b", ["f": after]))
            let text = try fixture.run("git", ["diff", "--no-index", "--no-prefix", "-U3", "\(old)/f", "\(new)/f"], in: fixture.path)
                .split(separator: "\n", omittingEmptySubsequences: false)
                .map { $0.hasPrefix("--- ") ? "--- a/f" : $0.hasPrefix("+++ ") ? "+++ b/f" : String($0) }
                .filter { !$0.hasPrefix("diff --git") && !$0.hasPrefix("index ") }.joined(separator: "\n")
            let applied = try fixture.repository.apply(patch(text), to: fixture.tree(["f": before]), under: ".")
            #expect(applied == (try fixture.tree(["f": after])), "\(text)")
        }
    }
}
