/// A release of Go that a file of a source tree names.
package struct NamedGo: Hashable, Codable, Sendable {
    /// What names it: `go.mod`, `go.work`, `toolchain of go.mod`, `.go-version`.
    package let place: String
    /// The release as it stands there, without a `go` before it.
    package let text: String
    /// Whether Go refuses to build the tree with an older one.
    package let isRequired: Bool

    /// Names a release.
    package init(place: String, text: String, isRequired: Bool) {
        self.place = place
        self.text = text
        self.isRequired = isRequired
    }

    /// The release; nil when the text is none.
    package var version: Version? { Version(text) }
}
