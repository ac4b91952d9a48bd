/// A result of a manual run with some versions. It records facts and promises nothing for other versions.
package struct Measured: Hashable, Codable, Sendable {
    /// The versions that the result applies to.
    package let versions: VersionRange
    /// The date, as `2026-11-26`.
    package let date: String
    /// What was run, on what, and the result.
    package let text: String
}

extension Measured {
    init(_ map: YamlMap) throws(Diagnostic) {
        versions = try map.value("versions", expected: "a range such as '=1.36.2'")
        date = try map.value("date", as: Day.self, expected: "a date such as 2026-11-26").description
        text = try map.text("text")
    }
}

extension Recipe {
    /// The results for the version that the recipe builds.
    package var ownMeasured: [Measured] { measured.filter { $0.versions.contains(version) } }
}
