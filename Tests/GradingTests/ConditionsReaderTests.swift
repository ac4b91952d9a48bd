import Grading
import Model
import Testing

@Suite("What a boot suffers from the rest of the machine")
struct ConditionsReaderTests {
    private func line(_ second: Double) -> [UInt8] {
        let (whole, micros) = (Int(second), Int((second - second.rounded(.down)) * 1_000_000))
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let fraction = String(repeating: "0", count: 6 - "\(micros)".count) + "\(micros)"
        return Array("I1126 10:\(two(whole / 60)):\(two(whole % 60)).\(fraction)      40 kubelet.go:1] x".utf8)
    }

    @Test("a line's delay is counted from its own time, whatever the two clocks say")
    func delay() {
        var reader = ConditionsReader()
        // The node's clock is 100 s ahead; the second line was delayed by 2 s.
        for (own, arrival) in [(101.0, 1.0), (102, 4), (105, 5)] { reader.take(line: line(own), at: arrival) }
        #expect(abs(reader.conditions(at: 6).longestDelay - 2) < 0.001)
    }

    @Test("a line that came late from the beginning shows when the others do not")
    func lateBeginning() {
        var reader = ConditionsReader()
        for (own, arrival) in [(1.0, 8.0), (10, 10), (20, 20)] { reader.take(line: line(own), at: arrival) }
        #expect(abs(reader.conditions(at: 30).longestDelay - 7) < 0.001)
    }

    @Test("a quotation of an older line, and a line without a time, delay nothing")
    func quoted() {
        var reader = ConditionsReader()
        reader.take(line: line(100), at: 1)
        reader.take(line: Array("said: ".utf8) + line(5), at: 2)
        reader.take(line: Array("panic: no time".utf8), at: 9)
        reader.take(line: [], at: 9)
        #expect(reader.conditions(at: 9).longestDelay == 0)
    }

    @Test("silence is counted from when the probes began, between answers, and until the end")
    func silence() {
        var reader = ConditionsReader()
        #expect(reader.conditions(at: 50).longestSilence == 0)
        reader.take(.stage("kubelet"), at: 10)
        reader.take(.probe(name: "healthz", answer: "ok"), at: 12)
        reader.take(.probe(name: "summary", answer: "{}"), at: 12.5)
        #expect(reader.conditions(at: 13).longestSilence == 2)
        #expect(reader.conditions(at: 22.5).longestSilence == 10)
    }

    @Test(
        "a node that does not answer in a question's time is silent itself, and not the machine; an answer that comes late may be the machine's"
    )
    func unanswered() {
        func silence(_ answer: String, after seconds: Double) -> Double {
            var reader = ConditionsReader()
            reader.take(.stage("kubelet"), at: 10)
            reader.take(.asked(name: "healthz"), at: 11)
            reader.take(.probe(name: "healthz", answer: answer), at: 11 + seconds)
            return reader.conditions(at: 11 + seconds).longestSilence
        }
        #expect(silence("", after: 10.5) == 1)
        #expect(silence(NodeFact.noAnswer, after: 10.5) == 1)
        #expect(silence(" \n", after: 14) == 4)
        #expect(silence("ok", after: 9) == 9)
        var pending = ConditionsReader()
        pending.take(.stage("kubelet"), at: 10)
        pending.take(.asked(name: "healthz"), at: 11)
        #expect(pending.conditions(at: 20).longestSilence == 1)
        #expect(pending.conditions(at: 31).longestSilence == 10)
    }

    @Test("pressure is the share of the time between the first and the last reading; unknown without two")
    func pressure() {
        var reader = ConditionsReader()
        reader.take(PressureSample(waited: 100, seconds: 1))
        #expect(reader.conditions(at: 1).cpuPressure == nil)
        reader.take(PressureSample(waited: 103, seconds: 11))
        #expect(reader.conditions(at: 11).cpuPressure == 0.3)
    }

    @Test("a boot is slowed by late answers and late lines; a busy machine alone slows none, and makes the limits shorter")
    func limits() {
        #expect(BootConditions(cpuPressure: 1, longestSilence: 2, longestDelay: 1, company: 20).excesses().isEmpty)
        #expect(BootConditions(longestSilence: 5).excesses().isEmpty)
        #expect(BootConditions(longestSilence: 7).excesses() == ["the probes were silent for 7.0 s (limit 6.0 s)"])
        #expect(BootConditions(longestDelay: 4).excesses() == ["a log line arrived 4.0 s late (limit 3.0 s)"])
        let busy = BootConditions(cpuPressure: 0.95, longestSilence: 5, longestDelay: 2).excesses()
        #expect(busy.count == 2 && busy.allSatisfy { $0.hasSuffix("on a busy machine)") })
    }
}
