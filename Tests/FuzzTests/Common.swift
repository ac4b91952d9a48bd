import Foundation
import Fuzzing
import TestInputs

/// The project's folder.
let project = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

/// The contents of the project's own files that match a condition.
func ownFiles(below folder: String, _ isWanted: (String) -> Bool) throws -> [[UInt8]] {
    let top = project.appending(path: folder)
    let names = try FileManager.default.subpathsOfDirectory(atPath: top.path).filter(isWanted).sorted()
    return try names.map { Array(try Data(contentsOf: top.appending(path: $0))) }
}

func bytes(_ texts: [String]) -> [[UInt8]] { texts.map { Array($0.utf8) } }

/// A folder for one run, removed at the end.
final class FuzzFolder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "ninepin-fuzz-\(UUID())").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func place(_ name: String) -> String { "\(path)/\(name)" }

    func write(_ bytes: some Sequence<UInt8>, to name: String) throws {
        let url = URL(filePath: place(name))
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
    }

    func remove(_ name: String) throws {
        if (try? FileManager.default.attributesOfItem(atPath: place(name))) != nil {
            try FileManager.default.removeItem(atPath: place(name))
        }
    }

    /// All paths in the folder, except for some of its top-level entries and everything below them.
    func names(without left: Set<String>) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path).filter { !left.contains($0) }.sorted().flatMap { name in
            [name] + ((try? FileManager.default.subpathsOfDirectory(atPath: place(name))) ?? []).sorted().map { "\(name)/\($0)" }
        }
    }
}

/// A random generator that depends only on an input, so that a saved input always behaves the same (FNV-1a).
func chance(of input: [UInt8]) -> SplitMix {
    SplitMix(input.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 })
}

/// Interprets an input as a sequence of decisions. This generates structured data from bytes, so that the bytes can be mutated and
/// minimized as usual.
struct Draw {
    private var rest: ArraySlice<UInt8>

    init(_ input: [UInt8]) { rest = input[...] }

    var isEmpty: Bool { rest.isEmpty }

    mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

    mutating func number(below count: Int) -> Int { count < 2 ? 0 : Int(byte()) % count }

    mutating func one<Value>(of values: [Value]) -> Value { values[number(below: values.count)] }

    mutating func bytes(_ most: Int) -> [UInt8] {
        let count = min(number(below: most + 1), rest.count)
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }
}
