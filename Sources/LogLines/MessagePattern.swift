/// What a program's message says in every boot: the message without times, numbers, addresses and identifiers.
package enum MessagePattern {
    /// The pattern of a message: every word with a digit becomes `#`, and several such words without anything between them become one.
    ///
    /// A word ends at white space and at punctuation other than `-`, `_`, `.`, `:`, `/`, `+`, `=` and `%`, which occur in names, times, paths
    /// and addresses. The names of the ledger's error lines depend on this, so it must not change.
    ///
    /// - Parameters:
    ///   - message: the bytes, which need not be UTF-8.
    ///   - length: the largest number of characters of the pattern.
    package static func text(of message: some Sequence<UInt8>, length: Int) -> String {
        let bytes = Array(message)
        // A carriage return and a line feed are one character.
        let isPlain = bytes.allSatisfy { $0 < 0x80 && $0 != UInt8(ascii: "\r") }
        return isPlain ? ascii(bytes, length) : unicode(bytes, length)
    }

    static func unicode(_ bytes: [UInt8], _ length: Int) -> String {
        var (text, word) = ("", "")
        var count = 0
        var isNumbered = false
        func end() {
            if !isNumbered {
                text += word
                count += word.count
            } else if text.last != "#" {
                text += "#"
                count += 1
            }
            (word, isNumbered) = ("", false)
        }
        for character in String(decoding: bytes, as: UTF8.self) {
            if character.isNumber {
                isNumbered = true
                word.append(character)
            } else if character.isLetter || "-_.:/+=%".contains(character) {
                word.append(character)
            } else {
                end()
                if character != " " || text.last != " " {
                    text.append(character)
                    count += 1
                }
            }
            if count >= length { break }
        }
        end()
        return String(text.prefix(length)).split(separator: " ").joined(separator: " ")
    }

    /// The same for a text of ASCII characters, many times faster. Logs are long, and nearly all of their lines are ASCII.
    static func ascii(_ bytes: [UInt8], _ length: Int) -> String {
        var text: [UInt8] = []
        var start = 0
        var isNumbered = false
        let blank = UInt8(ascii: " ")
        func end(_ place: Int) {
            if !isNumbered { text += bytes[start..<place] } else if text.last != UInt8(ascii: "#") { text.append(UInt8(ascii: "#")) }
            (start, isNumbered) = (place, false)
        }
        var place = 0
        while place < bytes.count, text.count < length {
            let byte = bytes[place]
            switch kinds[Int(byte)] {
            case .digit: isNumbered = true
            case .word: break
            case .other:
                end(place)
                start = place + 1
                if byte != blank || text.last != blank { text.append(byte) }
            }
            place += 1
        }
        end(place)
        return String(decoding: Array(text.prefix(length).split(separator: blank).joined(separator: [blank])), as: UTF8.self)
    }

    private enum Kind { case digit, word, other }

    private static let kinds: [Kind] = (UInt8(0)..<128).map { byte in
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): .digit
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"): .word
        default: "-_.:/+=%".utf8.contains(byte) ? .word : .other
        }
    }
}
