import Model
import SystemPackage

/// The binary's bytes changed after it was built or hashed.
struct ArtifactChanged: Error, CustomStringConvertible {
    let path: FilePath
    let expected: Digest
    let found: Digest

    var description: String { "\(path) has changed: its digest is \(found), expected \(expected)" }
}
