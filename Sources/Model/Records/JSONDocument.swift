import FoundationEssentials

/// JSON as Ninepin writes it: sorted keys and plain slashes, so that the same value always gives the same bytes.
package enum JSONDocument {
    /// A document for a file or for standard output: indented, with a line break at the end.
    ///
    /// - Throws: `EncodingError`.
    package static func bytes(of value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value)) + [UInt8(ascii: "\n")]
    }

    /// A value on one line: for a digest, and for what another program reads.
    ///
    /// - Throws: `EncodingError`.
    package static func line(of value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }
}
