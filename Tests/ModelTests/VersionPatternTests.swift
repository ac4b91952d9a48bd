import Model
import Testing

@Suite("How a recipe names releases")
struct VersionPatternTests {
    private func pattern(_ sources: String...) throws -> VersionPattern {
        try VersionPattern(sources.map { try RecipeFile(yaml: $0, file: "r.yaml") })
    }

    private func version(_ tag: String, _ pattern: VersionPattern, at url: String = "u") -> String? {
        pattern.version(of: tag, at: url)?.description
    }

    @Test(
        "a tag is a version if the reference with that version in it is the tag's name, short or full",
        arguments: [
            ("v{version}", "refs/tags/v1.20.2", "1.20.2"), ("v{version}", "refs/tags/v1.34.9+k3s1", "1.34.9+k3s1"),
            ("v{version}", "refs/tags/v1.36.0-rc.1", "1.36.0-rc.1"), ("refs/tags/v{version}", "refs/tags/v1.2", "1.2"),
            ("tags/{version}", "refs/tags/1.2", "1.2"), ("release-{version}/final", "refs/tags/release-1.2.3/final", "1.2.3"),
            ("{version}/v{version}", "refs/tags/1.2/v1.2", "1.2"),
            ("v{version}", "refs/tags/1.20.2", nil), ("v{version}", "refs/tags/vv1.2", nil), ("{version}", "refs/tags/v1.2", nil),
            ("v{version}", "refs/tags/v", nil), ("v{version}", "refs/tags/vendor", nil), ("v{version}", "refs/tags/x/v1.2", nil),
            ("v{version}", "refs/heads/v1.2", nil), ("main", "refs/tags/main", nil), ("{version}/v{version}", "refs/tags/1.2/v1.3", nil),
            ("v{version}", "refs/tags/v1.2 3", nil), ("v{version}x", "refs/tags/vx", nil),
        ] as [(String, String, String?)])
    func forms(reference: String, tag: String, expected: String?) throws {
        let read = try pattern("source: {git: {url: u, ref: '\(reference)'}}")
        #expect(version(tag, read) == expected)
    }

    @Test("the reference of a range counts for its versions only, and a later file's source for all")
    func ranges() throws {
        let moved = """
            source: {git: {url: u, ref: "v{version}"}}
            ranges:
              - versions: ">=2"
                source: {git: {url: u, ref: "release/{version}"}}
              - versions: ">=3"
                source: {git: {url: other, ref: "v{version}"}}
              - versions: ">=4"
                source: {archive: {addresses: [a], sha256: b}}
            """
        let read = try pattern(moved)
        #expect(version("refs/tags/v1.9", read) == "1.9" && version("refs/tags/v2.0", read) == nil)
        #expect(version("refs/tags/release/2.0", read) == "2.0" && version("refs/tags/release/1.0", read) == nil)
        #expect(version("refs/tags/v3.1", read) == nil && version("refs/tags/v3.1", read, at: "other") == "3.1")
        #expect(version("refs/tags/v4.0", read, at: "other") == nil)
        let extended = try pattern(moved, "source: {git: {url: u, ref: 'x{version}'}}")
        #expect(version("refs/tags/x2.5", extended) == "2.5" && version("refs/tags/v1.9", extended) == nil)
    }

    @Test("the repository's address may have the version in it")
    func address() throws {
        let read = try pattern("source: {git: {url: 'https://example.org/{version}', ref: 'v{version}'}}")
        #expect(read.addresses(at: try #require(Version("1.2"))) == ["https://example.org/1.2"])
        #expect(version("refs/tags/v1.2", read, at: "https://example.org/1.2") == "1.2")
        #expect(version("refs/tags/v1.3", read, at: "https://example.org/1.2") == nil)
        #expect(try pattern("source: {git: {url: u, ref: main}}").addresses(at: try #require(Version("1"))).isEmpty)
    }

    @Test("a packager's count after + orders releases of one version, as a number")
    func packagers() throws {
        let sorted = ["1.2.0", "1.2.0+k3s1", "1.2.0+k3s2", "1.2.0+k3s10", "1.2.1-rc1+k3s1", "1.2.1+k3s1"]
        let versions = try sorted.reversed().map { try #require(Version($0)) }
        #expect(versions.sorted { $0.isReleased(before: $1) }.map(\.description) == sorted)
        #expect(versions.filter(\.isPrerelease).map(\.description) == ["1.2.1-rc1+k3s1"])
        #expect(try !#require(Version("1.21.2-k3s1")).isPrerelease)
    }
}
