/// Collects the secrets in addresses and credentials, and removes them from other texts. libcurl, libgit2 and programs quote parts of an
/// address that do not look like an address by themselves.
package struct Secrets: Sendable {
    private var words: Set<[UInt8]> = []

    /// Creates an empty collection.
    package init() {}

    /// Adds the parts of an address that ``Redaction`` hides.
    package mutating func note(address: String) {
        let parts = AddressParts(Array(address.utf8)[...])
        // In a broken address, everything before the last `@` may be a password.
        let user = parts.isBroken ? parts.rest.lastIndex(of: .at).map { parts.rest[..<$0] } : parts.plainUser == nil ? parts.user : nil
        if let user {
            note(user, atLeast: 2)
            // A password may contain a colon, a user name cannot.
            let name = user.prefix { $0 != .colon }
            note(name, atLeast: 2)
            note(user[name.endIndex...].dropFirst(), atLeast: 2)
        }
        for part in parts.parameters + [parts.query ?? [], parts.fragment ?? []] {
            note(part, atLeast: 4)
            for pair in part.split(whereSeparator: { "&;?#".utf8.contains($0) }) {
                // A short value such as `page=1` occurs in many unrelated texts.
                note(pair.firstIndex(of: UInt8(ascii: "=")).map { pair[($0 + 1)...] } ?? pair, atLeast: 4)
            }
        }
    }

    /// Adds the secrets in an environment's addresses, such as those of proxies and indexes.
    package mutating func note(environment: [String: String]) {
        for (name, value) in environment where value.contains("://") || name.lowercased().hasSuffix("_proxy") {
            // GOPROXY and similar variables are lists.
            for address in value.split(whereSeparator: { ",| ".contains($0) }) { note(address: String(address)) }
            note(address: value)
        }
    }

    /// Adds a password or a token by itself.
    package mutating func note(_ word: String) { note(Array(word.utf8)[...], atLeast: 2) }

    private mutating func note(_ word: ArraySlice<UInt8>, atLeast count: Int) {
        guard word.count >= count else { return }
        words.insert(Array(word))
        words.insert(Self.decoded(word))
    }

    /// A displayable text, with `***` for each secret and each address in the form of ``Redaction``.
    package func removed(from text: String) -> String {
        let text = Redaction.text(text)
        guard !words.isEmpty else { return text }
        var bytes = Array(text.utf8)
        for word in words.sorted(by: { $0.count > $1.count }) { bytes = Self.replacing(word, in: bytes) }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func replacing(_ word: [UInt8], in bytes: [UInt8]) -> [UInt8] {
        guard let first = word.first else { return bytes }
        var shown: [UInt8] = []
        var rest = bytes[...]
        while let start = rest.firstIndex(of: first) {
            shown += rest[..<start]
            rest = rest[start...]
            if rest.starts(with: word) {
                shown += Array("***".utf8)
                rest = rest.dropFirst(word.count)
            } else {
                shown.append(rest.removeFirst())
            }
        }
        return shown + rest
    }

    /// Decodes `%20` and other percent escapes (RFC 3986, 2.1).
    private static func decoded(_ word: ArraySlice<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = word
        while let byte = rest.popFirst() {
            let digits = rest.prefix(2)
            if byte == UInt8(ascii: "%"), digits.count == 2, let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16) {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return bytes
    }
}
