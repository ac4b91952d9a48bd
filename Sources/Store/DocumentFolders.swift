import FileSystem
import FoundationEssentials
import Model
import SystemPackage

/// The name of something that is recorded: its UTC time plus a random suffix, which distinguishes names within one second. Names sort by time.
package enum RecordName {
    /// A new name.
    package static func new(at time: Date = .now) -> String {
        let stamp = time.formatted(
            .iso8601.year().month().day().dateSeparator(.omitted).time(includingFractionalSeconds: false).timeSeparator(.omitted))
        return "\(stamp.filter { $0 != "Z" })-\(String(UInt32.random(in: 0...UInt32.max), radix: 16))"
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
