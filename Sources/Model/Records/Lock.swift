import Sanitizing

/// One file of a locked source.
package struct LockedFile: Hashable, Codable, Sendable {
    /// The file's name, without a directory.
    package let name: String
    /// Its length in bytes.
    package let bytes: Int64
    /// What its content must be.
    package let sha256: Digest

    /// Makes a locked file.
    package init(name: String, bytes: Int64, sha256: Digest) {
        self.name = name
        self.bytes = bytes
        self.sha256 = sha256
    }
}

/// What a recipe's source was resolved to: no range, no "newest", only exact versions, digests and commits. Where it was fetched from is no
/// part of it: the same content from another mirror is the same source.
package struct Lock: Hashable, Codable, Sendable {
    /// Where the source comes from.
    package enum Kind: String, Codable, Sendable {
        /// A Debian source package, as the signed index lists it.
        case debian
        /// A commit of a git repository.
        case git
        /// An archive.
        case archive
        /// A folder of this machine: nobody else can have it.
        case folder
    }

    /// Where the source comes from.
    package let kind: Kind
    /// The source package, the repository (its address without a password), the archive's file, or the folder.
    package let name: String
    /// The exact version, Debian revision included; the commit's id; the archive's digest; the folder's tree id.
    package let version: String
    /// What was asked for and gave that version, such as `refs/tags/v1.20.2`; nil where the version itself was asked for.
    package let resolvedFrom: String?
    /// When the commit was made, in seconds since 1970: what is built carries this date, and none of a clock's. Nil where nothing tells.
    package var time: Int64?
    /// The files, as the signed index or the recipe lists them.
    package let files: [LockedFile]
    /// Whether a folder differs from the commit that it has checked out.
    package let isDirty: Bool
    /// The Debian packages of libraries that the source is compiled with.
    package var libraries: [LockedFile]
    /// What the recipe's downloads were found to be, by name; nil where nothing was downloaded beside the source.
    package var downloads: [String: LockedDownload]?
    /// The containerd of the node that was booted; nil where it had the machine's own, and where nothing was booted.
    package var containerd: LockedPackage?

    /// Makes a lock.
    package init(
        kind: Kind, name: String, version: String, resolvedFrom: String? = nil, time: Int64? = nil, files: [LockedFile] = [],
        isDirty: Bool = false,
        libraries: [LockedFile] = []
    ) {
        self.kind = kind
        self.name = name
        self.version = version
        self.resolvedFrom = resolvedFrom
        self.time = time
        self.files = files
        self.isDirty = isDirty
        self.libraries = libraries
    }

    /// What it is, for people: `kubernetes 1.20.2-1`, `commit 0123456789ab of https://…`.
    package var title: String {
        switch kind {
        case .debian: "\(name) \(version)"
        case .git: "commit \(version.prefix(12)) from \(Redaction.bare(name))"
        // A record of an older version may have a query in it.
        case .archive: Redaction.fileName(of: name) ?? name
        case .folder: "\(name)\(isDirty ? " (dirty)" : "")"
        }
    }
}
