import FileSystem
import FoundationEssentials
import Model
import SystemPackage

/// The name of something that is recorded: its UTC time plus a random suffix, which distinguishes names within one second. Names sort by time.
package enum RecordName {
    private static let style = Date.ISO8601FormatStyle().year().month().day().dateSeparator(.omitted).time(
        includingFractionalSeconds: false
    )
    .timeSeparator(.omitted)

    /// A new name.
    package static func new(at time: Date = .now) -> String {
        let stamp = time.formatted(style)
        return "\(stamp.filter { $0 != "Z" })-\(String(UInt32.random(in: 0...UInt32.max), radix: 16))"
    }

    /// The time in a name, in seconds since 1970; nil if it is not a name of this kind.
    package static func time(of name: String) -> Int64? {
        guard let stamp = name.split(separator: "-").first, stamp.utf8.count == 15, stamp.allSatisfy(\.isASCII) else { return nil }
        // Not a fault: a name that somebody else chose has no time.
        return (try? style.parse(String(stamp))).map { Int64($0.timeIntervalSince1970) }
    }
}

/// Recorded documents that are not runs, such as tables: one folder each, with the document and its logs. A folder is always complete.
package struct DocumentFolders: Sendable {
    private let folder: FilePath

    /// Uses a folder of a workspace, such as `approaches`.
    package init(_ folder: FilePath) { self.folder = folder }

    /// Records a document with its logs, all moved in with one rename.
    ///
    /// - Parameters:
    ///   - file: the document's file name in the new folder.
    ///   - logs: a folder on the same file system. It becomes the new folder.
    /// - Returns: the folder.
    /// - Throws: `FileError`; `EncodingError`.
    package func record(_ document: some Encodable, as file: FilePath.Component, logs: FilePath) throws -> FilePath {
        try Files.makeDirectory(folder)
        try Files.makeDirectory(logs)
        try Files.write(try JSONDocument.bytes(of: document), to: logs.appending(file))
        let place = folder.appending(RecordName.new())
        try Files.rename(logs, to: place)
        return place
    }
}
