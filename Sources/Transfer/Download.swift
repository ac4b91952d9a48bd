import SystemPackage

/// A file to download, identified by its digest or accepted as the server sends it.
package struct Download: Sendable, CustomStringConvertible {
    /// The file's addresses, tried in order; all are mirrors of the same content.
    package var addresses: [String]
    /// The file's name in messages.
    package var name: String
    /// The file's size in bytes; nil if unknown. Then only the disk limits what a server may send.
    package var size: Int64?
    /// The file's SHA-256 digest as 64 lower-case hexadecimal digits. If it is nil, the first address that works decides: the whole file
    /// comes from one answer, and an existing file is not used.
    package var sha256: String?
    /// The size limit in bytes for a file with an unknown digest.
    package var mostUnknown: Int64 = 4 << 30
    /// The final path. During the download, the data is in `.part` next to it, and `.lock` keeps others from downloading the same file.
    package var destination: FilePath
    /// The allowed schemes, out of `https`, `http` and `file`. A redirect to a file is never followed.
    package var schemes: Set<String>

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

    /// The name and the destination. The addresses are omitted because they may contain a password.
    package var description: String { "\(name) to \(destination)" }
}

/// A file that is at its destination, with the expected bytes.
package struct Downloaded: Sendable, Hashable {
    /// The file's path.
    package let path: FilePath
    /// The body bytes received in this call: 0 if the file already existed, more than the file's size after a restarted download.
    package let received: Int64
    /// How many of the file's bytes come from the `.part` of an earlier call.
    package let resumedFrom: Int64
    /// The requested address that sent the last byte, without secrets; nil if no request was made.
    package let address: String?
    /// The duration of the call.
    package let seconds: Double
}

/// The progress of a download.
package struct Progress: Sendable, Hashable {
    /// The file's bytes on disk, including those of an earlier call.
    package let received: Int64
    /// The file's size in bytes; nil if neither the caller nor the server specified it.
    package let total: Int64?
    /// The current speed, smoothed over about a second.
    package let bytesPerSecond: Double
}
