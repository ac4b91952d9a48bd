import Git
import UnifiedDiff

/// One message of a mailbox of patches, as written by `git format-patch --stdout`; or the whole text if it is not a mailbox.
package struct PatchMail: Sendable {
    /// The message's subject without the prefix in brackets; nil if it has none.
    package let subject: String?
    /// The original bytes of the message.
    package let text: [UInt8]

    /// The messages of a text that change a file.
    ///
    /// - Parameter origin: the text's name in errors.
    /// - Throws: `PatchesError.malformed` if the text is not a patch.
    package static func mails(in text: [UInt8], from origin: String) throws(PatchesError) -> [PatchMail] {
        do throws(PatchError) {
            return try Patch.messages(in: text).map { PatchMail(subject: subject(of: $0), text: $0) }
        } catch { throw .malformed(file: origin, error) }
    }

    private static func subject(of text: [UInt8]) -> String? {
        let head = text.split(separator: UInt8(ascii: "\n"), maxSplits: 100, omittingEmptySubsequences: false)
            .map { String(decoding: $0.last == UInt8(ascii: "\r") ? $0.dropLast() : $0, as: UTF8.self) }
            .prefix { !$0.isEmpty }
        guard let start = head.firstIndex(where: { $0.lowercased().hasPrefix("subject:") }) else { return nil }
        // A folded header continues on lines that begin with white space (RFC 5322, 2.2.3).
        let folded = head[(start + 1)...].prefix { $0.first == " " || $0.first == "\t" }
        var words = decoded(([String(head[start].dropFirst("subject:".count))] + folded).joined())
        while let found = words.prefixMatch(of: /\s*\[[^\]]*\]/) { words = String(words[found.range.upperBound...]) }
        let subject = words.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return subject.isEmpty ? nil : subject
    }

    /// Decodes encoded words in UTF-8 (RFC 2047); others stay unchanged.
    private static func decoded(_ text: String) -> String {
        let joined = text.replacing(/\?=\s+=\?/) { _ in "?==?" }
        return joined.replacing(/=\?[Uu][Tt][Ff]-8\?[Qq]\?([^? ]*)\?=/) { found in
            var (bytes, rest) = ([UInt8](), found.1.utf8[...])
            while let byte = rest.popFirst() {
                if byte == UInt8(ascii: "="), let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
                    bytes.append(value)
                    rest = rest.dropFirst(2)
                } else {
                    bytes.append(byte == UInt8(ascii: "_") ? UInt8(ascii: " ") : byte)
                }
            }
            return String(decoding: bytes, as: UTF8.self)
        }
    }
}
