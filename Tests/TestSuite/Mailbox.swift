import Synchronization

/// Messages from several tasks.
package final class Mailbox: Sendable {
    package init() {}

    private let items = Mutex<[String]>([])

    package func add(_ item: String) { items.withLock { $0.append(item) } }

    package var all: [String] { items.withLock { $0 } }
}
