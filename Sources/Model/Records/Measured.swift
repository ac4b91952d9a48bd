/// What was run of some versions by hand, once: a record of facts, and no promise for any other version.
package struct Measured: Hashable, Codable, Sendable {
    /// Which versions of what the recipe builds it tells of.
    package let versions: VersionRange
    /// The day, as `2026-11-26`.
    package let date: String
    /// What was run, on what, and what came of it.
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
    /// What was run of the version that the recipe builds.
    package var ownMeasured: [Measured] { measured.filter { $0.versions.contains(version) } }
}
