import FileSystem
import FoundationEssentials
import Host
import Model
import Synchronization
import SystemPackage

import struct Crypto.SHA256

/// A value that contains everything that can change a result. The result's key is computed from the value, so no input can be forgotten.
package protocol Keyed: Encodable, Sendable {
    /// A stable step identifier, such as `fetch`. It is part of the key and names the folder in the store.
    static var name: String { get }
}

/// A step whose result is stored.
package protocol Step: Keyed {
    /// The result; stored as JSON.
    associatedtype Output: Codable & Sendable
    /// Produces the result. Files are written to `folder`, which becomes the result's folder in the store.
    func run(in context: StepContext, folder: FilePath) async throws -> Output
    /// Whether a stored result is still complete, as far as a quick check can tell.
    func isWhole(_ output: Output, in place: FilePath, workspace: Workspace) -> Bool
}

extension Step {
    package func isWhole(_ output: Output, in place: FilePath, workspace: Workspace) -> Bool { true }
}

extension Keyed {
    /// The identity of the result: the SHA-256 of the step's name and all of its inputs as JSON with sorted keys.
    package func key() throws -> Digest {
        var hash = SHA256()
        hash.update(data: Data("\(Self.name)\n".utf8))
        hash.update(data: try JSONDocument.line(of: self))
        return Digest(bytes: hash.finalize())
    }
}

/// An input that affects where or how fast a result is produced, but not its content. It is not part of the key.
package struct Unkeyed<Value: Sendable>: Encodable, Sendable {
    package let value: Value

    package init(_ value: Value) { self.value = value }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encodeNil()
    }
}

/// The environment in which a step runs.
package struct StepContext: Sendable {
    package let host: Host
    package let workspace: Workspace
    package let scratch: Scratch
    /// Shows the user a note that must not be missed; progress messages may be dropped if there are too many.
    package let note: @Sendable (String) -> Void
    /// Reports the step's progress to the user.
    package let progress: @Sendable (String) -> Void
    /// What failed steps left; nil if nothing of it stays.
    package var leftovers: Leftovers?
}

extension StepContext {
    /// Runs `body` with a path for temporary files, which are removed afterward. If it fails and what failed steps leave is to be kept, they
    /// stay. Steps use no other place for temporary files.
    package func inPlace<Value>(of name: String, _ body: (FilePath) async throws -> Value) async throws -> Value {
        let place = scratch.place(name)
        let value: Value
        do { value = try await body(place) } catch {
            if let leftovers, !(error is CancellationError) { leftovers.add(place) } else { Self.discard(place, note) }
            throw error
        }
        Self.discard(place, note)
        return value
    }

    /// Removes temporary files. The end of the process tries it again, so a failure is only a note.
    private static func discard(_ place: FilePath, _ note: (String) -> Void) {
        do throws(FileError) { try Files.remove(place) } catch { note("temporary files could not be removed: \(error)") }
    }
}

/// The temporary files of failed steps that are to be kept.
package final class Leftovers: Sendable {
    private let found = Mutex<[FilePath]>([])

    package init() {}

    func add(_ place: FilePath) { found.withLock { $0.append(place) } }

    /// The places at which there is something.
    var places: [FilePath] { found.withLock { $0 }.filter(Files.exists) }
}
