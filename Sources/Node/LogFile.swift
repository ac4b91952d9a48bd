import FileSystem
import Grading
import Host
import Model
import SystemPackage

extension LogReader {
    /// Reads a whole log from a file, or from standard input if the path is nil, in bounded memory. The file may be a FIFO; canceling the
    /// task ends a wait for its input.
    ///
    /// - Parameter wanted: the number of the requested run of the node.
    /// - Returns: the reader, and whether the log ends in the middle of a line.
    /// - Throws: `FileError` if it cannot be read.
    package static func reading(
        file path: String?, warmUp: Double, wanted: Int? = nil
    ) throws(FileError) -> (reader: LogReader, isCut: Bool) {
        let name = path.map { FilePath($0).lastComponent?.string ?? $0 } ?? "standard input"
        var reader = LogReader(source: name, warmUp: warmUp, wanted: wanted)
        var splitter = LineSplitter()
        var encoding = LogEncoding()
        var beginning: [UInt8] = []
        try Files.eachPiece(of: path.map { FilePath($0) }, mayBeStream: true) { piece in
            if beginning.count < Compression.signatureBytes { beginning += piece.prefix(Compression.signatureBytes - beginning.count) }
            encoding.take(piece) { text in splitter.take(text) { reader.take($0) } }
        }
        if let compression = Compression(beginning) { throw compression.refusal(of: path) }
        encoding.finish { text in splitter.take(text) { reader.take($0) } }
        let rest = splitter.finish()
        if let rest { reader.take(rest) }
        if let form = encoding.form, form != .utf8 { reader.encoding = form.rawValue }
        return (reader, rest != nil)
    }

    /// Reads a whole log like ``reading(file:warmUp:wanted:)``.
    ///
    /// - Returns: the verdict that the log alone supports about the node's last run in it, and the number of lines.
    package static func verdict(onFile path: String?, warmUp: Double) throws(FileError) -> (verdict: Verdict, lines: Int) {
        let (reader, isCut) = try reading(file: path, warmUp: warmUp)
        return (reader.verdict(isCut: isCut), reader.lines)
    }

    private mutating func take(_ piece: LineSplitter.Piece) {
        switch piece {
        case .line(let line): take(line)
        case .more(let more, let overlap): take(more: more, overlap: overlap)
        }
    }
}
