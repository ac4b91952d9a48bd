import Foundation
import Model
import TestReports
import Testing

@testable import Publishing

/// The documents of the tests.
enum Written: String, CaseIterable {
    case night, quiet, hostile, empty

    var document: ReportDocument {
        switch self {
        case .night: WrittenNight.document
        case .quiet: WrittenNight.quiet
        case .hostile: WrittenNight.hostileDocument
        case .empty: ReportDocument(title: "", created: "", cells: [])
        }
    }
}

@Suite("The report as HTML")
struct HTMLReportTests {
    private let elements: Set<String> = [
        "html", "head", "meta", "title", "link", "style", "script", "body", "main", "header", "footer", "nav", "section", "article", "div",
        "span",
        "p", "a", "h1", "h2", "h3", "h4", "ul", "ol", "li", "dl", "dt", "dd", "table", "caption", "thead", "tbody", "tr", "th", "td",
        "strong", "b",
        "code", "pre", "mark", "time", "figure", "figcaption", "details", "summary", "svg", "desc", "rect", "circle", "line", "text",
    ]

    /// All pages of a report, by name.
    private func pages(_ document: ReportDocument) -> [String: ReadHTML] {
        let report = HTMLReport(document)
        var pages = report.files.filter { $0.key.hasSuffix(".html") }
        pages["single"] = report.singleFile
        return pages.mapValues(ReadHTML.init)
    }

    @Test("the overview tells what happened, what changed, and every cell, without a script")
    func overview() throws {
        let document = WrittenNight.document
        let page = try #require(pages(document)["index.html"])
        #expect(page.text.contains(document.headline))
        for drift in document.drift { #expect(page.text.contains(drift.what) && page.text.contains(drift.advice), "\(drift)") }
        #expect(page.all("td").count { $0.attributes["data-state"] != nil } == document.cells.count)
        #expect(page.all("td").count { $0.attributes["class"]?.contains("is-broken") == true } == 3)
        #expect(page.text.contains("expected: clean") && page.text.contains("3 clean, 2 degraded (stats of pods)"))
        // Without a script, nothing is folded or hidden but the controls of the script.
        #expect(page.tags.filter { $0.attributes["hidden"] != nil }.map { $0.attributes["id"] } == ["controls"])
    }

    @Test("a cell's page has the log with the deciding line marked, the boot with a text for it, the history and the commands")
    func cell() throws {
        let document = WrittenNight.document
        let places = CellPlaces(document.cells)
        let index = try #require(document.cells.firstIndex { $0.state == .broken })
        let page = try #require(pages(document)["cells/\(places.names[index]).html"])
        #expect(page.all("mark").count == 1 && page.text.contains("this line decided") && page.text.contains(WrittenNight.memoryCache))
        #expect(page.all("li").contains { $0.attributes["class"] == "deciding" && $0.attributes["value"] == "305" })
        #expect(page.text.contains("sandbox after 0.3 s, containerd after 0.5 s, kubelet after 0.8 s, deciding line after 6.6 s"))
        #expect(page.text.contains("39 × clean, 1 × fatal, memory cache"))
        for command in document.cells[index].run?.commands ?? [] { #expect(page.text.contains(command)) }
    }

    @Test("every link leads to a file or an anchor of the report, and every anchor is there once", arguments: Written.allCases)
    func links(_ written: Written) throws {
        let pages = pages(written.document)
        for (name, page) in pages {
            let ids = page.tags.compactMap { $0.attributes["id"] }
            #expect(ids.count == Set(ids).count, "\(name)")
            for address in page.all("a").compactMap({ $0.attributes["href"] }) {
                let parts = address.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
                let folder = name.hasPrefix("cells/") ? "cells/" : ""
                let file = parts[0].isEmpty ? name : parts[0].hasPrefix("../") ? String(parts[0].dropFirst(3)) : folder + parts[0]
                let target = try #require(pages[file], "\(address) in \(name)")
                if parts.count == 2 { #expect(target.tags.contains { $0.attributes["id"] == parts[1] }, "\(address) in \(name)") }
            }
        }
    }

    @Test("texts from outside add no element, no attribute and no address, and stay readable")
    func hostile() throws {
        let document = WrittenNight.hostileDocument
        for (name, page) in pages(document) {
            #expect(Set(page.tags.map(\.name)).isSubset(of: elements), "\(name)")
            for tag in page.tags {
                let names = tag.attributes.keys
                #expect(!names.contains { $0.hasPrefix("on") || $0 == "style" || $0 == "srcdoc" }, "\(tag)")
                for key in ["href", "src"] {
                    guard let address = tag.attributes[key], address != "data:," else { continue }
                    #expect(address.wholeMatch(of: /(\.\.\/)?(cells\/)?[a-z0-9.-]*(#[a-z0-9-]+)?/) != nil, "\(address)")
                }
            }
            #expect(page.all("script").count == 1)
            #expect(!page.text.unicodeScalars.contains { $0.properties.generalCategory == .format || $0.value == 0x1B || $0.value == 0 })
        }
        let cell = try #require(document.cells.firstIndex { $0.label == "<script>alert(1)</script>" })
        let page = try #require(pages(document)["cells/\(CellPlaces(document.cells).names[cell]).html"])
        #expect(page.text.contains("<script>alert(1)</script>"))
    }

    @Test("a quotation mark with a combining mark, one character for Swift, does not end an attribute")
    func combined() {
        let markup: Markup = "<p title=\"\("\"\u{301} onclick=x")\">\("<\u{301}b")</p>"
        #expect(markup.text.unicodeScalars.elementsEqual("<p title=\"&quot;\u{301} onclick=x\">&lt;\u{301}b</p>".unicodeScalars))
    }

    @Test("each page forbids everything but its own style sheet and script; a single file names them by their hash")
    func policy() throws {
        let report = HTMLReport(WrittenNight.document)
        let policies = try report.files.filter { $0.key.hasSuffix(".html") }.map { _, bytes in
            try #require(
                ReadHTML(bytes).all("meta").first { $0.attributes["http-equiv"] == "Content-Security-Policy" }?.attributes["content"])
        }
        #expect(
            Set(policies) == ["default-src 'none'; style-src 'self'; script-src 'self'; img-src data:; base-uri 'none'; form-action 'none'"]
        )
        let single = String(decoding: report.singleFile, as: UTF8.self)
        let policy = try #require(single.firstMatch(of: /script-src 'sha256-([A-Za-z0-9+\/]{43}=)'/))
        let script = try #require(single.firstMatch(of: /<script>((?s).*)<\/script>/))
        let digest = try sha256(Array(script.1.utf8))
        #expect(Data(base64Encoded: String(policy.1))?.map { String(format: "%02x", $0) }.joined() == digest)
        #expect(!single.contains("unsafe-inline") && !single.contains("http://") && !single.contains("https://"))
    }

