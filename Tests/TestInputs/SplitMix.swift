/// Pseudorandom numbers that are the same for the same seed (S. Vigna, SplitMix64).
public struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    /// Starts with a seed, which a test reports if it fails.
    public init(_ seed: UInt64) { state = seed }

    /// Returns the next number.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
