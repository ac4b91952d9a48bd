import SystemPackage

/// One file, wanted by its digest, or taken as it comes.
public struct Download: Sendable, CustomStringConvertible {
    /// Where the file is to be had, tried in order: mirrors of the same content.
    public var addresses: [String]
    /// What messages call the file.
    public var name: String
    /// How many bytes the file has; nil when nobody knows, and then only the disk bounds what a server may send.
    public var size: Int64?
    /// The SHA-256 digest of the file: 64 lower-case hexadecimal digits. Nil for a file of which nobody knows it: what the first address gives is
    /// taken, all of it from one answer, and nothing that is there already.
    public var sha256: String?
    /// The most bytes that a file may have of which nobody knows the digest.
    public var mostUnknown: Int64 = 4 << 30
    /// The final name. While the file comes it is `.part` beside it, and `.lock` keeps others from fetching it too.
    public var destination: FilePath
    /// The schemes that an address may have: of `https`, `http` and `file`. A redirect never goes to a file.
    public var schemes: Set<String>

    /// Makes a wish for one file.
    public init(
        addresses: [String], name: String, size: Int64? = nil, sha256: String?, destination: FilePath,
        schemes: Set<String> = ["https", "http"]
    ) {
        self.addresses = addresses
        self.name = name
        self.size = size
        self.sha256 = sha256
        self.destination = destination
        self.schemes = schemes
    }

    /// The name and where it goes. The addresses stay out of it: they may hold a password.
    public var description: String { "\(name) to \(destination)" }
}

/// A file that is at its destination now, with the bytes that were wanted.
public struct Downloaded: Sendable, Hashable {
    /// The destination.
    public let path: FilePath
    /// Bytes of body that came over the wire in this call: 0 when the file was there, more than its size after a clean retry.
    public let received: Int64
    /// How many of the file's bytes were in a `.part` of an earlier call and are part of it now.
    public let resumedFrom: Int64
    /// The address, of those asked for, that gave the last byte, its secrets hidden; nil when no request was made.
    public let address: String?
    /// How long the call took.
    public let seconds: Double
}

/// How far a file has come.
public struct Progress: Sendable, Hashable {
    /// Bytes of the file that are on the disk, those of an earlier call included.
    public let received: Int64
    /// Bytes that the file will have; nil when neither the caller nor the server said.
    public let total: Int64?
    /// How fast bytes come at the moment, smoothed over about a second.
    public let bytesPerSecond: Double
}
