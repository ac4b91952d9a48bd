import FoundationEssentials
import Host
import Model
import SystemPackage

import struct Crypto.SHA256

/// A value that holds all that can change a result. The result's key is made of that value, so no input can be forgotten.
protocol Keyed: Encodable, Sendable {
    /// The name of the step that makes the result: `resolve`, `fetch`, `patch`, `build`, `verify`.
    static var name: String { get }
}

/// One step of the way, whose result is kept.
protocol Step: Keyed {
    /// What it makes; kept as JSON.
    associatedtype Output: Codable & Sendable
    /// Makes the result. What is a file of its own goes into `folder`, which becomes the result's place in the store.
    func run(in context: StepContext, folder: FilePath) async throws -> Output
    /// Whether a kept result is still there in full, as far as can be told in a moment.
    func isWhole(_ output: Output, in place: FilePath, workspace: Workspace) -> Bool
}

extension Step {
    func isWhole(_ output: Output, in place: FilePath, workspace: Workspace) -> Bool { true }
}

extension Keyed {
    /// The identity of the result: the SHA-256 of the step's name and of all that goes in, as JSON with sorted keys.
    func key() throws -> Digest {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var hash = SHA256()
        hash.update(data: Data("\(Self.name)\n".utf8))
        hash.update(data: try encoder.encode(self))
        return Digest(bytes: hash.finalize())
    }
}

/// An input that changes where or how fast a result comes, but not a byte of it: it has no part in the key.
struct Unkeyed<Value: Sendable>: Encodable, Sendable {
    let value: Value

    init(_ value: Value) { self.value = value }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encodeNil()
    }
}

/// What a step may use of the world.
struct StepContext: Sendable {
    let host: Host
    let workspace: Workspace
    let scratch: Scratch
    /// Tells people, once, what they should know in any case: progress may be passed over where it comes too often.
    let note: @Sendable (String) -> Void
    /// Tells people how far the step has come.
    let progress: @Sendable (String) -> Void
}
