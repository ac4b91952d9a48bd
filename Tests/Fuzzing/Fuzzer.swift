import Foundation
import Glibc

/// Gives a reader mutated inputs for some time, and minimizes the first input that breaks it.
public struct Fuzzer {
    /// The settings of a run.
    public struct Settings: Sendable {
        /// The duration in seconds, as CPU time of the whole process or as wall-clock time.
        public var seconds: Double
        /// Whether the duration is wall-clock time: then a run also ends in time on a busy machine.
        public var isByTheClock = false
        /// The random seed: the same seed produces the same inputs.
        public var seed: UInt64
        /// Whether nothing else runs in this process: only then can the memory and time of an input be measured.
        public var isAlone: Bool
        /// The folder that contains a folder of previously failing inputs for each reader.
        public var kept: String
        /// A file that receives the current input, so that it is known if the process dies; nil for none.
        public var running: String?

        /// Makes settings.
        public init(seconds: Double, seed: UInt64, isAlone: Bool, kept: String, running: String? = nil) {
            (self.seconds, self.seed, self.isAlone, self.kept, self.running) = (seconds, seed, isAlone, kept, running)
        }
    }

    /// The result of a run.
    public struct Outcome: Sendable {
        /// The number of inputs read.
        public internal(set) var executions = 0
        /// The CPU time in seconds.
        public internal(set) var seconds = 0.0
        /// The number of different results of inputs.
        public internal(set) var kinds = 0
        /// What broke the reader; nil if nothing did.
        public internal(set) var finding: Finding?
    }

    /// An input that broke a reader.
    public struct Finding: Error, Sendable, CustomStringConvertible {
        /// The reader's name.
        public let target: String
        /// The violated property.
        public let what: String
        /// The smallest failing input found.
        public let input: [UInt8]
        /// The seed of the run.
        public let seed: UInt64
        /// The file that stores the input; nil if it was already stored.
        public internal(set) var place: String?

        /// The reader, the reason, the input, and how to reproduce it.
        public var description: String {
            let shown = input.count <= 2048 ? String(decoding: input, as: UTF8.self).debugDescription : "\(input.count) bytes"
            return """
                \(target): \(what)
                    smallest input: \(shown)
                    \(place.map { "kept as \($0); it is read by each test run from now on" } ?? "it is one of the inputs that are kept") (seed \(seed))
                """
        }
    }

    /// The limit of CPU time in seconds for one input, in a debug build on any machine: a hundred times what the slowest input takes.
    static let mostSeconds = 20.0
    /// The limit in bytes by which one run may increase the process's memory.
    static let mostBytes = 384 << 20

    private let target: FuzzTarget
    private let settings: Settings
    private let check: FuzzTarget.Check

    /// Prepares a run of one reader.
    public init(_ target: FuzzTarget, _ settings: Settings) throws {
        (self.target, self.settings) = (target, settings)
        check = try target.prepare()
    }

    /// Reads the saved inputs, the seeds, and then mutated ones until the time is up or something breaks.
    public mutating func run() async throws -> Outcome {
        var outcome = Outcome()
        let start = processorSeconds()
        defer { if let running = settings.running { unlink(running) } }
        for input in try keptInputs() {
            if let what = await broken(by: input) { return found(what, input, &outcome, start) }
            outcome.executions += 1
        }
        var inputs: [[UInt8]] = []
        var kinds = Set<String>()
        for input in try target.seeds() {
            if let what = await broken(by: input, noting: &kinds) { return found(what, input, &outcome, start) }
            inputs.append(input)
            outcome.executions += 1
        }
        var mutator = Mutator(seed: settings.seed, words: target.words, limit: target.limit)
        let began = ContinuousClock.now
        var spent: Double { settings.isByTheClock ? began.duration(to: .now) / .seconds(1) : processorSeconds() - start }
        while spent < settings.seconds {
            await Task.yield()
            let input = mutator.mutated(inputs)
            let known = kinds.count
            if let what = await broken(by: input, noting: &kinds) {
                let small = await smallest(input, what)
                return found(small.what, small.input, &outcome, start, isNew: true)
            }
            outcome.executions += 1
            if kinds.count > known, inputs.count < 2000 { inputs.append(input) }
        }
        outcome.kinds = kinds.count
        outcome.seconds = processorSeconds() - start
        return outcome
    }

