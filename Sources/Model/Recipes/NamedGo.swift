/// A Go release named in a file of a source tree.
package struct NamedGo: Hashable, Codable, Sendable {
    /// Where it is named: `go.mod`, `go.work`, `toolchain of go.mod`, `.go-version`.
    package let place: String
    /// The release as written, without a leading `go`.
    package let text: String
    /// Whether Go refuses to build the tree with an older release.
    package let isRequired: Bool

    package init(place: String, text: String, isRequired: Bool) {
        self.place = place
        self.text = text
        self.isRequired = isRequired
    }

    /// The release; nil if the text is not a version.
    package var version: Version? { Version(text) }
}
