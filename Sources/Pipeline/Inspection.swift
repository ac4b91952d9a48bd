import GoToolchain
import Host
import Ledger
import Model
import SystemPackage

/// What a binary says of itself, and what the ledger knows of it.
public struct Inspection: Hashable, Codable, Sendable {
    /// The binary.
    public let artifact: Artifact
    /// What it was made of; nil when Ninepin did not build it.
    public let pedigree: Pedigree?
    /// Go's build ID when it is not Ninepin's; nil when the file has none.
    public let goBuildID: String?
    /// The recorded runs of these bytes, the oldest first.
    public let runs: [Attempt]

    /// One recorded run.
    public struct Attempt: Hashable, Codable, Sendable {
        /// Its id.
        public let id: String
        /// The layout.
        public let layout: Layout
        /// What came of it.
        public let grade: Grade
    }

    /// Looks at a binary.
    ///
    /// - Throws: `FileError` when it cannot be read.
    public init(of binary: FilePath, on host: Host) throws {
        let path = try Files.realPath(binary)
        artifact = Artifact(digest: try Files.digest(of: path), path: path.string, bytes: Files.bytes(of: path) ?? 0)
        let id = try GoBuildID.read(path)
        pedigree = id.flatMap(Pedigree.init(buildID:))
        goBuildID = pedigree == nil ? id : nil
        runs = Ledger(Workspace(host).runs).runs(of: artifact.digest).map {
            Attempt(id: $0.id, layout: $0.layout, grade: $0.verdict.grade)
        }
    }
}
