import Model
import Sanitizing

/// A report as JUnit's XML, in the part of the format that GitHub's actions, GitLab and Jenkins read in the same way: the elements and
/// attributes of Jenkins' schema, without those that only one of them knows.
///
/// A cell is a test. A broken expectation, and a cell that does not repeat, is a `failure`. A failed harness is an `error`. A postponed
/// cell is `skipped`.
package struct JUnitReport: Sendable {
    private let document: ReportDocument
    private let most: Int

    /// - Parameter most: the maximum length in bytes. When it is reached, the remaining tests have no output.
    package init(_ document: ReportDocument, most: Int = 4 << 20) {
        self.document = document
        self.most = most
    }

    /// The XML document.
    package var xml: [UInt8] {
        let suites = suites
        let totals = Totals(document.cells)
        var room = most
        let body = suites.map { suite($0.name, $0.cells, &room) }.joined()
        // Jenkins' schema has no `skipped` here.
        return Array(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <testsuites name="\(XML.attribute(Wording.clipped(document.title, 300)))" tests="\(totals.tests)" failures="\(totals.failures)" \
            errors="\(totals.errors)" time="\(totals.time)">
            \(body)</testsuites>

            """.utf8)
    }

    /// The cells by recipe and line of releases, in their order.
    private var suites: [(name: String, cells: [ReportDocument.Cell])] {
        var order: [String] = []
        var groups: [String: [ReportDocument.Cell]] = [:]
        for cell in document.cells {
            let name = Self.subject(cell.key)
            if groups[name] == nil { order.append(name) }
            groups[name, default: []].append(cell)
        }
        return order.map { ($0, groups[$0] ?? []) }
    }

    private func suite(_ name: String, _ cells: [ReportDocument.Cell], _ room: inout Int) -> String {
        let totals = Totals(cells)
        let started = document.night?.started ?? document.created
        let timestamp = Wording.isTime(started) ? " timestamp=\"\(started.prefix(19))\"" : ""
        let tests = cells.map { test($0, &room) }.joined()
        return """
              <testsuite name="\(XML.attribute(name))" tests="\(totals.tests)" failures="\(totals.failures)" errors="\(totals.errors)" \
            skipped="\(totals.skipped)" time="\(totals.time)"\(timestamp)>
            \(tests)  </testsuite>

            """
    }

    private func test(_ cell: ReportDocument.Cell, _ room: inout Int) -> String {
        let name = [cell.key.layout.rawValue, cell.key.level.rawValue] + (cell.key.probe.map { ["probe \($0)"] } ?? [])
        let time = cell.seconds.map { " time=\"\(Totals.text($0))\"" } ?? ""
        let head =
            "    <testcase classname=\"\(XML.attribute(Self.className(cell)))\" name=\"\(XML.attribute(name.joined(separator: ", ")))\"\(time)"
        let outcome = outcome(cell, isBrief: room <= 0)
        room -= head.utf8.count + outcome.utf8.count
        return outcome.isEmpty ? "\(head)/>\n" : "\(head)>\n\(outcome)    </testcase>\n"
    }

    private func outcome(_ cell: ReportDocument.Cell, isBrief: Bool) -> String {
        let expected = cell.expected.map { "; expected: \($0)" } ?? ""
        let text = isBrief ? "The report is too long for more." : details(cell)
        switch cell.state {
        case .broken: return element("failure", type: "broken", message: "\(cell.result)\(expected)", text)
        case .flaky: return element("failure", type: "flaky", message: "does not repeat: \(cell.tally)\(expected)", text)
        case .harness: return element("error", type: "harness", message: cell.summary, text)
        case .postponed: return "      <skipped message=\"\(XML.attribute(Wording.clipped(cell.summary, 400)))\"/>\n"
        case .asExpected, .measured, .unchanged:
            guard !isBrief else { return "" }
            return "      <system-out>\(XML.text("\(cell.state.rawValue): \(Wording.clipped(cell.summary, 400))"))</system-out>\n"
        }
    }

    private func element(_ name: String, type: String, message: String, _ text: String) -> String {
        "      <\(name) type=\"\(type)\" message=\"\(XML.attribute(Wording.clipped(message, 600)))\">\(XML.text(text))</\(name)>\n"
    }

    private func details(_ cell: ReportDocument.Cell) -> String {
        var lines = [Wording.clipped(cell.summary, 600)]
        guard let run = cell.run else { return lines[0] }
        lines += run.verdict.evidence.prefix(6).map { "\($0.place): \(Wording.clipped($0.text, 1000))" }
        if let excerpt = run.excerpt {
            lines += ["", Wording.clipped(excerpt.log, 200)]
            lines += excerpt.shown(most: 20).map { "\($0.isDeciding ? ">" : " ") \($0.number)  \(Wording.clipped($0.text, 600))" }
        }
        let commands = run.commands.prefix(10).map { Wording.clipped($0, 600) }
        return (lines + (commands.isEmpty ? [] : ["", "To repeat it:"] + commands)).joined(separator: "\n")
    }

    private static func subject(_ key: CellKey) -> String {
        let name = [key.recipe, key.line ?? ""].filter { !$0.isEmpty }.map { Wording.clipped($0, 150) }.joined(separator: " ")
        return name.isEmpty ? "binary" : name
    }

    /// `kubelet-1_20.percpu`. Jenkins takes everything before the last period for the name of a package.
    private static func className(_ cell: ReportDocument.Cell) -> String {
        [subject(cell.key), Wording.clipped(cell.label, 300)].map {
            $0.split(separator: ".", omittingEmptySubsequences: false).joined(separator: "_")
        }
        .joined(separator: ".")
    }

    /// The numbers of a suite.
    private struct Totals {
        let tests: Int
        let failures: Int
        let errors: Int
        let skipped: Int
        let time: String

        init(_ cells: [ReportDocument.Cell]) {
            tests = cells.count
            failures = cells.count { $0.state == .broken || $0.state == .flaky }
            errors = cells.count { $0.state == .harness }
            skipped = cells.count { $0.state == .postponed }
            time = Self.text(cells.compactMap(\.seconds).reduce(0, +))
        }

        /// Seconds without an exponent, with three digits after the period.
        static func text(_ seconds: Double) -> String {
            let thousandths = Int(min(max(seconds, 0), 1e12) * 1000)
            let rest = String(thousandths % 1000)
            return "\(thousandths / 1000).\(String(repeating: "0", count: 3 - rest.count))\(rest)"
        }
    }
}

extension ReportDocument.Cell {
    /// How long the shown run's boot took, in seconds: until the node's program started, or until the last milestone.
    var seconds: Double? {
        let newest = history.last { $0.run == run?.id }?.bootSeconds
        guard let seconds = run?.timeline.map(\.seconds).max() ?? newest, seconds.isFinite else { return nil }
        return seconds
    }
}

/// Text in an XML 1.0 document.
enum XML {
    /// A text of several lines as the content of an element.
    static func text(_ text: String) -> String { escaped(Visible.lines(text)) }

    /// A text as the value of an attribute in double quotation marks; line breaks are made visible, because a reader would replace them.
    static func attribute(_ text: String) -> String { escaped(Visible.line(text)) }

    /// Escapes markup, and writes what XML 1.0 cannot contain in the form of `Visible`. Controls are visible already; two noncharacters
    /// are left (section 2.2, Char).
    private static func escaped(_ text: String) -> String {
        var shown = String.UnicodeScalarView()
        for scalar in inert(text).unicodeScalars {
            switch scalar {
            case "&": shown += "&amp;".unicodeScalars
            case "<": shown += "&lt;".unicodeScalars
            case ">": shown += "&gt;".unicodeScalars
            case "\"": shown += "&quot;".unicodeScalars
            case "\u{FFFE}", "\u{FFFF}": shown += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}".unicodeScalars
            default: shown.append(scalar)
            }
        }
        return String(shown)
    }

    /// GitLab and Jenkins take `[[ATTACHMENT|path]]` and `[[PROPERTY|name=value]]` in a test's output for orders to attach a file.
    private static func inert(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "[")) else { return text }
        var shown = String.UnicodeScalarView()
        var last: Unicode.Scalar?
        for scalar in text.unicodeScalars {
            if scalar == "[", last == "[" { shown.append(" ") }
            shown.append(scalar)
            last = scalar
        }
        return String(shown)
    }
}
