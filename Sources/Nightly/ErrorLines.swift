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
        let text = Self.normalized(entry.text[min(entry.message, entry.text.count)...].prefix(4 * Self.length))
        guard !text.isEmpty, seen.insert(text).inserted else { return }
        lines.append(ErrorLine(signature: Digest(bytes: SHA256.hash(data: Array(text.utf8))).hex, text: text))
    }

    /// A message without what differs from boot to boot: every word with a digit becomes `#`, and so does what is in quotes if it has one.
    ///
    /// A word ends at white space and at punctuation other than `-`, `_`, `.`, `:` and `/`, which occur in names, times, paths and addresses.
    static func normalized(_ message: some Sequence<UInt8>) -> String {
        var text = ""
        var word = ""
        var isNumbered = false
        func end() {
            if isNumbered { if text.last != "#" { text += "#" } } else { text += word }
            (word, isNumbered) = ("", false)
        }
        for character in String(decoding: Array(message), as: UTF8.self) {
            if character.isNumber {
                isNumbered = true
                word.append(character)
            } else if character.isLetter || "-_.:/+=%".contains(character) {
                word.append(character)
            } else {
                end()
                if character != " " || text.last != " " { text.append(character) }
            }
            if text.count >= length { break }
        }
        end()
        return String(text.prefix(length)).split(separator: " ").joined(separator: " ")
    }
}
