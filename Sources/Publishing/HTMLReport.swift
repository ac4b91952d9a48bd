import Crypto
import FoundationEssentials
import Model

/// A report as HTML: a static folder with a page for each cell, or one file. It needs no network and no script, and its pages forbid both
/// by their Content-Security-Policy; the only script that may run is the report's own, which sorts, filters and folds.
package struct HTMLReport: Sendable {
    /// The maximum size of all pages in bytes, without the style sheet and the script.
    private static let most = 4_500_000
    /// What the overview may take of it.
    private static let mostOverview = 2_000_000
    private let document: ReportDocument
    private let places: CellPlaces

    package init(_ document: ReportDocument) {
        self.document = document
        places = CellPlaces(document.cells)
    }

    /// The files of the folder by name: `index.html`, `report.css`, `report.js`, and `cells/NAME.html`. Each name consists of lowercase
    /// letters, digits, hyphens and periods.
    package var files: [String: [UInt8]] {
        let sections = sections(heading: 1)
        let overview = Overview(document, places, detailed: Set(sections.keys), most: Self.mostOverview) { "cells/\($0).html" }
        var files: [String: [UInt8]] = [
            "index.html": page(title: document.title, root: "", body: "<main id=\"main\">\(overview.body)</main>"),
            "report.css": PackageResources.report_css, "report.js": PackageResources.report_js,
        ]
        let order = sections.keys.sorted()
        for (position, index) in order.enumerated() {
            let next = position + 1 < order.count ? order[position + 1] : nil
            let previous = position > 0 ? order[position - 1] : nil
            let body = "\(navigation(previous, next))<main id=\"main\"><article>\(sections[index] ?? "")</article></main>" as Markup
            let title = "\(document.cells[index].name): \(document.cells[index].result)"
            files["cells/\(places.names[index]).html"] = page(title: title, root: "../", body: body)
        }
        return files
    }

    /// Everything in one file, to be sent to somebody.
    package var singleFile: [UInt8] {
        let sections = sections(heading: 3)
        let overview = Overview(document, places, detailed: Set(sections.keys), most: Self.mostOverview) { "#\($0)" }
        let details = sections.keys.sorted().map { index -> Markup in
            """
            <details class="fold" open><summary><span class="mark">\(document.cells[index].sign)</span> \
            \(Wording.clipped(document.cells[index].name, 300))</summary>
            <article id="\(places.names[index])" tabindex="-1">\(sections[index] ?? "")\
            <p class="back"><a href="#cells">Back to all cells</a></p></article></details>

            """
        }
        let list: Markup =
            details.isEmpty ? "" : "<section aria-labelledby=\"evidence\"><h2 id=\"evidence\">Evidence</h2>\(details)</section>"
        return page(title: document.title, root: nil, body: "<main id=\"main\">\(overview.body)\(list)</main>")
    }

    /// The evidence of the cells by their position, as long as there is room. Cells that somebody should look at come first.
    private func sections(heading: Int) -> [Int: Markup] {
        let trouble = document.cells.indices.filter { document.cells[$0].state.isTrouble }
        let others = document.cells.indices.filter { !document.cells[$0].state.isTrouble }
        var room = Self.most - Self.mostOverview
        var sections: [Int: Markup] = [:]
        for index in trouble + others {
            let section = CellSection(document.cells[index], id: places.names[index], heading: heading).body
            // A page has a frame of its own.
            room -= section.bytes + 1500
            guard room >= 0 else { break }
            sections[index] = section
        }
        return sections
    }

    private func navigation(_ previous: Int?, _ next: Int?) -> Markup {
        func link(_ index: Int?, _ relation: Markup, _ words: Markup) -> Markup {
            index.map { "<a rel=\"\(relation)\" href=\"\(places.names[$0]).html\">\(words)</a>" } ?? ""
        }
        return """
            <nav class="path" aria-label="Report"><a href="../index.html#cells">All cells</a> \
            \(link(previous, "prev", "Previous cell")) \(link(next, "next", "Next cell"))</nav>

            """
    }

    /// A whole page.
    ///
    /// - Parameter root: the way to the folder's own files; nil if the page has them in itself.
    private func page(title: String, root: String?, body: Markup) -> [UInt8] {
        let style = String(decoding: PackageResources.report_css, as: UTF8.self)
        let script = String(decoding: PackageResources.report_js, as: UTF8.self)
        let policy =
            root == nil
            ? "default-src 'none'; style-src '\(Self.hash(style))'; script-src '\(Self.hash(script))'; img-src data:"
            : "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:"
        let styles: Markup =
            root.map { "<link rel=\"stylesheet\" href=\"\($0)report.css\">" } ?? "<style>\(Markup.trusted(style))</style>"
        let scripts: Markup =
            root.map { "<script src=\"\($0)report.js\"></script>" } ?? "<script>\(Markup.trusted(script))</script>"
        let page: Markup = """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="\(Markup.trusted(policy)); base-uri 'none'; form-action 'none'">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta name="referrer" content="no-referrer">
            <title>\(Wording.clipped(title, 200))</title>
            <link rel="icon" href="data:,">
            \(styles)
            </head>
            <body id="top">
            <a class="skip" href="#main">Skip to the content</a>
            \(body)
            <footer><p>Made by Ninepin, \(Wording.time(document.created)). All times are UTC.</p></footer>
            \(scripts)
            </body>
            </html>

            """
        return Array(page.text.utf8)
    }

    /// The source expression for an inline element (CSP Level 3, 2.3.1).
    private static func hash(_ text: String) -> String {
        "sha256-\(Data(SHA256.hash(data: Array(text.utf8))).base64EncodedString())"
    }
}
