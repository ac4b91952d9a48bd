import GoToolchain
import Host
import Model
import Store
import SystemPackage

/// What a binary says of itself, and what the ledger knows of it.
package struct Inspection: Hashable, Codable, Sendable {
    /// The binary.
    package let artifact: Artifact
    /// What it was made of; nil when Ninepin did not build it.
    package let pedigree: Pedigree?
    /// Go's build ID when it is not Ninepin's; nil when the file has none.
    package let goBuildID: String?
    /// The recorded runs of these bytes, the oldest first.
    package let runs: [Attempt]

    /// One recorded run.
    package struct Attempt: Hashable, Codable, Sendable {
        /// Its id.
        package let id: String
        /// The layout.
        package let layout: RunLayout
        /// What came of it.
        package let grade: Grade
    }

    /// Looks at a binary.
    ///
    /// - Throws: `FileError` when it cannot be read.
    package init(of binary: FilePath, on host: Host) throws {
        let path = try Files.realPath(binary)
        artifact = Artifact(digest: try Files.digest(of: path), path: path.string, bytes: Files.bytes(of: path) ?? 0)
        let id = try GoBuildID.read(path)
        pedigree = id.flatMap(Pedigree.init(buildID:))
        goBuildID = pedigree == nil ? id : nil
        runs = try Ledger(Workspace(host).runs).runs(of: artifact.digest).map {
            Attempt(id: $0.id, layout: $0.layout, grade: $0.verdict.grade)
        }
    }
}
