/// Why a path from untrusted data is rejected: a predicate to append to the path or its container.
package enum PathFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// It is empty or has an empty component.
    case empty
    /// It begins with `/`.
    case absolute
    /// It has a `.` component.
    case dot
    /// It has a `..` component.
    case upwards
    /// It contains a NUL byte.
    case nul
    /// One of its components is reserved by git (``GitName``).
    case reserved
    /// One of its components is longer than 255 bytes.
    case longPart
    /// It is longer than 4095 bytes.
    case long
    /// It has more than ``ContainedPath/deepest`` components.
    case deep
    /// It must be a single name, but has no or several components.
    case notOne

    /// What is wrong with it.
    package var description: String {
        switch self {
        case .empty: "has no name"
        case .absolute: "has an absolute name"
        case .dot: "has '.' in its name"
        case .upwards: "has '..' in its name, which can leave the folder"
        case .nul: "has a NUL in its name"
        case .reserved: "has a name reserved by git"
        case .longPart: "has a path component longer than 255 bytes"
        case .long: "has a path longer than 4095 bytes"
        case .deep: "is nested more than \(ContainedPath.deepest) folders deep"
        case .notOne: "has a name that is a path"
        }
    }
}

/// A path from untrusted data that stays below a base directory: it has no `..`, is not absolute, and never refers to files that git
/// reserves. It is validated on creation, so every value of this type is valid.
///
/// It consists of bytes, like all file names. It does not account for symbolic links on the way; ``FolderWriter`` does.
package struct ContainedPath: Hashable, Sendable {
    /// The components, from the base directory down; empty for the base directory itself.
    package let parts: [[UInt8]]

    /// The maximum number of components. All directories on the path are open while a file is written, and no source is this deep.
    package static let deepest = 128

    /// The base directory itself, written as `.`.
    package static let top = ContainedPath(checked: [])

    /// Parses a path with components separated by single slashes; `.` alone is ``top``.
    ///
    /// - Throws: `PathFault`.
    package init(_ bytes: some Collection<UInt8>) throws(PathFault) {
        if bytes.elementsEqual(".".utf8) { self = .top } else { self = try Self(bytes, leavingOutEmpty: false) }
    }

    /// Parses a path from an archive. Empty components and `.` are skipped, so the result may be empty.
    ///
    /// - Throws: `PathFault`.
    package init(archived bytes: some Collection<UInt8>) throws(PathFault) { self = try Self(bytes, leavingOutEmpty: true) }

    /// Parses a single name in a directory.
    ///
    /// - Throws: `PathFault`.
    package init(name: some Collection<UInt8>) throws(PathFault) {
        try self.init(name)
        guard parts.count == 1 else { throw .notOne }
    }

    private init(_ bytes: some Collection<UInt8>, leavingOutEmpty: Bool) throws(PathFault) {
        guard let first = bytes.first else { throw .empty }
        guard first != Self.slash else { throw .absolute }
        guard bytes.count < 4096 else { throw .long }
        var parts: [[UInt8]] = []
        for part in bytes.split(separator: Self.slash, omittingEmptySubsequences: leavingOutEmpty) {
            if leavingOutEmpty, part.elementsEqual(".".utf8) { continue }
            try Self.check(part)
            parts.append(Array(part))
        }
        guard parts.count <= Self.deepest else { throw .deep }
        self.parts = parts
    }

    private init(checked parts: [[UInt8]]) { self.parts = parts }

    /// Checks a component of a path, such as the name of a tree entry.
    ///
    /// - Throws: `PathFault`.
    package static func check(_ part: some Collection<UInt8>) throws(PathFault) {
        if part.isEmpty { throw .empty }
        if part.elementsEqual(".".utf8) { throw .dot }
        if part.elementsEqual("..".utf8) { throw .upwards }
        if part.contains(slash) { throw .notOne }
        if part.contains(0) { throw .nul }
        if part.count > 255 { throw .longPart }
        if GitName.isReserved(part) { throw .reserved }
    }

    /// The components, joined by slashes; `.` for ``top``.
    package var bytes: [UInt8] { parts.isEmpty ? Array(".".utf8) : Array(parts.joined(separator: [Self.slash])) }

    /// The last component; nil for ``top``.
    package var name: [UInt8]? { parts.last }

    /// The parent directory; for ``top``, itself.
    package var parent: ContainedPath { ContainedPath(checked: Array(parts.dropLast())) }

    /// The parent directories, from the first below the top.
    package var folders: [ContainedPath] { parts.indices.dropFirst().map { ContainedPath(checked: Array(parts[..<$0])) } }

    /// The path without its first components; nil if nothing is left.
    package func withoutFirst(_ count: Int) -> ContainedPath? {
        count < parts.count ? ContainedPath(checked: Array(parts.dropFirst(count))) : nil
    }

    /// Returns this path with another one appended.
    ///
    /// - Throws: `PathFault` if the result is too deep.
    package func appending(_ other: ContainedPath) throws(PathFault) -> ContainedPath {
        let all = parts + other.parts
        guard all.count <= Self.deepest else { throw .deep }
        return ContainedPath(checked: all)
    }

    private static let slash = UInt8(ascii: "/")

    /// A displayable name: quoted, with control characters escaped, and of limited length.
    package static func quoted(_ name: some Collection<UInt8>) -> String {
        let text = String(decoding: name.prefix(200), as: UTF8.self).debugDescription
        return name.count > 200 ? "\(text)… (\(name.count) bytes)" : text
    }
}

extension ContainedPath: LosslessStringConvertible, Comparable, Codable, CodingKeyRepresentable {
    /// Parses a path; nil if it is invalid.
    package init?(_ text: String) {
        do throws(PathFault) { try self.init(Array(text.utf8)) } catch { return nil }
    }

    /// The components, joined by slashes.
    package var description: String { String(decoding: bytes, as: UTF8.self) }

    /// Byte order, component by component.
    package static func < (one: ContainedPath, other: ContainedPath) -> Bool {
        one.parts.lexicographicallyPrecedes(other.parts) { $0.lexicographicallyPrecedes($1) }
    }

    /// Decodes a path from a string.
    ///
    /// - Throws: `DecodingError` if the string is not a valid path.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        do { try self.init(Array(try container.decode(String.self).utf8)) } catch let fault as PathFault {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "a path \(fault)")
        }
    }

    /// The path as a JSON object key.
    package var codingKey: any CodingKey { Key(stringValue: description) }

    /// Parses a JSON object key.
    package init?(codingKey: some CodingKey) { self.init(codingKey.stringValue) }

    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }

        init?(intValue: Int) { nil }
    }

    /// Encodes the path as one string.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
