import FileSystem
import GoToolchain
import Host
import Model
import Runs
import Store
import SystemPackage

/// The information that a binary contains about itself, and the ledger's runs of it.
package struct Inspection: Hashable, Codable, Sendable {
    package let artifact: Artifact
    /// The inputs of its build; nil if Ninepin did not build it.
    package let pedigree: Pedigree?
    /// Go's build ID if Ninepin did not write it; nil if the file has none.
    package let goBuildID: String?
    /// The recorded runs of this binary, the oldest first.
    package let runs: [Attempt]

    package struct Attempt: Hashable, Codable, Sendable {
        /// The run's ID.
        package let id: String
        package let layout: RunLayout
        package let grade: Grade
    }

    /// Inspects a binary.
    ///
    /// - Throws: `FileError` if it cannot be read.
    package init(of binary: FilePath, on host: Host) throws {
        let path = try Files.realPath(binary)
        artifact = Artifact(digest: try Files.digest(of: path), path: path.string, bytes: Files.bytes(of: path) ?? 0)
        let id = try GoBuildID.read(path)
        pedigree = id.flatMap(Pedigree.init(buildID:))
        goBuildID = pedigree == nil ? id : nil
        runs = try Ledger(Workspace(host)).runs(of: artifact.digest).map {
            Attempt(id: $0.id, layout: $0.layout, grade: $0.verdict.grade)
        }
    }
}
