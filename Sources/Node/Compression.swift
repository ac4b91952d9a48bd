import FileSystem
import SystemPackage

/// The form of a compressed file, by its first bytes.
enum Compression: String, CaseIterable {
    case gzip, xz, zstd, bzip2

    /// The bytes that decide.
    static let signatureBytes = 6

    init?(_ beginning: [UInt8]) {
        guard let found = Self.allCases.first(where: { beginning.starts(with: $0.signature) }) else { return nil }
        self = found
    }

    /// The first bytes of a file (RFC 1952, RFC 8878, the xz format 2.1.1.1, and bzip2's `BZh`).
    private var signature: [UInt8] {
        switch self {
        case .gzip: [0x1F, 0x8B]
        case .xz: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]
        case .zstd: [0x28, 0xB5, 0x2F, 0xFD]
        case .bzip2: [0x42, 0x5A, 0x68]
        }
    }

    /// The program that writes the text to standard output.
    private var program: String {
        switch self {
        case .gzip: "zcat"
        case .xz: "xzcat"
        case .zstd: "zstdcat"
        case .bzip2: "bzcat"
        }
    }

    /// That a log is compressed, and how to read it.
    func refusal(of path: String?) -> FileError {
        let name = path ?? "FILE"
        return Files.refusal(
            "read", FilePath(path ?? "standard input"), "it is compressed (\(rawValue)); use: \(program) \(name) | ninepin grade -")
    }
}