    /// The digest by another program.
    private func sha256(_ bytes: [UInt8]) throws -> String {
        let process = Process()
        let (input, output) = (Pipe(), Pipe())
        process.executableURL = URL(filePath: "/usr/bin/sha256sum")
        (process.standardInput, process.standardOutput) = (input, output)
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data(bytes))
        try input.fileHandleForWriting.close()
        return String(decoding: output.fileHandleForReading.readDataToEndOfFile().prefix(64), as: UTF8.self)
    }

    @Test("the style sheet and the script contain nothing that would end their element")
    func embedded() {
        for bytes in [PackageResources.report_css, PackageResources.report_js] {
            #expect(!String(decoding: bytes, as: UTF8.self).contains("</") && !String(decoding: bytes, as: UTF8.self).contains("<!--"))
        }
    }

    @Test(
        "ten thousand runs fit into five megabytes, in few cells or in many, and the report tells what it leaves out",
        arguments: [
            1, 12, 1000, 10_000,
        ])
    func bounded(_ cells: Int) throws {
        let document = WrittenNight.large(runs: 10_000, cells: cells)
        let report = HTMLReport(document)
        let files = report.files
        #expect(files.values.map(\.count).reduce(0, +) < 5_000_000 && report.singleFile.count < 5_000_000)
        let details = files.count { $0.key.hasPrefix("cells/") }
        let index = String(decoding: try #require(files["index.html"]), as: UTF8.self)
        #expect(index.contains("the evidence of \(cells - details) cells") == (details < cells))
        #expect(details == min(cells, details) && details > 0)
        if cells == 12 {
            let page = try #require(files.first { $0.key.hasPrefix("cells/") }?.value)
            #expect(String(decoding: page, as: UTF8.self).contains("793 earlier runs left out: 793 clean."))
        }
    }

    @Test("if not everything fits, the cells that somebody should look at come first")
    func priority() throws {
        let filler = WrittenNight.large(runs: 10_000, cells: 5000).cells
        let trouble = try #require(WrittenNight.document.cells.first { $0.state == .broken })
        let document = ReportDocument(title: "t", created: "", cells: filler + [trouble])
        let name = try #require(CellPlaces(document.cells).names.last)
        let files = HTMLReport(document).files
        #expect(files["cells/\(name).html"] != nil && files.count < 5000)
    }

    @Test("a cell's address does not depend on the other cells, and two cells with one key have two addresses")
    func addresses() {
        let cells = WrittenNight.document.cells
        let all = CellPlaces(cells).names
        #expect(CellPlaces(Array(cells.reversed())).names == all.reversed())
        #expect(CellPlaces([cells[0], cells[0]]).names == [all[0], "\(all[0])-2"])
        #expect(all.allSatisfy { $0.wholeMatch(of: /[a-z0-9][a-z0-9-]*/) != nil })
    }

    @Test("headings go down one level at a time", arguments: [Written.night, .quiet])
    func headings(_ written: Written) {
        for (name, page) in pages(written.document) {
            let levels = page.tags.compactMap { $0.name.wholeMatch(of: /h([1-4])/).flatMap { Int($0.1) } }
            #expect(levels.first == 1 && levels.count { $0 == 1 } == 1, "\(name)")
            for (one, two) in zip(levels, levels.dropFirst()) { #expect(two <= one + 1, "\(name): \(levels)") }
        }
    }

    @Test("every table has a caption and scopes, every image a text")
    func accessible() {
        for (name, page) in pages(WrittenNight.document) {
            #expect(page.all("table").count == page.all("caption").count, "\(name)")
            #expect(page.all("th").allSatisfy { $0.attributes["scope"] != nil })
            #expect(
                page.all("svg").allSatisfy {
                    $0.attributes["role"] == "img" && ($0.attributes["aria-label"] ?? $0.attributes["aria-labelledby"]) != nil
                })
            #expect(page.all("html").first?.attributes["lang"] == "en")
        }
    }

    @Test("a document without cells, runs or history is a report, too")
    func empty() throws {
        let page = try #require(pages(ReportDocument(title: "", created: "", cells: []))["index.html"])
        #expect(page.text.contains("Nothing was measured."))
        let key = WrittenNight.document.cells[0].key
        let bare = ReportDocument.Cell(
            key: key, label: "", version: nil, state: .postponed, expected: nil, result: "not measured", grade: nil, summary: "")
        #expect(pages(ReportDocument(title: "", created: "", cells: [bare]))["index.html"]?.text.contains("1 was postponed") == true)
    }
}
