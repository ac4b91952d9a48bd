import FoundationEssentials
import Fuzzing

@testable import Comparing
@testable import LogLines

extension FuzzTarget {
    /// Two logs of nodes, one after the other: they are compared with each other, with themselves and the other way around.
    static let comparison = FuzzTarget("comparison", limit: 1 << 16, words: WrittenKubelet.words, seeds: { WrittenKubelet.seeds() }) {
        { input in
            var chance = chance(of: input)
            func log(_ bytes: ArraySlice<UInt8>, _ evidence: Set<Int>) -> LogMessages {
                var (log, rest) = (LogMessages(evidence: evidence), bytes)
                while !rest.isEmpty {
                    let piece = rest.prefix([1, 100, 5000].randomElement(using: &chance) ?? 1)
                    piece.withUnsafeBytes { log.take($0) }
                    rest = rest[piece.endIndex...]
                }
                log.finish()
                return log
            }
            let cut = input.isEmpty ? 0 : Int.random(in: 0...input.count, using: &chance)
            let evidence = Set([1, Int.random(in: 1...9, using: &chance)])
            let (one, two) = (log(input[..<cut], evidence), log(input[cut...], []))
            func difference(_ one: LogMessages, _ two: LogMessages, _ limit: Int?) -> LogDifference {
                LogDifference(name: "a.log", before: one, after: two, limit: limit, isCounted: true)
            }
            try hold(difference(one, one, nil).isSame && difference(two, two, nil).isSame, "a log differs from itself")
            let (all, back, few) = (difference(one, two, nil), difference(two, one, nil), difference(one, two, 2))
            try hold(all.same + all.onlyBefore == one.messages.count, "messages of the first log are lost")
            try hold(all.same + all.onlyAfter == two.messages.count, "messages of the second log are lost")
            try hold(all.lines.count == all.onlyBefore + all.onlyAfter && all.omitted == 0, "lines are left out")
            try hold((back.same, back.onlyBefore, back.onlyAfter) == (all.same, all.onlyAfter, all.onlyBefore), "the order decides")
            try hold(few.lines.count + few.omitted == all.lines.count, "lines that are left out are not counted")
            try hold(all.lines.filter(\.isEvidence).allSatisfy(few.lines.contains), "evidence is left out")
            try hold(all.lines.allSatisfy { $0.line > 0 && $0.text.utf8.count < 4096 }, "a line is too long, or nowhere")
            let text = Array(input.filter { $0 < 0x80 && $0 != UInt8(ascii: "\r") }.prefix(4000))
            try hold(MessagePattern.ascii(text, 480) == MessagePattern.unicode(text, 480), "a text of ASCII characters has two patterns")
            _ = try JSONEncoder().encode(all)
            return "\(all.same > 0) \(all.onlyBefore > 0) \(all.onlyAfter > 0) \(all.counts?.isEmpty == true)"
        }
    }
}
