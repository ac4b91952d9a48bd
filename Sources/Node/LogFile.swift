import Grading
import Host
import Model
import SystemPackage

extension LogReader {
    /// Reads a whole log from a file, or from standard input when no file is named, in bounded memory. The
    /// file may be a FIFO; a wait for what comes through it ends when the task is cancelled.
    ///
    /// - Returns: what the log alone can say, and how many lines it has.
    /// - Throws: `FileError` when it cannot be read.
    public static func verdict(onFile path: String?, warmUp: Double) throws(FileError) -> (verdict: Verdict, lines: Int) {
        let name = path.map { FilePath($0).lastComponent?.string ?? $0 } ?? "standard input"
        var reader = LogReader(source: name, warmUp: warmUp)
        var splitter = LineSplitter()
        try Files.eachPiece(of: path.map { FilePath($0) }, mayBeStream: true) { piece in splitter.take(piece) { reader.take($0) } }
        let rest = splitter.finish()
        if let rest { reader.take(rest) }
        return (reader.verdict(isCut: rest != nil), reader.lines)
    }

    private mutating func take(_ piece: LineSplitter.Piece) {
        switch piece {
        case .line(let line): take(line)
        case .more(let more, let overlap): take(more: more, overlap: overlap)
        }
    }
}
