import FoundationEssentials

/// A Kubernetes quantity: a number with one of the suffixes m, k, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi, Ei, or an exponent (Kubernetes,
/// staging/src/k8s.io/apimachinery/pkg/api/resource/quantity.go).
struct Quantity: Hashable, Sendable {
    /// The value, in units.
    let value: Double

    /// More than any machine has of any resource: 2^60, an exbibyte.
    static let largestSane = 0x1p60

    init?(_ text: String) {
        let digits = text.prefix { $0.isNumber || $0 == "." || $0 == "-" || $0 == "+" }
        guard let number = Double(digits) else { return nil }
        let suffix = text.dropFirst(digits.count)
        if let factor = Self.factors[String(suffix)] {
            value = number * factor
        } else if suffix.first == "e" || suffix.first == "E", let whole = Double(text) {
            value = whole
        } else {
            return nil
        }
    }

    private static let factors: [String: Double] = [
        "": 1, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18, "Ki": 0x1p10, "Mi": 0x1p20,
        "Gi": 0x1p30, "Ti": 0x1p40, "Pi": 0x1p50, "Ei": 0x1p60,
    ]
}
