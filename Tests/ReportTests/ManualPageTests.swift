import Foundation
import Testing

@testable import Report

@Suite("Manual pages")
struct ManualPageTests {
    private func pages(_ json: String) throws -> [String: String] {
        let tool = try JSONDecoder().decode(CommandDescription.Tool.self, from: Data(json.utf8))
        return ManualPages(
            version: "1.2", date: "2026-11-27", variables: [("A_B", "One.")], exitCodes: [("0", "Done."), ("64", "Usage error.")]
        ).pages(of: tool.command)
    }

    private let described = #"""
        {"serializationVersion": 0, "command": {"commandName": "pin", "shouldDisplay": true, "abstract": "Do it.",
         "discussion": "About.\n\n.TH not a request\n'br neither\nC:\\fBold\n\n  kept  as is\n  it is\nfilled\n\nExamples:\n  pin -x    'do'\n\nExit codes: 0 clean or done; 1 no.",
         "subcommands": [
          {"commandName": "add", "superCommands": ["pin"], "shouldDisplay": true, "abstract": "Add.", "discussion": "Exit code 7 is odd.", "arguments": [
           {"kind": "positional", "shouldDisplay": true, "isOptional": false, "isRepeating": true, "valueName": "name", "abstract": "Names."},
           {"kind": "option", "shouldDisplay": true, "isOptional": true, "isRepeating": false, "valueName": "level", "abstract": "How.",
            "names": [{"kind": "short", "name": "l"}, {"kind": "long", "name": "level"}], "allValues": ["a", "b"], "defaultValue": "a"},
           {"kind": "flag", "shouldDisplay": false, "isOptional": true, "isRepeating": false, "names": [{"kind": "long", "name": "secret"}]}]},
          {"commandName": "hidden", "superCommands": ["pin"], "shouldDisplay": false},
          {"commandName": "help", "superCommands": ["pin"], "shouldDisplay": true}]}}
        """#

    @Test("each visible command has a page, and hidden ones and hidden options have none")
    func visible() throws {
        let pages = try pages(described)
        #expect(pages.keys.sorted() == ["pin-add.1", "pin.1"])
        #expect(pages.values.allSatisfy { !$0.contains("secret") && !$0.contains("hidden") })
    }

    @Test("a page has the parts of the help in their sections")
    func sections() throws {
        let pages = try pages(described)
        let top = try #require(pages["pin.1"])
        let headings = top.split(separator: "\n").filter { $0.hasPrefix(".SH ") }.map { $0.dropFirst(4) }
        #expect(headings == ["NAME", "SYNOPSIS", "DESCRIPTION", "COMMANDS", "ENVIRONMENT", "EXIT STATUS", "EXAMPLES", "SEE ALSO"])
        #expect(top.contains("\npin \\- Do it\n") && top.contains("\n.BR pin\\-add (1)\n"))
        #expect(top.contains("EXAMPLES\n.nf\n\\&  pin \\-x    \\(aqdo\\(aq\n.fi\n"))
        #expect(top.contains("\n\\fB64\\fR\nUsage error.\n") && top.contains("\n\\fBA_B\\fR\nOne.\n") && !top.contains("Exit codes:"))
        let add = try #require(pages["pin-add.1"])
        #expect(add.contains("\n\\fBpin add\\fR [\\fIoptions\\fR] \\fIname\\fR ...\n"))
        #expect(add.contains("\n.TP\n\\fB\\-l\\fR, \\fB\\-\\-level\\fR \\fIlevel\\fR\nHow. Values: a, b. Default: a.\n"))
        #expect(add.contains("EXIT STATUS\nExit code 7 is odd.\n") && add.contains("\n.BR pin (1)\n"))
    }

    @Test("help text cannot contain requests or escapes of roff, and lines that begin with blanks are kept")
    func escaped() throws {
        let top = try #require(try pages(described)["pin.1"])
        #expect(top.contains("\n\\&.TH not a request\n\\&\\(aqbr neither\nC:\\efBold\n"))
        #expect(top.contains("\n.nf\n\\&  kept  as is\n\\&  it is\n.fi\nfilled\n"))
        #expect(Roff.escaped("a\u{1B}[1m…–\u{1F600}\"`^~\t") == "a[1m\\[u2026]\\[u2013]\\[u1F600]\\(dq\\(ga\\(ha\\(ti ")
    }
}
