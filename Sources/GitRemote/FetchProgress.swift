/// The progress of a fetch.
package struct FetchProgress: Sendable, Hashable {
    /// The number of objects received.
    package internal(set) var objects = 0
    /// The number of objects that the server announced; 0 until then.
    package internal(set) var totalObjects = 0
    /// The number of bytes received.
    package internal(set) var bytes: Int64 = 0
    /// The number of deltas resolved after everything was received.
    package internal(set) var deltas = 0
    /// The number of all deltas; 0 until they have been counted.
    package internal(set) var totalDeltas = 0

    package init() {}
}
