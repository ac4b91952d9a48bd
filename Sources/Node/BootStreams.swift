import FileSystem
import Grading
import Host

/// The two output streams of a sandbox. The program writes its log to standard output. The first program reports on standard error, where
/// runsc also writes. Each stream is written to a file as it arrives.
package struct BootStreams: Sendable {
    package let logs: BootLogs
    private let output: LineFile
    private let error: LineFile
    private var channel = NodeChannel()

    package init(output: LineFile, error: LineFile) {
        (self.output, self.error) = (output, error)
        logs = BootLogs([output, error])
    }

    /// Parses an event and writes it to its file.
    package mutating func read(_ event: Command.Event) -> BootEvent {
        switch event {
        case .line(.output, let line):
            output.append(line)
            return .log(line)
        case .more(.output, let piece, let overlap):
            output.append(more: piece, overlap: overlap)
            return .more(piece, overlap: overlap)
        case .line(.error, let line): return read(line)
        case .more(.error, let piece, let overlap):
            error.append(more: piece, overlap: overlap)
            return .silent
        case .tick: return .tick
        }
    }

    private mutating func read(_ line: [UInt8]) -> BootEvent {
        switch channel.read(line) {
        case .foreign:
            error.append(line)
            return line.isEmpty ? .silent : .runtime(String(decoding: line, as: UTF8.self))
        case .fact(.probe(let name, let answer)):
            // The answer may have arrived in pieces, which are not readable.
            error.append(Array("\(NodeFact.mark)probe \(name) \(answer)".utf8))
            return .fact(.probe(name: name, answer: answer))
        case .fact(let fact):
            error.append(line)
            return .fact(fact)
        case .piece: return .silent
        case .refused:
            error.append(line)
            return .silent
        }
    }
}
