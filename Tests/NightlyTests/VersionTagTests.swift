import Building
import ExitCodes
import FileSystem
import Foundation
import Git
import GitRemote
import Host
import Model
import Store
import SystemPackage
import Testing

@testable import Nightly

@Suite("The versions that a source offers")
struct VersionTagTests {
    private static let commit = ObjectID(String(repeating: "a", count: 40))

    private func tags(_ names: [String], prereleases: Bool = false) throws -> VersionTags {
        let commit = try #require(Self.commit)
        let pattern = try VersionPattern([RecipeFile(yaml: "source: {git: {url: u, ref: 'v{version}'}}", file: "r.yaml")])
        return VersionTags(
            names.map { RemoteTag(name: "refs/tags/\($0)", commit: commit) }, of: "u", like: pattern, includesPrereleases: prereleases)
    }

    private func versions(_ offers: [VersionTags.Offer]) -> [String] { offers.map(\.version.description) }

    @Test("releases are in the order of their versions; prereleases count only if they are asked for, and other tags never")
    func sorted() throws {
        let names = ["v1.10.0", "v1.9.0", "v1.9.10", "v1.9.2", "v1.10.0-rc.2", "v1.10.0-alpha.1", "latest", "v1.9", "release-1.9", "1.9.5"]
        #expect(try versions(tags(names).offers) == ["1.9", "1.9.0", "1.9.2", "1.9.10", "1.10.0"])
        #expect(
            try versions(tags(names, prereleases: true).offers) == [
                "1.9", "1.9.0", "1.9.2", "1.9.10", "1.10.0-alpha.1", "1.10.0-rc.2", "1.10.0",
            ])
    }

    @Test("the newest of each line: the newest lines, the newest release of each, within a range")
    func newest() throws {
        let all = try tags(["v1.19.8", "v1.20.1", "v1.20.15", "v1.20.9", "v1.21.0", "v2.0.0", "v1.22.0-rc.1"])
        #expect(versions(all.newest(lines: 3)) == ["1.20.15", "1.21.0", "2.0.0"])
        #expect(versions(all.newest(perLine: 2, lines: 2)) == ["1.21.0", "2.0.0"])
        #expect(versions(all.newest(in: VersionRange(">=1.20 <1.21"), perLine: 2, lines: 9)) == ["1.20.9", "1.20.15"])
        #expect(all.newest(in: VersionRange(">=3"), lines: 2).isEmpty && all.newest(lines: 0).isEmpty)
    }

    @Test("of a packager's releases of one version, the last is the newest")
    func packagers() throws {
        let all = try tags(["v1.34.9+k3s10", "v1.34.9+k3s2", "v1.34.8+k3s1", "v1.34.9-rc1+k3s1"])
        #expect(versions(all.newest(lines: 1)) == ["1.34.9+k3s10"])
        #expect(
            versions(all.between(try #require(Version("1.34.8+k3s1")), try #require(Version("1.34.9+k3s2")))) == [
                "1.34.8+k3s1", "1.34.9+k3s2",
            ])
    }

    @Test("a recipe's repository is asked each time, so a new tag is seen; each version can be fetched")
    func repository() async throws {
        try await SmallProject.use { project in
            try project.commit("one", tags: ["v1.0.0", "v1.1.0-rc.1"])
            try project.recipe("thing", "git: {url: 'file://\(project.repository)', ref: 'v{version}'}")
            let first = try await project.offered(by: "thing")
            #expect(versions(first.offers) == ["1.0.0"] && first.offers[0].name == "refs/tags/v1.0.0")
            try project.commit("two", tags: ["v1.1.0"])
            let second = try await project.offered(by: "thing@1.0.0")
            #expect(versions(second.offers) == ["1.0.0", "1.1.0"])
            for offer in second.offers {
                let recipe = try project.catalogue.recipe("thing@\(offer.version)")
                #expect(try await project.builder.fetch(recipe).lock.version == offer.commit?.description)
            }
        }
    }

    @Test("an archive, and a reference without {version}, cannot tell what versions there are, and the error says what to do")
    func unlisted() async throws {
        try await SmallProject.use { project in
            try project.commit("one", tags: ["v1.0.0"])
            let digest = String(repeating: "0", count: 64)
            try project.recipe("archived", "archive: {addresses: ['https://example.org/a.tar.gz'], sha256: '\(digest)'}")
            try project.recipe("moving", "git: {url: 'file://\(project.repository)', ref: main}")
            let archive = await #expect(throws: VersionTags.Unlisted.self) { try await project.offered(by: "archived") }
            #expect(archive?.description.contains("an address cannot be listed") == true)
            let moving = await #expect(throws: VersionTags.Unlisted.self) { try await project.offered(by: "moving") }
            #expect(moving?.description.contains("'ref: v{version}'") == true && moving?.exitStatus == .data)
        }
    }
}