    private func found(_ what: String, _ input: [UInt8], _ outcome: inout Outcome, _ start: Double, isNew: Bool = false) -> Outcome {
        var finding = Finding(target: target.name, what: what, input: input, seed: settings.seed)
        if isNew { finding.place = keep(input) }
        outcome.finding = finding
        outcome.seconds = processorSeconds() - start
        return outcome
    }

    private func broken(by input: [UInt8]) async -> String? {
        var kinds = Set<String>()
        return await broken(by: input, noting: &kinds)
    }

    /// The property that an input violates; nil if there is none.
    private func broken(by input: [UInt8], noting kinds: inout Set<String>) async -> String? {
        if let running = settings.running { try? Data(input).write(to: URL(filePath: running)) }
        let start = processorSeconds()
        let held = settings.isAlone ? heldBytes() : nil
        do {
            kinds.insert(Self.kind(try await check(input)))
        } catch let broken as Broken { return broken.description } catch { return "the check itself failed: \(error)" }
        guard settings.isAlone else { return nil }
        guard let held, let peak = peakBytes() else { return "what memory the process has cannot be read" }
        let (seconds, grown) = (processorSeconds() - start, peak - held)
        if seconds > Self.mostSeconds { return "\(input.count) bytes took more than \(Int(Self.mostSeconds)) s of processor time" }
        if grown > Self.mostBytes {
            return "\(input.count) bytes made the process grow by more than \(Self.mostBytes >> 20) MiB"
        }
        return nil
    }

    /// A message without quoted text, so that `expected text, found 'x'` and `… 'y'` are the same.
    private static func kind(_ words: String) -> String {
        var kind = ""
        var isQuoted = false
        for letter in words.unicodeScalars.prefix(400) {
            if letter == "'" || letter == "\"" || letter == "`" { isQuoted.toggle() }
            if !isQuoted, !(letter >= "0" && letter <= "9") { kind.unicodeScalars.append(letter) }
        }
        return kind
    }

    /// Removes pieces of an input, large ones first, as long as the same property is violated; then simplifies the rest.
    private func smallest(_ input: [UInt8], _ what: String) async -> (input: [UInt8], what: String) {
        let kind = Self.kind(what)
        // Memory is measured for the whole process, so the measurement cannot be repeated.
        guard !what.contains("made the process grow") else { return (input, what) }
        var (best, said, tries) = (input, what, 0)
        func breaks(_ input: [UInt8]) async -> Bool {
            tries += 1
            guard let found = await broken(by: input), Self.kind(found) == kind else { return false }
            said = found
            return true
        }
        var length = max(1, best.count / 2)
        while length > 0, tries < 4000 {
            var place = 0
            while place < best.count, tries < 4000 {
                let shorter = Array(best[..<place] + best[min(place + length, best.count)...])
                if await breaks(shorter) { best = shorter } else { place += length }
            }
            length /= 2
        }
        for place in best.indices where best[place] != UInt8(ascii: "a") && best[place] != UInt8(ascii: "\n") && tries < 6000 {
            var plainer = best
            plainer[place] = UInt8(ascii: "a")
            if await breaks(plainer) { best = plainer }
        }
        return (best, said)
    }

    private var folder: String { "\(settings.kept)/\(target.name)" }

    private func keptInputs() throws -> [[UInt8]] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return try names.sorted().map { Array(try Data(contentsOf: URL(filePath: "\(folder)/\($0)"))) }
    }

    private func keep(_ input: [UInt8]) -> String {
        // FNV-1a.
        let digest = input.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        let place = "\(folder)/\(String(digest, radix: 16))"
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try Data(input).write(to: URL(filePath: place))
            return place
        } catch { return "nothing, since \(place) cannot be written: \(error)" }
    }
}

/// The CPU time of the whole process so far (clock_gettime(2)).
private func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// The process's current memory in bytes. It also resets the peak that ``peakBytes()`` returns (proc(5), clear_refs), because leftovers of
/// many runs, such as fragmented heaps, are not caused by a single input.
private func heldBytes() -> Int? {
    guard let file = fopen("/proc/self/clear_refs", "w") else { return nil }
    fputs("5", file)
    fclose(file)
    return statusBytes("VmRSS:")
}

/// The peak memory of the process, in bytes, since the last call of ``heldBytes()``.
private func peakBytes() -> Int? { statusBytes("VmHWM:") }

/// A value from proc(5)'s status file, which is in KiB.
private func statusBytes(_ name: String) -> Int? {
    guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
        let line = text.split(separator: "\n").first(where: { $0.hasPrefix(name) })
    else { return nil }
    return Int(line.filter(\.isNumber)).map { $0 << 10 }
}
