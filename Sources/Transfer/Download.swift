import SystemPackage

/// One file, wanted by its digest, or taken as it comes.
package struct Download: Sendable, CustomStringConvertible {
    /// Where the file is to be had, tried in order: mirrors of the same content.
    package var addresses: [String]
    /// What messages call the file.
    package var name: String
    /// How many bytes the file has; nil when nobody knows, and then only the disk bounds what a server may send.
    package var size: Int64?
    /// The SHA-256 digest of the file: 64 lower-case hexadecimal digits. Nil for a file of which nobody knows it: what the first address gives is
    /// taken, all of it from one answer, and nothing that is there already.
    package var sha256: String?
    /// The most bytes that a file may have of which nobody knows the digest.
    package var mostUnknown: Int64 = 4 << 30
    /// The final name. While the file comes it is `.part` beside it, and `.lock` keeps others from fetching it too.
    package var destination: FilePath
    /// The schemes that an address may have: of `https`, `http` and `file`. A redirect never goes to a file.
    package var schemes: Set<String>

    /// Makes a wish for one file.
    package init(
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
    package var description: String { "\(name) to \(destination)" }
}

/// A file that is at its destination now, with the bytes that were wanted.
package struct Downloaded: Sendable, Hashable {
    /// The destination.
    package let path: FilePath
    /// Bytes of body that came over the wire in this call: 0 when the file was there, more than its size after a clean retry.
    package let received: Int64
    /// How many of the file's bytes were in a `.part` of an earlier call and are part of it now.
    package let resumedFrom: Int64
    /// The address, of those asked for, that gave the last byte, its secrets hidden; nil when no request was made.
    package let address: String?
    /// How long the call took.
    package let seconds: Double
}

/// How far a file has come.
package struct Progress: Sendable, Hashable {
    /// Bytes of the file that are on the disk, those of an earlier call included.
    package let received: Int64
    /// Bytes that the file will have; nil when neither the caller nor the server said.
    package let total: Int64?
    /// How fast bytes come at the moment, smoothed over about a second.
    package let bytesPerSecond: Double
}
