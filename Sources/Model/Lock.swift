/// One file of a locked source.
public struct LockedFile: Hashable, Codable, Sendable {
    /// The file's name, without a directory.
    public let name: String
    /// Its length in bytes.
    public let bytes: Int64
    /// What its content must be.
    public let sha256: Digest

    /// Makes a locked file.
    public init(name: String, bytes: Int64, sha256: Digest) {
        self.name = name
        self.bytes = bytes
        self.sha256 = sha256
    }
}

/// What a recipe's source was resolved to: no range, no "newest", only exact versions and digests. Where a file was fetched from is no part
/// of it: the same content from another mirror is the same source.
public struct Lock: Hashable, Codable, Sendable {
    /// The source package's name.
    public let package: String
    /// Its exact version, Debian revision included.
    public let version: String
    /// Its files, as the signed index lists them; the `.dsc` is among them.
    public let files: [LockedFile]

    /// Makes a lock.
    public init(package: String, version: String, files: [LockedFile]) {
        self.package = package
        self.version = version
        self.files = files
    }
}
