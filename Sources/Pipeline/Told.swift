import Synchronization

/// What people were told: the variants of one source have the same to say.
final class Told: Sendable {
    private let texts = Mutex<Set<String>>([])

    /// Whether a text was not told yet; from now on it is.
    func isFirst(_ text: String) -> Bool { texts.withLock { $0.insert(text).inserted } }
}
