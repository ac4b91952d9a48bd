import Sanitizing

/// A file of a locked source.
package struct LockedFile: Hashable, Codable, Sendable {
    /// The file's name, without a directory.
    package let name: String
    /// Its length in bytes.
    package let bytes: Int64
    /// The expected digest of its content.
    package let sha256: Digest

    package init(name: String, bytes: Int64, sha256: Digest) {
        self.name = name
        self.bytes = bytes
        self.sha256 = sha256
    }
}

/// The result of resolving a recipe's source: exact versions, digests and commits, without ranges or "newest". The address it was fetched
/// from is not included, because the same content from another mirror is the same source.
package struct Lock: Hashable, Codable, Sendable {
    /// The kind of source.
    package enum Kind: String, Codable, Sendable {
        /// A Debian source package, as listed in the signed index.
        case debian
        /// A commit of a git repository.
        case git
        /// An archive.
        case archive
        /// A directory on this machine, which nobody else has.
        case folder
    }

    package let kind: Kind
    /// The source package, the repository (its address without a password), the archive's file name, or the directory.
    package let name: String
    /// The exact version including the Debian revision, the commit ID, the archive's digest, or the directory's tree ID.
    package let version: String
    /// The request that resolved to this version, such as `refs/tags/v1.20.2`; nil if the version itself was requested.
    package let resolvedFrom: String?
    /// The commit time in seconds since 1970. Builds contain this date instead of the current time. nil if unknown.
    package var time: Int64?
    /// The files, as listed in the signed index or the recipe.
    package let files: [LockedFile]
    /// Whether a directory differs from its checked-out commit.
    package let isDirty: Bool
    /// The Debian packages of libraries that the source is compiled with.
    package var libraries: [LockedFile]
    /// The content of the recipe's downloads, by name; nil if there are none.
    package var downloads: [String: LockedDownload]?
    /// The containerd of the booted node; nil if it was the machine's own, or if nothing was booted.
    package var containerd: LockedPackage?

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

    /// A description: `kubernetes 1.20.2-1`, `commit 0123456789ab of https://…`.
    package var title: String {
        switch kind {
        case .debian: "\(name) \(version)"
        case .git: "commit \(version.prefix(12)) from \(Redaction.bare(name))"
        // A record from an older version may contain a query.
        case .archive: Redaction.fileName(of: name) ?? name
        case .folder: "\(name)\(isDirty ? " (dirty)" : "")"
        }
    }
}
