/// The program itself.
package enum Ninepin {
    /// Its version, as `CHANGELOG.md` counts it.
    package static let version = "0.1.0"
}
