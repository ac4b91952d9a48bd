/// The secrets that addresses and credentials hold, and how to show a text of somebody else's without them. libcurl, libgit2 and programs quote parts
/// of an address that by themselves look like no address.
package struct Secrets: Sendable {
    private var words: Set<[UInt8]> = []

    /// Knows none.
    package init() {}

    /// Notes the parts of an address that ``Redaction`` hides.
    package mutating func note(address: String) {
        let parts = AddressParts(Array(address.utf8)[...])
        // Of a broken one all before the last `@` may be a password.
        let user = parts.isBroken ? parts.rest.lastIndex(of: .at).map { parts.rest[..<$0] } : parts.plainUser == nil ? parts.user : nil
        if let user {
            note(user, atLeast: 2)
            // A password may have a colon in it, a user has none.
            let name = user.prefix { $0 != .colon }
            note(name, atLeast: 2)
            note(user[name.endIndex...].dropFirst(), atLeast: 2)
        }
        for part in parts.parameters + [parts.query ?? [], parts.fragment ?? []] {
            note(part, atLeast: 4)
            for pair in part.split(whereSeparator: { "&;?#".utf8.contains($0) }) {
                // A short value such as `page=1` stands in many a text that has nothing to do with it.
                note(pair.firstIndex(of: UInt8(ascii: "=")).map { pair[($0 + 1)...] } ?? pair, atLeast: 4)
            }
        }
    }

    /// Notes what an environment's addresses hold: those of proxies and of indexes.
    package mutating func note(environment: [String: String]) {
        for (name, value) in environment where value.contains("://") || name.lowercased().hasSuffix("_proxy") {
            // GOPROXY and its like are lists.
            for address in value.split(whereSeparator: { ",| ".contains($0) }) { note(address: String(address)) }
            note(address: value)
        }
    }

    /// Notes a password or a token by itself.
    package mutating func note(_ word: String) { note(Array(word.utf8)[...], atLeast: 2) }

    private mutating func note(_ word: ArraySlice<UInt8>, atLeast count: Int) {
        guard word.count >= count else { return }
        words.insert(Array(word))
        words.insert(Self.decoded(word))
    }

    /// A text as it may be shown: `***` for each secret, and each address as ``Redaction`` shows it.
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

    /// `%20` and its like as the bytes that they stand for (RFC 3986, 2.1).
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
