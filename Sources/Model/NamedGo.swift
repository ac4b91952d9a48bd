/// A release of Go that a file of a source tree names.
public struct NamedGo: Hashable, Codable, Sendable {
    /// What names it: `go.mod`, `go.work`, `toolchain of go.mod`, `.go-version`.
    public let place: String
    /// The release as it stands there, without a `go` before it.
    public let text: String
    /// Whether Go refuses to build the tree with an older one.
    public let isRequired: Bool

    /// Names a release.
    public init(place: String, text: String, isRequired: Bool) {
        self.place = place
        self.text = text
        self.isRequired = isRequired
    }

    /// The release; nil when the text is none.
    public var version: Version? { Version(text) }
}
