import Model
import Testing

@Suite("Versions and ranges")
struct VersionTests {
    @Test(
        "versions are ordered as releases came",
        arguments: [
            ("1.0.0-rc92", "1.0.0-rc93"), ("1.0.0-rc9", "1.0.0-rc10"), ("1.0.0-rc93", "1.0.0"), ("1.9", "1.10"), ("0.38.6", "0.55.0"),
            ("v1.34.9", "v1.35"),
            ("1.19.8", "1.20"),
        ])
    func ordered(_ older: String, _ newer: String) throws {
        let (older, newer) = (try #require(Version(older)), try #require(Version(newer)))
        #expect(older < newer)
        #expect(!(newer < older))
    }

    @Test("missing numbers are zero, and what stands after + has no part in the order")
    func equal() throws {
        #expect(try #require(Version("1.19")) == #require(Version("1.19.0")))
        #expect(try #require(Version("v1.34.9+k3s1")) == #require(Version("1.34.9")))
    }

    @Test("what is no version is refused", arguments: ["", "v", "one", "1..2", "1.2-", "1.2+", "-1"])
    func refused(_ text: String) { #expect(Version(text) == nil) }

    @Test("a range holds exactly the versions that all its comparisons hold for")
    func range() throws {
        let range = try #require(VersionRange(">=1.19 <1.20"))
        for inside in ["1.19", "1.19.8"] { #expect(range.contains(try #require(Version(inside)))) }
        for outside in ["1.18.9", "1.20", "1.20.1"] { #expect(!range.contains(try #require(Version(outside)))) }
        #expect(try #require(VersionRange("*")).contains(#require(Version("9.9"))))
        #expect(try #require(VersionRange("1.2.3")).contains(#require(Version("1.2.3"))))
    }

    @Test("|| takes both sides: a project that moved and counts anew")
    func alternatives() throws {
        let range = try #require(VersionRange(">=1.1 <1.3 || <0.1"))
        for inside in ["1.1.5", "0.0.5"] { #expect(range.contains(try #require(Version(inside)))) }
        for outside in ["1.3", "0.5"] { #expect(!range.contains(try #require(Version(outside)))) }
    }

    @Test("what is no range is refused", arguments: ["", ">=", "about 1", ">=1 <x", ">=1 ||", "|| <2"])
    func refusedRange(_ text: String) { #expect(VersionRange(text) == nil) }
}
