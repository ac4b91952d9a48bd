import FileSystem
import LogLines
import Model
import Runs
import SystemPackage

import struct Crypto.SHA256

/// The error lines of a node's log, without what differs from boot to boot, so that the lines of two boots can be compared.
package struct ErrorLines: Sendable {
    /// The lines, each once, in the order of the log.
    package private(set) var lines: [ErrorLine] = []
    private var seen = Set<String>()
    private var splitter = LineSplitter()

    /// The largest number of different lines that are kept of one log.
    package static let most = 500
    /// The largest number of bytes of a log that are read.
    static let mostBytes = 16 << 20
    /// The length of a text in characters.
    private static let length = 240

    package init() {}

    /// Reads the beginning of a log.
    ///
    /// - Throws: `FileError`.
    package init(of log: FilePath) throws(FileError) {
        let bytes = try Files.read(log, from: 0, count: Self.mostBytes)
        bytes.withUnsafeBytes { take($0) }
        finish()
    }

    /// Takes a piece of a log.
    package mutating func take(_ bytes: UnsafeRawBufferPointer) {
        var found: [[UInt8]] = []
        splitter.take(bytes) { piece in
            if case .line(let line) = piece { found.append(line) }
        }
        for line in found { read(line) }
    }

    /// Takes the end of a log.
    package mutating func finish() {
        if case .line(let line) = splitter.finish() { read(line) }
    }

    private mutating func read(_ line: [UInt8]) {
        guard lines.count < Self.most, line.count > 2 else { return }
        let entry = LogEntry(LineWrapper(line), learned: [])
        guard entry.severity == UInt8(ascii: "E") || entry.severity == UInt8(ascii: "F") else { return }
        let text = MessagePattern.text(of: entry.text[min(entry.message, entry.text.count)...].prefix(4 * Self.length), length: Self.length)
        guard !text.isEmpty, seen.insert(text).inserted else { return }
        lines.append(ErrorLine(signature: Digest(bytes: SHA256.hash(data: Array(text.utf8))).hex, text: text))
    }
}
