/// The fields of os-release(5) that tell what the machine runs.
package struct OSRelease: Hashable, Sendable {
    /// The distribution: `ID`, such as `debian`; empty if it is not told.
    package let id: String
    /// The release: `VERSION_ID`, such as `13`; empty if it is not told.
    package let version: String
    /// The release's code name: `VERSION_CODENAME`, such as `trixie`; empty if it is not told.
    package let suite: String

    /// Reads the file's text. It is shell syntax, but nothing of it is run.
    package init(_ text: String) {
        func field(_ name: String) -> String {
            let line = text.split(separator: "\n").first { $0.hasPrefix("\(name)=") }
            return String((line?.dropFirst(name.utf8.count + 1) ?? "").filter { $0 != "\"" && $0 != "'" }.prefix(64))
        }
        (id, version, suite) = (field("ID"), field("VERSION_ID"), field("VERSION_CODENAME"))
    }
}
