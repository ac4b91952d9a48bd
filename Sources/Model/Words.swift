extension [String] {
    /// The names of what is missing, as a part of a sentence: `busybox, which is not installed`.
    package var notInstalled: String { "\(joined(separator: ", ")), which \(count == 1 ? "is" : "are") not installed" }
}
