import ExitCodes
import Glibc

/// Text in the character sets of mails and commits.
package enum Charset {
    /// Sets that the C library converts. A name from outside never reaches it otherwise: it also names files that the library would load.
    private static var known: Regex<Substring> {
        /(?:iso-?8859-(?:[2-9]|1[0-6])|windows-?(?:125[0-8]|874)|cp(?:125[0-8]|437|850|852|866)|koi8-[ru]|gb2312|gbk|gb18030|big5|euc-(?:jp|kr|tw)|shift[_-]jis|iso-2022-(?:jp|kr))/
    }

    /// Decodes a text as git does: without a character set, or in UTF-8, bytes that are not UTF-8 are Latin-1 (git's `commit.c`,
    /// `verify_utf8`).
    ///
    /// - Parameter name: the character set's name; nil or empty if none is told.
    /// - Throws: `CharsetError` if the set is not known here, or the text is not in it.
    package static func text(_ bytes: some Collection<UInt8>, in name: String?) throws(CharsetError) -> String {
        let bytes = Array(bytes)
        let name = (name ?? "").lowercased()
        switch name {
        case "", "utf-8", "utf8", "us-ascii", "ascii": return repaired(bytes)
        case "iso-8859-1", "iso8859-1", "latin-1", "latin1", "iso_8859-1": return latin(bytes)
        default:
            if bytes.allSatisfy({ $0 < 0x80 && $0 != 0x1B }), !name.isEmpty, name.wholeMatch(of: known) != nil {
                return String(decoding: bytes, as: UTF8.self)
            }
            guard name.wholeMatch(of: known) != nil, let text = converted(bytes, from: name) else { throw CharsetError(name: name) }
            return text
        }
    }

    private static func latin(_ bytes: some Collection<UInt8>) -> String {
        String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
    }

    private static func repaired(_ bytes: [UInt8]) -> String {
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        var (text, rest) = (String.UnicodeScalarView(), bytes[...])
        while !rest.isEmpty {
            var (decoder, source) = (UTF8.ForwardParser(), rest.makeIterator())
            switch decoder.parseScalar(from: &source) {
            case .valid(let encoded):
                text.append(UTF8.decode(encoded))
                rest = rest.dropFirst(encoded.count)
            default:
                text.append(Unicode.Scalar(rest[rest.startIndex]))
                rest = rest.dropFirst()
            }
        }
        return String(text)
    }

    /// Converts with iconv(3); nil if it does not know the set, or the bytes are not in it.
    private static func converted(_ bytes: [UInt8], from name: String) -> String? {
        guard let handle = iconv_open("UTF-8", name), Int(bitPattern: handle) != -1 else { return nil }
        defer { iconv_close(handle) }
        // No character of these sets takes more than three bytes for each of its own, but for a base and its accents.
        var (input, output) = (bytes.map { CChar(bitPattern: $0) }, [CChar](repeating: 0, count: 4 * bytes.count + 16))
        let count: Int? = input.withUnsafeMutableBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                var (from, left, to, room) = (input.baseAddress, input.count, output.baseAddress, output.count)
                guard iconv(handle, &from, &left, &to, &room) == 0, left == 0, iconv(handle, nil, nil, &to, &room) == 0 else { return nil }
                return output.count - room
            }
        }
        return count.flatMap { String(validating: output.prefix($0).map { UInt8(bitPattern: $0) }, as: UTF8.self) }
    }
}

/// A text in a character set that cannot be read.
package struct CharsetError: ExitStatusError, Hashable, Sendable, CustomStringConvertible {
    /// The set's name, in lower case.
    package let name: String

    /// What is wrong, and what to do about it.
    package var description: String {
        let shown = String(name.unicodeScalars.prefix(40).map { $0.isASCII && $0.value > 0x20 && $0.value < 0x7F ? Character($0) : "?" })
        return "the text is not readable in the character set '\(shown)' that it names; save it as UTF-8"
    }

    package var exitStatus: ExitStatus { .data }
}
