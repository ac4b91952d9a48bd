/// Decides which parts of an address may be shown and stored: scheme, host, port and path. A token may be anywhere else: in the user part,
/// the query, the fragment, or a path parameter. Nothing else makes this decision; ``Secrets`` handles texts that repeat a part of an
/// address.
package enum Redaction {
    /// A displayable address, with `***` for each part that may be a secret. If the end of a password cannot be determined, only the scheme
    /// is shown.
    package static func address(_ address: String) -> String {
        String(decoding: shown(AddressParts(Array(address.utf8)[...]), mark: true), as: UTF8.self)
    }

    /// An address for storage, as the name of a source: without the parts that may be secrets.
    package static func bare(_ address: String) -> String {
        String(decoding: shown(AddressParts(Array(address.utf8)[...]), mark: false), as: UTF8.self)
    }

    /// The file name in an address; nil if its path has none.
    package static func fileName(of address: String) -> String? {
        let parts = AddressParts(Array(address.utf8)[...])
        guard !parts.isBroken else { return nil }
        let path = parts.scheme.isEmpty ? parts.place[...] : parts.place.firstIndex(of: .slash).map { parts.place[$0...] } ?? []
        return path.split(separator: .slash).last.map { String(decoding: $0, as: UTF8.self) }
    }

    /// Any text that may contain addresses, such as a program's output, with each address in the form of ``address(_:)``.
    package static func text(_ text: String) -> String {
        // Most texts contain none.
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

    /// The beginning of the first scheme that is followed by slashes.
    private static func firstAddress(in bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8>.Index? {
        var from = bytes.startIndex
        while let colon = bytes[from...].firstIndex(of: .colon) {
            let name = bytes[from..<colon].reversed().prefix { $0.isLetter || $0.isDigit || "+-.".utf8.contains($0) }
            // A digit or punctuation before the scheme is not part of it.
            let start = bytes[(colon - name.count)..<colon].firstIndex(where: \.isLetter)
            if let start, AddressParts.endOfScheme(bytes[start...]) != nil { return start }
            from = colon + 1
        }
        return nil
    }

    /// The end of an address: a blank, or a quotation mark that cannot be part of it. Trailing punctuation is not part of the address.
    private static func endOfAddress(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8>.Index {
        var end = bytes.firstIndex { $0.isBlank || "\"<>`".utf8.contains($0) } ?? bytes.endIndex
        while end > bytes.startIndex, "'),.:;!]}".utf8.contains(bytes[end - 1]) { end -= 1 }
        return end
    }
}
