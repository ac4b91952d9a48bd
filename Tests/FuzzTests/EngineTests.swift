import Foundation
import Fuzzing
import Model
import Testing

@Suite("The engine that feeds readers")
struct EngineTests {
    private func run(_ target: FuzzTarget, seconds: Double = 20, kept: String, seed: UInt64 = 7) async throws -> Fuzzer.Outcome {
        var fuzzer = try Fuzzer(target, .init(seconds: seconds, seed: seed, isAlone: false, kept: kept))
        return try await fuzzer.run()
    }

    /// Fails for a number that is too large for 32 bits.
    private static let planted = FuzzTarget("planted", seeds: { bytes(["name: x\ncount: 12\nlist: [1, 2, 3]\n"]) }) {
        { input in
            let words = input.split { !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            for word in words where word.count > 9 && UInt32(String(decoding: word, as: UTF8.self)) == nil {
                throw Broken("a number overflows")
            }
            return "\(words.count) numbers"
        }
    }

    @Test("a planted fault is found, made small, kept, and found again at once by the next run, whatever its seed")
    func planted() async throws {
        let folder = try FuzzFolder()
        let first = try await run(Self.planted, kept: folder.path)
        let finding = try #require(first.finding)
        #expect(finding.what == "a number overflows")
        #expect(finding.input.count == 10, "\(finding)")
        let place = try #require(finding.place)
        #expect(place.hasPrefix("\(folder.path)/planted/"))
        #expect(Array(try Data(contentsOf: URL(filePath: place))) == finding.input)
        #expect("\(finding)".contains("seed 7") && "\(finding)".contains(place))
        let again = try await run(Self.planted, seconds: 0, kept: folder.path, seed: 8)
        #expect(again.finding?.input == finding.input && again.executions == 0)
    }

    @Test("the same seed makes the same inputs, and another seed makes others")
    func deterministic() {
        func inputs(_ seed: UInt64) -> [[UInt8]] {
            var mutator = Mutator(seed: seed, words: ["word"], limit: 1000)
            return (0..<200).map { _ in mutator.mutated(bytes(["a: 1\nb: [2, 3]\n", "x", ""])) }
        }
        #expect(inputs(1) == inputs(1))
        #expect(inputs(1) != inputs(2))
        #expect(inputs(1).allSatisfy { $0.count <= 1000 })
        #expect(inputs(1).contains { String(decoding: $0, as: UTF8.self).contains("word") })
    }

    @Test("an error of a kind that the reader does not throw breaks it, and so does a text without end")
    func typed() async throws {
        struct Own: Error {}
        struct Foreign: Error {}
        struct Long: Error, CustomStringConvertible { let description = String(repeating: "x", count: 1 << 20) }
        #expect(try reading("r", throwing: { $0 is Own }) { throw Own() }.value == nil as Int?)
        #expect(try reading("r", throwing: { $0 is Own }) { 1 }.value == 1)
        #expect(throws: Broken.self) { try reading("r", throwing: { $0 is Own }) { throw Foreign() } }
        #expect(throws: Broken.self) { try reading("r", throwing: { $0 is Long }) { throw Long() } }
    }

    @Test("an input that comes to something new is mutated in its turn")
    func grows() async throws {
        let folder = try FuzzFolder()
        // Each additional '-' makes an input worth keeping; otherwise a run of eight would be too unlikely.
        let target = FuzzTarget("growing", limit: 32, seeds: { bytes(["-"]) }) {
            { input in
                let count = input.split(omittingEmptySubsequences: false) { $0 != UInt8(ascii: "-") }.map(\.count).max() ?? 0
                try hold(count < 8, "eight in a row")
                return String(repeating: "-", count: count)
            }
        }
        #expect(try await run(target, seconds: 20, kept: folder.path).finding?.what == "eight in a row")
    }

    @Test("a check that fails for a reason of its own is no reader that held")
    func ownFailure() async throws {
        struct Full: Error {}
        let folder = try FuzzFolder()
        let target = FuzzTarget("failing", seeds: { [[]] }) { { _ in throw Full() } }
        #expect(try await run(target, kept: folder.path).finding?.what.contains("the check itself failed") == true)
    }
}
