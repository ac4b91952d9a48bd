import Grading
import Model
import Testing

@Suite("The channel of the first program")
struct NodeChannelTests {
    @Test("a mark that combines with the blank before it hides no fact")
    func combining() {
        var channel = NodeChannel()
        #expect(channel.read(Array("@ninepin probe healthz \u{301}ok".utf8)) == .fact(.probe(name: "healthz", answer: "\u{301}ok")))
        #expect(channel.read(Array("@ninepin told failed \u{301}x".utf8)) == .fact(.failed("\u{301}x")))
        #expect(channel.read(Array("@ninepin told \u{301}".utf8)) == .refused)
        #expect(channel.read(Array("@ninepin told gvisor x".utf8)) == .refused)
        #expect(channel.read(Array("@ninepin told stage node".utf8)) == .refused)
    }

    @Test("an answer in pieces is whole, also where a piece ends within a letter or begins with a mark that combines")
    func pieces() {
        var channel = NodeChannel()
        let answer = Array("{é\u{301}}".utf8)
        for cut in 1..<answer.count {
            for piece in [answer[..<cut], answer[cut...]] { #expect(channel.read(Array("@ninepin part summary ".utf8) + piece) == .piece) }
            let whole = String(decoding: answer, as: UTF8.self)
            #expect(channel.read(Array("@ninepin answered summary".utf8)) == .fact(.probe(name: "summary", answer: whole)))
        }
    }
}
