import FoundationEssentials
import Host
import Model
import SystemPackage

import struct Crypto.SHA256

/// A value that holds all that can change a result. The result's key is made of that value, so no input can be forgotten.
package protocol Keyed: Encodable, Sendable {
    /// A stable step identifier, such as `fetch`. It is part of the key and names the folder in the store.
    static var name: String { get }
}

/// One step of the way, whose result is kept.
package protocol Step: Keyed {
    /// What it makes; kept as JSON.
    associatedtype Output: Codable & Sendable
    /// Makes the result. What is a file of its own goes into `folder`, which becomes the result's place in the store.
    func run(in context: StepContext, folder: FilePath) async throws -> Output
    /// Whether a kept result is still there in full, as far as can be told in a moment.
    func isWhole(_ output: Output, in place: FilePath, workspace: Workspace) -> Bool
}

extension Step {
    package func isWhole(_ output: Output, in place: FilePath, workspace: Workspace) -> Bool { true }
}

extension Keyed {
    /// The identity of the result: the SHA-256 of the step's name and of all that goes in, as JSON with sorted keys.
    package func key() throws -> Digest {
        var hash = SHA256()
        hash.update(data: Data("\(Self.name)\n".utf8))
        hash.update(data: try JSONDocument.line(of: self))
        return Digest(bytes: hash.finalize())
    }
}

/// An input that changes where or how fast a result comes, but not a byte of it: it has no part in the key.
package struct Unkeyed<Value: Sendable>: Encodable, Sendable {
    package let value: Value

    package init(_ value: Value) { self.value = value }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encodeNil()
    }
}

/// What a step may use of the world.
package struct StepContext: Sendable {
    package let host: Host
    package let workspace: Workspace
    package let scratch: Scratch
    /// Tells people, once, what they should know in any case: progress may be passed over where it comes too often.
    package let note: @Sendable (String) -> Void
    /// Tells people how far the step has come.
    package let progress: @Sendable (String) -> Void
}
