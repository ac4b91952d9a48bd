/// How far a fetch is.
public struct FetchProgress: Sendable, Hashable {
    /// The objects that have come.
    public internal(set) var objects = 0
    /// The objects that the server said it would send; 0 until it has said so.
    public internal(set) var totalObjects = 0
    /// The bytes that have come.
    public internal(set) var bytes: Int64 = 0
    /// The deltas that were made whole again, after everything has come.
    public internal(set) var deltas = 0
    /// All deltas; 0 until all have been counted.
    public internal(set) var totalDeltas = 0

    /// Nothing yet.
    public init() {}
}
