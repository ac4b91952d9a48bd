/// The Ninepin program.
package enum Ninepin {
    /// The version, as in `CHANGELOG.md`.
    package static let version = "0.1.0"
}
