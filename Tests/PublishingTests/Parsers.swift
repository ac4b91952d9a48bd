import Foundation

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// Reads an XML document with a parser of another project, element by element.
final class ReadXML: NSObject, XMLParserDelegate {
    struct Element: Equatable {
        let name: String
        let attributes: [String: String]
        var text = ""
    }

    private(set) var elements: [Element] = []
    private(set) var fault: String?
    private var open: [Int] = []

    init(_ bytes: [UInt8]) {
        super.init()
        let parser = XMLParser(data: Data(bytes))
        parser.delegate = self
        if !parser.parse() { fault = parser.parserError.map { "\($0)" } ?? "unknown" }
    }

    func parser(
        _: XMLParser, didStartElement name: String, namespaceURI _: String?, qualifiedName _: String?, attributes: [String: String] = [:]
    ) {
        open.append(elements.count)
        elements.append(Element(name: name, attributes: attributes))
    }

    func parser(_: XMLParser, didEndElement _: String, namespaceURI _: String?, qualifiedName _: String?) { open.removeLast() }

    func parser(_: XMLParser, foundCharacters text: String) {
        if let last = open.last { elements[last].text += text }
    }

    func all(_ name: String) -> [Element] { elements.filter { $0.name == name } }
}

/// The tags of an HTML page, read by code points as a browser does it: names and attributes with their values decoded.
struct ReadHTML {
    struct Tag: Equatable {
        let name: String
        let attributes: [String: String]
    }

    /// The opening tags.
    private(set) var tags: [Tag] = []
    /// The text between the tags, decoded.
    private(set) var text = ""

    init(_ bytes: [UInt8]) {
        let scalars = Array(String(decoding: bytes, as: UTF8.self).unicodeScalars)
        var index = 0
        var raw: String?
        while index < scalars.count {
            if let name = raw {
                // A style sheet or a script ends at its end tag only.
                let end = Array("</\(name)".unicodeScalars)
                while index < scalars.count, !scalars[index...].starts(with: end) { index += 1 }
                raw = nil
            }
            if scalars[index] == "<" {
                let (tag, next) = Self.tag(scalars, index)
                if let tag {
                    tags.append(tag)
                    if tag.name == "script" || tag.name == "style" { raw = tag.name }
                }
                index = next
            } else {
                let start = index
                while index < scalars.count, scalars[index] != "<" { index += 1 }
                text += Self.decoded(scalars[start..<index])
            }
        }
    }

    func all(_ name: String) -> [Tag] { tags.filter { $0.name == name } }

    private static func tag(_ scalars: [Unicode.Scalar], _ start: Int) -> (Tag?, Int) {
        var index = start + 1
        let isEnd = scalars[index] == "/" || scalars[index] == "!"
        func word() -> String {
            var word = String.UnicodeScalarView()
            while index < scalars.count, !" \n\t=>/\"'".unicodeScalars.contains(scalars[index]) {
                word.append(scalars[index])
                index += 1
            }
            return String(word)
        }
        if isEnd { index += 1 }
        let name = word()
        var attributes: [String: String] = [:]
        while index < scalars.count, scalars[index] != ">" {
            let attribute = word()
            guard !attribute.isEmpty else {
                index += 1
                continue
            }
            guard index < scalars.count, scalars[index] == "=" else {
                attributes[attribute] = ""
                continue
            }
            index += 1
            if scalars[index] == "\"" {
                let end = scalars[(index + 1)...].firstIndex(of: "\"") ?? scalars.count
                attributes[attribute] = decoded(scalars[(index + 1)..<end])
                index = end + 1
            } else {
                attributes[attribute] = word()
            }
        }
        return (isEnd ? nil : Tag(name: name, attributes: attributes), index + 1)
    }

    private static func decoded(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var text = String(String.UnicodeScalarView(scalars))
        for (entity, character) in [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&#96;", "`"), ("&amp;", "&")] {
            text = text.replacingOccurrences(of: entity, with: character, options: .literal)
        }
        return text
    }
}
