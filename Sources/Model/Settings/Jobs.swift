/// How many boots run at the same time.
package enum Jobs: Hashable, Sendable, LosslessStringConvertible {
    /// As many as the machine's memory allows.
    case auto
    /// At most this many.
    case count(Int)

    /// Parses `auto`, or a number from 1 to 100.
    package init?(_ text: String) {
        if text == "auto" {
            self = .auto
        } else if let count = Int(text), (1...100).contains(count) {
            self = .count(count)
        } else {
            return nil
        }
    }

    /// The text that ``init(_:)`` reads.
    package var description: String {
        switch self {
        case .auto: "auto"
        case .count(let count): "\(count)"
        }
    }
}
