/// Why a path that comes from data is none that is taken: a predicate, to stand behind the path or what has it.
package enum PathFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// It is empty, or has an empty part.
    case empty
    /// It begins with `/`.
    case absolute
    /// It has `.` in it.
    case dot
    /// It has `..` in it.
    case upwards
    /// It has a NUL in it.
    case nul
    /// One of its parts is git's own (``GitName``).
    case reserved
    /// One of its parts has more than 255 bytes.
    case longPart
    /// It has more than 4095 bytes.
    case long
    /// It has more than ``ContainedPath/deepest`` parts.
    case deep
    /// It is to be a name, and has more than one part, or none.
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

/// A path that comes from data, and the parts that lead from a folder to it: never upwards, never from the root of the disk, never to what git
/// keeps for itself. It is checked where it is made; what has the type is good.
///
/// It is bytes, as all names of files are. Whether a link lies in its way is not for the name to say: ``FolderWriter`` looks at that.
package struct ContainedPath: Hashable, Sendable {
    /// The parts, from the folder downwards; none for the folder itself.
    package let parts: [[UInt8]]

    /// How many parts there may be: directories are open one in another while a file is written, and no source is so deep.
    package static let deepest = 128

    /// The folder itself, which is written `.`.
    package static let top = ContainedPath(checked: [])

    /// Reads a path whose parts are divided by single slashes; `.` alone is ``top``.
    ///
    /// - Throws: `PathFault`.
    package init(_ bytes: some Collection<UInt8>) throws(PathFault) {
        if bytes.elementsEqual(".".utf8) { self = .top } else { self = try Self(bytes, leavingOutEmpty: false) }
    }

    /// Reads a path as an archive has it: empty parts and `.` are left out, so no part may be left.
    ///
    /// - Throws: `PathFault`.
    package init(archived bytes: some Collection<UInt8>) throws(PathFault) { self = try Self(bytes, leavingOutEmpty: true) }

    /// One name in a folder.
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

    /// Looks at one part of a path, such as the name of a tree's entry.
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

    /// The parts, joined by slashes; `.` for ``top``.
    package var bytes: [UInt8] { parts.isEmpty ? Array(".".utf8) : Array(parts.joined(separator: [Self.slash])) }

    /// The last part; nil for ``top``.
    package var name: [UInt8]? { parts.last }

    /// The folder that it is in; ``top``'s is itself.
    package var parent: ContainedPath { ContainedPath(checked: Array(parts.dropLast())) }

    /// The folders on the way, from the first below the top.
    package var folders: [ContainedPath] { parts.indices.dropFirst().map { ContainedPath(checked: Array(parts[..<$0])) } }

    /// The path without its first parts; nil when nothing is left.
    package func withoutFirst(_ count: Int) -> ContainedPath? {
        count < parts.count ? ContainedPath(checked: Array(parts.dropFirst(count))) : nil
    }

    /// A path below this one.
    ///
    /// - Throws: `PathFault` when it lies too deep.
    package func appending(_ other: ContainedPath) throws(PathFault) -> ContainedPath {
        let all = parts + other.parts
        guard all.count <= Self.deepest else { throw .deep }
        return ContainedPath(checked: all)
    }

    private static let slash = UInt8(ascii: "/")

    /// A name for people: in quotes, nothing in it that a terminal would act on, and not endless.
    package static func quoted(_ name: some Collection<UInt8>) -> String {
        let text = String(decoding: name.prefix(200), as: UTF8.self).debugDescription
        return name.count > 200 ? "\(text)… (\(name.count) bytes)" : text
    }
}

extension ContainedPath: LosslessStringConvertible, Comparable, Codable, CodingKeyRepresentable {
    /// Reads a path; nil when it is none that is taken.
    package init?(_ text: String) {
        do throws(PathFault) { try self.init(Array(text.utf8)) } catch { return nil }
    }

    /// The parts, joined by slashes.
    package var description: String { String(decoding: bytes, as: UTF8.self) }

    /// The order of the bytes, part by part.
    package static func < (one: ContainedPath, other: ContainedPath) -> Bool {
        one.parts.lexicographicallyPrecedes(other.parts) { $0.lexicographicallyPrecedes($1) }
    }

    /// Decodes a path from a string.
    ///
    /// - Throws: `DecodingError` when the string is none that is taken.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        do { try self.init(Array(try container.decode(String.self).utf8)) } catch let fault as PathFault {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "a path \(fault)")
        }
    }

    /// The path as the key of a JSON object.
    package var codingKey: any CodingKey { Key(stringValue: description) }

    /// Reads the key of a JSON object.
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
