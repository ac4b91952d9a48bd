/// A name in an archive, in the parts that lead from the folder to it: never upwards, never from the root of the disk.
struct EntryPath: Hashable {
    let parts: [[UInt8]]

    /// Directories are open one in another while an entry is written; and a source is never so deep.
    static let deepest = 128

    /// Reads a name. Empty parts and `.` are left out, so no part may be left.
    ///
    /// - Throws: `Fault.refused`.
    init(_ name: [UInt8]) throws(Fault) {
        guard !name.isEmpty else { throw .refused("has no name") }
        guard name[0] != slash else { throw .refused("has an absolute name") }
        guard name.count < 4096 else { throw .refused("has a name of more than 4095 bytes") }
        var parts: [[UInt8]] = []
        for part in name.split(separator: slash) where !part.elementsEqual(".".utf8) {
            if part.elementsEqual("..".utf8) { throw .refused("has '..' in its name, which leads out of a folder") }
            if isGit(part) { throw .refused("has a name that git keeps for itself") }
            if part.count > 255 { throw .refused("has a part of more than 255 bytes in its name") }
            parts.append(Array(part))
        }
        guard parts.count <= Self.deepest else { throw .refused("lies more than \(Self.deepest) folders deep") }
        self.parts = parts
    }

    init(parts: [[UInt8]]) { self.parts = parts }

    /// The parts, joined.
    var name: [UInt8] { Array(parts.joined(separator: [slash])) }

    /// The name without its first parts; nil when nothing is left.
    func stripped(_ count: Int) -> EntryPath? { count < parts.count ? EntryPath(parts: Array(parts.dropFirst(count))) : nil }
}

let slash = UInt8(ascii: "/")

/// `.git` in any case: on some disks they are all the same.
private func isGit(_ part: ArraySlice<UInt8>) -> Bool { part.count == 4 && String(decoding: part, as: UTF8.self).lowercased() == ".git" }
