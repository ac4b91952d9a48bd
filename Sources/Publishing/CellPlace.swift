import Crypto
import Model

/// Where a cell's evidence is: the name of its file and its anchor. It depends on the cell alone, so that a link of last night leads to
/// the same cell tonight.
struct CellPlaces: Sendable {
    /// The names by the position of the cell in the document.
    let names: [String]
    private let first: [CellKey: Int]

    init(_ cells: [ReportDocument.Cell]) {
        var (names, seen, first): ([String], Set<String>, [CellKey: Int]) = ([], [], [:])
        for (index, cell) in cells.enumerated() {
            let name = Self.name(of: cell.key)
            var unique = name
            var number = 2
            while !seen.insert(unique).inserted {
                unique = "\(name)-\(number)"
                number += 1
            }
            names.append(unique)
            if first[cell.key] == nil { first[cell.key] = index }
        }
        self.names = names
        self.first = first
    }

    /// The position of the first cell with a key.
    func index(of key: CellKey) -> Int? { first[key] }

    /// Readable, and unique by a digest of the whole key: `kubelet-1-20-percpu-root-9p-boot-1f2e3d4c`. It contains only lowercase letters,
    /// digits and hyphens, so it needs no escaping in an address.
    private static func name(of key: CellKey) -> String {
        let series = key.series.isEmpty ? "none" : key.series.map(\.name).joined(separator: " ")
        let words = [key.recipe, key.line ?? "", key.probe?.name ?? "", series, key.layout.rawValue, key.level.rawValue]
        var slug = ""
        for byte in words.joined(separator: " ").lowercased().utf8 {
            let isWord = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            if isWord { slug.unicodeScalars.append(Unicode.Scalar(byte)) } else if !slug.isEmpty, !slug.hasSuffix("-") { slug += "-" }
            if slug.utf8.count >= 80 { break }
        }
        let digest = Digest(bytes: SHA256.hash(data: Array(key.description.utf8)))
        return "\(slug.hasSuffix("-") || slug.isEmpty ? slug : slug + "-")\(digest.hex.prefix(8))"
    }
}
