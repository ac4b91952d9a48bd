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
        #expect(try !#require(VersionRange("1.2.3")).contains(#require(Version("1.2.4"))))
    }

    @Test("|| takes both sides: a project that moved and counts anew")
    func alternatives() throws {
        let range = try #require(VersionRange(">=1.1 <1.3 || <0.1"))
        for inside in ["1.1.5", "0.0.5"] { #expect(range.contains(try #require(Version(inside)))) }
        for outside in ["1.3", "0.5"] { #expect(!range.contains(try #require(Version(outside)))) }
    }

    @Test(
        "each sign takes its bound or leaves it out",
        arguments: [(">=1.2", true), ("<=1.2", true), ("=1.2", true), ("1.2", true), (">1.2", false), ("<1.2", false)])
    func bound(_ range: String, _ isIn: Bool) throws {
        #expect(try #require(VersionRange(range)).contains(#require(Version("1.2.0"))) == isIn)
    }

    @Test(
        "a fork's version is that of the release that it was made of; what comes before a release stays before it",
        arguments: [
            ("v0.49.0-openshift-4.17-4", "0.49.0"), ("v1.21.2-k3s1", "1.21.2"), ("1.20.8-eks-ad4801", "1.20.8"),
            ("v1.27.3-gke.100", "1.27.3"), ("v1.0.0-rc92-k3s1", "1.0.0-rc92"), ("1.0.0-rc95", "1.0.0-rc95"),
            ("v1.1.0-rc.1", "1.1.0-rc.1"), ("1.2.0-alpha.3", "1.2.0-alpha.3"), ("v2.0.0-M1", "2.0.0-M1"),
            ("v1.0.0-rc95.0.20210707084245-3b9f3c0b0a9d", "1.0.0-rc95.0.20210707084245-3b9f3c0b0a9d"),
            ("v0.38.9-0.20210117120000-0123456789ab", "0.38.9-0.20210117120000-0123456789ab"),
            ("v0.0.0-20210117120000-0123456789ab", "0.0.0-20210117120000-0123456789ab"),
            ("v0.0.0-20210117120000-0123456789ab-k3s1", "0.0.0-20210117120000-0123456789ab"), ("1.34.9+k3s1", "1.34.9"),
        ])
    func origin(_ fork: String, _ release: String) throws {
        #expect(try #require(Version(fork)).origin == #require(Version(release)))
    }

    @Test("a range takes a fork for what it was made of, and a pseudo-version for what lies between two releases")
    func forks() throws {
        func isIn(_ range: String, _ version: String) throws -> Bool {
            try #require(VersionRange(range)).contains(#require(Version(version)))
        }
        #expect(try isIn(">=0.49 <0.50", "v0.49.0-openshift-4.17-4") && !isIn("<0.49", "v0.49.0-openshift-4.17-4"))
        #expect(try isIn(">=1.0.0-rc92 <1.0.0-rc93", "1.0.0-rc92-k3s1") && !isIn(">=1.0.0", "v1.0.0-rc95"))
        for pseudo in ["v1.0.0-rc95.0.20210707084245-3b9f3c0b0a9d"] {
            #expect(try isIn(">1.0.0-rc95 <1.0.0", pseudo) && !isIn("<=1.0.0-rc95", pseudo) && !isIn(">=1.0.0", pseudo))
        }
        // A range that names a fork's release matches only that one.
        #expect(try isIn("=1.21.2-k3s1", "1.21.2-k3s1") && !isIn("=1.21.2-k3s1", "1.21.2-k3s2") && isIn("=1.21.2", "1.21.2-k3s2"))
    }

    @Test("what is no range is refused", arguments: ["", ">=", "about 1", ">=1 <x", ">=1 ||", "|| <2"])
    func refusedRange(_ text: String) { #expect(VersionRange(text) == nil) }
}
