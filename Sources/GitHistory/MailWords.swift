import FoundationEssentials
import Git
import UnifiedDiff

/// Encoded words of mail headers (RFC 2047), and character sets.
enum MailWords {
    /// Decodes words in a text. What is no valid word stays as it is.
    ///
    /// - Throws: `PatchMessageError.charset` for a word in a character set that is not known.
    static func decoded(_ text: String) throws(PatchMessageError) -> String {
        // White space between two encoded words is not part of the text.
        let joined = text.replacing(/\?=\s+=\?/.matchingSemantics(.unicodeScalar)) { _ in "?==?" }
        var (shown, rest) = ("", joined[...])
        // A character can be split between two words of one character set, against the RFC: their bytes are decoded together.
        var (held, set): ([UInt8], String?) = ([], nil)
        func flush() throws(PatchMessageError) {
            if let set { shown += try PatchMessage.text(held, in: set) }
            (held, set) = ([], nil)
        }
        while let found = rest.firstMatch(
            of: /=\?([A-Za-z0-9_.:-]{1,60})(?:\*[A-Za-z0-9-]*)?\?([QqBb])\?([^? ]*)\?=/.matchingSemantics(.unicodeScalar))
        {
            let bytes = found.2.lowercased() == "q" ? quoted(found.3) : unpacked(found.3)
            let name = found.1.lowercased()
            if found.range.lowerBound > rest.startIndex || set != name || bytes == nil { try flush() }
            shown += rest[..<found.range.lowerBound]
            if let bytes { (held, set) = (held + bytes, name) } else { shown += rest[found.range] }
            rest = rest[found.range.upperBound...]
        }
        try flush()
        return shown + rest
    }

    /// The character set of a mail's `Content-Type`; nil if it names none.
    static func charset(of header: MailHeader) -> String? {
        guard let type = header.first("content-type") else { return nil }
        return String(decoding: type.text, as: UTF8.self).firstMatch(of: /(?i);\s*charset\s*=\s*"?([^";\s]+)/).map { String($0.1) }
    }

    private static func quoted(_ text: Substring) -> [UInt8] {
        var (bytes, rest) = ([UInt8](), text.utf8[...])
        while let byte = rest.popFirst() {
            let digits = rest.prefix(2)
            if byte == UInt8(ascii: "="), digits.count == 2, let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16) {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "_") ? UInt8(ascii: " ") : byte)
            }
        }
        return bytes
    }

    /// Base64, whose padding may be missing; nil if it is none.
    private static func unpacked(_ text: Substring) -> [UInt8]? {
        let digits = text.prefix { $0 != "=" }
        return Data(base64Encoded: digits + String(repeating: "=", count: (4 - digits.utf8.count % 4) % 4)).map { Array($0) }
    }
}

extension Author {
    /// The author that the `From` field of a mail names: `Name <address>`, `"N. Ame" <address>` or `address (Name)`; nil for anything else.
    /// Of several authors it is the first.
    package init?(mail field: String) throws(PatchMessageError) {
        guard let (name, address, _) = Self.parts(field) else { return nil }
        let plain = name.replacing(/"((?:[^"\\]|\\.)*)"/.matchingSemantics(.unicodeScalar)) {
            $0.1.replacing(/\\(.)/.matchingSemantics(.unicodeScalar)) { String($0.1) }
        }
        let decoded = try MailWords.decoded(plain)
        do { try self.init(foreignName: decoded, email: address) } catch { return nil }
    }

    /// Whether a field names one author and nothing else.
    static func isOnly(_ field: String) -> Bool { parts(field)?.rest.isEmpty ?? false }

    /// Nobody has a longer name, and a search in a longer text could take long.
    private static let mostBytes = 2000

    private static func parts(_ field: String) -> (name: String, address: String, rest: Substring)? {
        guard field.utf8.count <= mostBytes else { return nil }
        let line = field.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        if let found = line.wholeMatch(of: /([^<>]*)<([^<>]*)> ?(\(.*\))?(,.*)?/.matchingSemantics(.unicodeScalar)) {
            // As in git, a remark behind the address is part of the name.
            return ("\(found.1)\(found.3.map { " \($0)" } ?? "")", String(found.2), found.4 ?? "")
        }
        guard let found = line.wholeMatch(of: /(\S+@\S+) ?(?:\((.*)\))?/.matchingSemantics(.unicodeScalar)) else { return nil }
        return (String(found.2 ?? ""), String(found.1), "")
    }

    /// An author as somebody else wrote it. Without a name, the address stands for it, as in git.
    ///
    /// - Throws: `AuthorError` if there is no address, or a character that a mail header cannot contain.
    package init(foreignName name: String, email: String) throws(AuthorError) {
        let words = name.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        let address = email.filter { !$0.isWhitespace }
        try self.init(name: words.isEmpty ? address : words, email: address)
    }
}
