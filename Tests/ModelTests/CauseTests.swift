import Foundation
import Model
import Testing

@Suite("The names of known faults")
struct CauseTests {
    private func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    @Test("a verdict is written and read as before causes had a type: the cause is a plain string")
    func document() throws {
        let verdict = Verdict(grade: .fatal, level: .boot, cause: .memoryCache, summary: "s", evidence: [])
        let text = #"{"cause":"memory cache","evidence":[],"grade":"fatal","level":"boot","notes":[],"summary":"s"}"#
        #expect(try json(verdict) == text)
        #expect(try JSONDecoder().decode(Verdict.self, from: Data(text.utf8)) == verdict)
        let clean = #"{"evidence":[],"grade":"clean","level":"boot","notes":[],"summary":"s"}"#
        #expect(try json(Verdict(grade: .clean, level: .boot, summary: "s", evidence: [])) == clean)
    }

    @Test("a cause of another release is read and written again as it stands")
    func unknown() throws {
        let text = #"{"cause":"a fault of tomorrow","evidence":[],"grade":"fatal","level":"log","notes":[],"summary":"s"}"#
        let read = try JSONDecoder().decode(Verdict.self, from: Data(text.utf8))
        #expect(read.title == "fatal, a fault of tomorrow")
        #expect(try json(read) == text)
    }

    @Test("what a patch's rule names is the cause that a verdict names")
    func rule() throws {
        #expect(NeedRule.Loss("fatal, memory cache")?.cause == .memoryCache)
        #expect(try json(NeedRule.Loss(.fatal, cause: .noDevice)) == #"{"cause":"could not find device","kind":"fatal"}"#)
    }

    @Test("a signal of a known fault decides the cause of its own name")
    func signals() {
        let names = Set((Signal.kubelet + Signal.probe).filter { [.forbidden, .sparse, .cause].contains($0.meaning) }.map(\.cause))
        #expect(
            names == [
                .memoryCache, .noDevice, .filesystemInfo, .cgroupV1, .podStats, .percpu, .rootStats, .memoryUsage, .mapIteration,
            ])
    }
}
