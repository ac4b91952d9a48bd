import Sanitizing
import Testing
import TestInputs

@Suite("Text from outside is shown, not obeyed")
struct VisibleTests {
    @Test(
        "what a terminal would obey is written by its number",
        arguments: [
            ("\u{1B}[2Jx", "\\u{1B}[2Jx"), ("a\rb", "a\\u{D}b"), ("a\nb", "a\\u{A}b"), ("a\tb", "a\\u{9}b"), ("a\u{0}", "a\\u{0}"),
            ("\u{7F}", "\\u{7F}"), ("\u{9B}1m", "\\u{9B}1m"), ("\u{85}", "\\u{85}"), ("\u{202E}abc", "\\u{202E}abc"),
            ("\u{2066}\u{2069}", "\\u{2066}\\u{2069}"), ("\u{200E}\u{200F}\u{61C}", "\\u{200E}\\u{200F}\\u{61C}"),
            ("\u{2028}\u{2029}", "\\u{2028}\\u{2029}"), ("\u{FEFF}\u{200B}\u{E0041}", "\\u{FEFF}\\u{200B}\\u{E0041}"),
            ("e\u{301} – é 漢字 🎳 \\u{1B}", "e\u{301} – é 漢字 🎳 \\u{1B}"), ("a\r\nb", "a\\u{D}\\u{A}b"),
        ])
    func line(_ text: String, _ shown: String) { #expect(Visible.line(text) == shown) }

    @Test("bytes that are no UTF-8 are seen as such")
    func invalid() {
        let text = String(decoding: [0x61, 0xFF, 0x9B, 0x62], as: UTF8.self)
        #expect(Visible.line(text) == "a\u{FFFD}\u{FFFD}b")
    }

    @Test("a text of lines keeps them and its tabs, and nothing else")
    func lines() {
        #expect(Visible.lines("a\n\tb\u{B}\r\nc\u{2028}d") == "a\n\tb\\u{B}\\u{D}\nc\\u{2028}d")
    }

    @Test("no line of a message but the first begins at the left")
    func paragraph() {
        #expect(
            Visible.paragraph("one\nclean: two\n    three\n\n\tfour\r\nfive") == "one\n    clean: two\n    three\n\n\tfour\\u{D}\n    five")
    }

    @Test("a text that is too long to be quoted is cut between two letters, and says how long it was")
    func excerpt() {
        #expect(Visible.excerpt("ééé", most: 6) == "ééé")
        #expect(Visible.excerpt("éééé", most: 7) == "ééé… (8 bytes)")
        #expect(Visible.excerpt("", most: 0) == "")
        // A character can be followed by any number of combining ones.
        #expect(Visible.excerpt("e" + String(repeating: "\u{301}", count: 1000)).utf8.count < 330)
    }

    @Test("a JSON text has none as it is, and means the same")
    func json() {
        #expect(Visible.json("{\n \"a\u{7F}\u{9B}\u{202E}\u{E0041}\" }") == "{\n \"a\\u007f\\u009b\\u202e\\udb40\\udc41\" }")
    }

    @Test("in a page of Markdown it is neither a tag, a link, an image, code nor another cell")
    func markdown() {
        let text = "<img src=x> [a](b) ![c](d) `e` | f\u{1B} &lt; \\\n# g"
        #expect(Markdown.text(text) == "&lt;img src=x> \\[a\\](b) !\\[c\\](d) \\`e\\` \\| f\\u{1B} &amp;lt; \\\\ # g")
        #expect(Markdown.code("a`b\nc\r") == "`` a`b c\\u{D} ``")
        #expect(Markdown.cell("a|b\nc") == "a\\|b c")
    }

    @Test("a mark that combines with what Markdown would obey takes nothing of the escape, as it takes nothing of the meaning")
    func combining() {
        func scalars(_ text: String) -> [Unicode.Scalar] { Array(text.unicodeScalars) }
        let mark = "\u{301}"
        #expect(
            scalars(Markdown.text("<\(mark)a &\(mark) `\(mark) [\(mark)x] |\(mark) \\\(mark)"))
                == scalars("&lt;\(mark)a &amp;\(mark) \\`\(mark) \\[\(mark)x\\] \\|\(mark) \\\\\(mark)"))
        #expect(scalars(Markdown.cell("a|\(mark)b\r\nc")) == scalars("a\\|\(mark)b\\u{D} c"))
        #expect(scalars(Markdown.code("a`\(mark)b")) == scalars("`` a`\(mark)b ``"))
        #expect(scalars(Markdown.codeInCell("a``\(mark)|\(mark)")) == scalars("``` a``\(mark)\\|\(mark) ```"))
    }

    @Test(
        "code has a fence that nothing in it ends",
        arguments: [("a", "`a`"), ("`", "`` ` ``"), ("a``b`c", "``` a``b`c ```"), (" a ", "`  a  `"), (" a", "` a`"), ("", "`  `")])
    func fence(_ text: String, _ code: String) { #expect(Markdown.code(text) == code) }

    @Test(
        "a text names nobody and leads nowhere, although GitHub makes links of bare words",
        arguments: [
            ("@name", "@<!-- -->name"), ("see https://example.org", "see https:<!-- -->//example.org"),
            ("a@example.org", "a@<!-- -->example.org"),
            ("www.example.org", "www<!-- -->.example.org"), ("WwW.example.org", "WwW<!-- -->.example.org"), ("a: b. c", "a: b. c"),
        ])
    func autolinks(_ text: String, _ shown: String) { #expect(Markdown.text(text) == shown) }

    @Test("a text that comes in pieces is the same text, wherever it is cut")
    func pieces() {
        var random = SplitMix(5)
        let bytes = Array("aé漢🎳\u{202E}".utf8) + [0xFF, 0xC3, 0x28, 0xE2, 0x82, 0xF0, 0x9F]
        for _ in 0..<200 {
            let all = (0..<40).map { _ in bytes[Int(random.next() % UInt64(bytes.count))] } + Array("é🎳".utf8)
            var stream = TextStream()
            var (text, rest) = ("", all[...])
            while !rest.isEmpty {
                let count = min(rest.count, Int(random.next() % 5) + 1)
                text += stream.take(Array(rest.prefix(count)))
                rest = rest.dropFirst(count)
            }
            text += stream.finish()
            #expect(text.hasSuffix("é🎳"))
            #expect(
                text.unicodeScalars.filter { $0 != "\u{FFFD}" }.elementsEqual(
                    String(decoding: all, as: UTF8.self).unicodeScalars.filter { $0 != "\u{FFFD}" }))
        }
    }
}
