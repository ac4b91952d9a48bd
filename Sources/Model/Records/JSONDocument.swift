import FoundationEssentials

/// Ninepin's JSON format: sorted keys and unescaped slashes, so that equal values always give equal bytes.
package enum JSONDocument {
    /// A document for a file or for standard output: indented, with a trailing line break.
    ///
    /// - Throws: `EncodingError`.
    package static func bytes(of value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value)) + [UInt8(ascii: "\n")]
    }

    /// A value on one line, for a digest or for another program.
    ///
    /// - Throws: `EncodingError`.
    package static func line(of value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }
}
