import Model
import SystemPackage

/// The binary is not the one that was built or hashed: its bytes changed in between.
struct ArtifactChanged: Error, CustomStringConvertible {
    let path: FilePath
    let expected: Digest
    let found: Digest

    var description: String { "\(path) has changed: its digest is \(found), expected \(expected)" }
}
