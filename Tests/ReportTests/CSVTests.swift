import Report
import Testing

@Suite("Comma-separated values")
struct CSVTests {
    @Test("texts are quoted as RFC 4180 has it, and none is a formula for a spreadsheet")
    func fields() {
        #expect(
            CSV.line([.text("a"), .text("b c"), .text("a,b"), .text("say \"x\""), .text("a\nb")])
                == "a,b c,\"a,b\",\"say \"\"x\"\"\",\"a\nb\"")
        #expect(CSV.line([.text("=1+1"), .text("-x"), .text("@a"), .text("+a"), .text("\t=a")]) == "'=1+1,'-x,'@a,'+a,'\t=a")
        #expect(CSV.line([.number("-1.5"), .empty, .text("")]) == "-1.5,,\"\"")
    }
}
