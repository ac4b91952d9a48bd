extension String {
    /// The text as one shell word (POSIX, XCU 2.2.2): in single quotes, with each single quote in it written as `'\''`.
    package var shellQuoted: String {
        var word = String.UnicodeScalarView("'".unicodeScalars)
        for scalar in unicodeScalars { if scalar == "'" { word += #"'\''"#.unicodeScalars } else { word.append(scalar) } }
        word.append("'")
        return String(word)
    }

    /// Replaces several words in one pass from left to right; replacements are not searched again.
    package func replacingAll(_ words: [String: String]) -> String {
        // Longer words take precedence over their prefixes.
        let names = words.keys.sorted { $0.utf8.count > $1.utf8.count }.map { (name: $0, bytes: Array($0.utf8)) }
        let first = Set(names.compactMap(\.bytes.first))
        var shown: [UInt8] = []
        var rest = Array(utf8)[...]
        while let byte = rest.first {
            if first.contains(byte), let found = names.first(where: { rest.starts(with: $0.bytes) }) {
                shown += (words[found.name] ?? found.name).utf8
                rest = rest.dropFirst(found.bytes.count)
            } else {
                shown.append(byte)
                rest = rest.dropFirst()
            }
        }
        return String(decoding: shown, as: UTF8.self)
    }
}
