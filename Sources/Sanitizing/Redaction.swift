/// What of an address may be shown and kept: scheme, host, port and path. A token may stand anywhere else: in the user's place, in the query, in the
/// fragment, in a parameter of the path. This is the one place that decides it; ``Secrets`` is for texts that repeat a part of an address.
package enum Redaction {
    /// An address for people: `***` stands for each part that may be a secret. One that is too broken to tell where a password would end loses all
    /// but its scheme.
    package static func address(_ address: String) -> String {
        String(decoding: shown(AddressParts(Array(address.utf8)[...]), mark: true), as: UTF8.self)
    }

    /// An address as it is kept, to name a source: without the parts that may be a secret.
    package static func bare(_ address: String) -> String {
        String(decoding: shown(AddressParts(Array(address.utf8)[...]), mark: false), as: UTF8.self)
    }

    /// The name of the file that an address leads to; nil when its path has none.
    package static func fileName(of address: String) -> String? {
        let parts = AddressParts(Array(address.utf8)[...])
        guard !parts.isBroken else { return nil }
        let path = parts.scheme.isEmpty ? parts.place[...] : parts.place.firstIndex(of: .slash).map { parts.place[$0...] } ?? []
        return path.split(separator: .slash).last.map { String(decoding: $0, as: UTF8.self) }
    }

    /// A text of anybody's in which addresses may stand, such as the words of a program: each as ``address(_:)`` shows it.
    package static func text(_ text: String) -> String {
        // Most texts have none.
        guard text.utf8.contains(.slash), text.utf8.contains(.colon) else { return text }
        let bytes = Array(text.utf8)
        var shown: [UInt8] = []
        var rest = bytes[...]
        while let start = firstAddress(in: rest) {
            shown += rest[..<start]
            let end = endOfAddress(rest[start...])
            shown += Self.shown(AddressParts(rest[start..<end]), mark: true)
            rest = rest[end...]
        }
        return shown.isEmpty ? text : String(decoding: shown + rest, as: UTF8.self)
    }

    private static func shown(_ parts: AddressParts, mark: Bool) -> [UInt8] {
        let hidden = Array("***".utf8)
        guard !parts.isBroken else { return parts.scheme + hidden }
        var shown = Array(parts.scheme)
        if let user = parts.plainUser {
            shown += user + [.at]
        } else if parts.user != nil, mark {
            shown += hidden + [.at]
        }
        shown += parts.place
        guard mark else { return shown }
        if !parts.parameters.isEmpty { shown += [.semicolon] + hidden }
        if let query = parts.query { shown += [.question] + (query.isEmpty ? [] : hidden) }
        if let fragment = parts.fragment { shown += [.hash] + (fragment.isEmpty ? [] : hidden) }
        return shown
    }

    /// Where the first scheme with its slashes begins.
    private static func firstAddress(in bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8>.Index? {
        var from = bytes.startIndex
        while let colon = bytes[from...].firstIndex(of: .colon) {
            let name = bytes[from..<colon].reversed().prefix { $0.isLetter || $0.isDigit || "+-.".utf8.contains($0) }
            // A digit or a sign before the scheme is no part of it.
            let start = bytes[(colon - name.count)..<colon].firstIndex(where: \.isLetter)
            if let start, AddressParts.endOfScheme(bytes[start...]) != nil { return start }
            from = colon + 1
        }
        return nil
    }

    /// An address ends at a blank, or at a quotation mark that cannot be a part of it. What only looks like punctuation behind it is kept.
    private static func endOfAddress(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8>.Index {
        var end = bytes.firstIndex { $0.isBlank || "\"<>`".utf8.contains($0) } ?? bytes.endIndex
        while end > bytes.startIndex, "'),.:;!]}".utf8.contains(bytes[end - 1]) { end -= 1 }
        return end
    }
}
