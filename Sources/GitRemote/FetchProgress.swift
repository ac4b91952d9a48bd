/// How far a fetch is.
package struct FetchProgress: Sendable, Hashable {
    /// The objects that have come.
    package internal(set) var objects = 0
    /// The objects that the server said it would send; 0 until it has said so.
    package internal(set) var totalObjects = 0
    /// The bytes that have come.
    package internal(set) var bytes: Int64 = 0
    /// The deltas that were made whole again, after everything has come.
    package internal(set) var deltas = 0
    /// All deltas; 0 until all have been counted.
    package internal(set) var totalDeltas = 0

    /// Nothing yet.
    package init() {}
}
