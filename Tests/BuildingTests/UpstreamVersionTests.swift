import FileSystem
import FoundationEssentials
import Host
import Model
import Patches
import Store
import SystemPackage
import Testing
import TestSuite

@testable import Building

@Suite("Which versions of its upstreams a tree has")
struct UpstreamVersionTests {
    private static let project = FilePath(#filePath).removingLastComponent().appending("../..").lexicallyNormalized()

    /// A release of Kubernetes, with the lines of its modules.txt about cAdvisor and the cgroup reader (written for this test).
    struct Release: Sendable, CustomTestStringConvertible {
        let version: String
        let cadvisor: String
        let reader: (module: String, version: String)
        let told: (cadvisor: String, libcontainer: String)

        var testDescription: String { version }
    }

    private static let runc = "github.com/opencontainers/runc"
    private static let cgroups = "github.com/opencontainers/cgroups"
    private static let fork = "v0.49.0 => github.com/openshift/google-cadvisor v0.49.0-openshift-4.17-4"
    private static let later = "v0.52.1 => github.com/openshift/google-cadvisor v0.52.1-openshift-4.20-1"

    static let releases = [
        Release(
            version: "1.20.2", cadvisor: "v0.38.6 => github.com/google/cadvisor v0.38.6",
            reader: (runc, "v1.0.0-rc92 => github.com/opencontainers/runc v1.0.0-rc92"), told: ("v0.38.6", "v1.0.0-rc92")),
        Release(version: "1.22.17", cadvisor: "v0.39.3", reader: (runc, "v1.0.2"), told: ("v0.39.3", "v1.0.2")),
        Release(version: "1.31.14", cadvisor: fork, reader: (runc, "v1.1.13"), told: ("v0.49.0-openshift-4.17-4", "v1.1.13")),
        Release(version: "1.32.13", cadvisor: "v0.51.0", reader: (runc, "v1.2.1"), told: ("v0.51.0", "v1.2.1")),
        Release(version: "1.33.13", cadvisor: "v0.52.1", reader: (cgroups, "v0.0.3"), told: ("v0.52.1", "v0.0.3")),
        Release(version: "1.34.9", cadvisor: later, reader: (cgroups, "v0.0.3"), told: ("v0.52.1-openshift-4.20-1", "v0.0.3")),
        Release(version: "1.35.6", cadvisor: "v0.53.0", reader: (cgroups, "v0.0.3"), told: ("v0.53.0", "v0.0.3")),
        Release(version: "1.36.2", cadvisor: "v0.56.2", reader: (cgroups, "v0.0.6"), told: ("v0.56.2", "v0.0.6")),
    ]

    /// A builder with its own folder, and its events.
    private func withBuilder(_ body: (SourceBuilder, FilePath, @escaping () -> [String]) async throws -> Void) async throws {
        let place = FilePath(FileManager.default.temporaryDirectory.appending(path: "ninepin-versions-\(UUID())").path)
        defer { try? Files.remove(place) }
        let host = Host(environment: ["PATH": "/usr/bin:/bin"], workspace: place, project: Self.project, isRoot: false)
        let notes = Mailbox()
        let builder = try await SourceBuilder.opened(host) { event in if case .note(let text) = event { notes.add(text) } }
        defer { builder.runner.close() }
        try await body(builder, place, { notes.all })
    }

    private func write(_ files: [String: String], in place: FilePath) throws -> FilePath {
        let source = place.appending("source")
        for (name, text) in files {
            let file = source.pushing(FilePath(name))
            try Files.makeDirectory(file.removingLastComponent())
            try Files.write(text, to: file)
        }
        return source
    }

    @Test("recipe kubelet leaves them to the tree, at every version, forks included", arguments: releases)
    func kubelet(_ release: Release) async throws {
        try await withBuilder { builder, place, told in
            let recipe = try Catalogue(builder.host).recipe("kubelet@\(release.version)")
            for name in ["cadvisor", "libcontainer", "reflect2"] { #expect(recipe.upstreams[name]?.version == nil, "\(name)") }
            let modules = """
                ## workspace
                # github.com/google/cadvisor \(release.cadvisor)
                ## explicit; go 1.20
                # \(release.reader.module) \(release.reader.version)
                # k8s.io/api v0.0.0 => ./staging/src/k8s.io/api

                """
            let source = try write(["vendor/modules.txt": modules], in: place)
            let settled = try builder.resolvingVersions(of: recipe, in: try await builder.fetch(recipe, from: source).tree)
            #expect(settled.upstreams["cadvisor"]?.version?.description == release.told.cadvisor)
            #expect(settled.upstreams["libcontainer"]?.version?.description == release.told.libcontainer)
            #expect(settled.upstreams["kubernetes"]?.version?.plain == release.version)
            #expect(told().isEmpty)
        }
    }

    @Test("what a recipe says and the tree contradicts is told, and the tree's version decides what was written for it")
    func contradiction() async throws {
        try await withBuilder { builder, place, told in
            let yaml = """
                title: t
                version: 1.0.0
                source: {git: {url: 'https://example.org/x', ref: main}}
                upstreams:
                  libcontainer: {path: vendor/github.com/opencontainers/runc/libcontainer/cgroups, version: 1.0.0-rc92}
                toolchain: '*'
                importPath: example.org/x
                """
            let recipe = try Recipe(yaml: yaml, file: "r.yaml", name: "r")
            let reader = """
                package fs
                \tpercpuUsage := []uint64{}
                \tdata, err := cgroups.ReadFile(path, file)
                \tif err != nil {
                \t\treturn percpuUsage, err
                \t}

                """
            let source = try write(
                [
                    "vendor/modules.txt": "# github.com/opencontainers/runc v1.1.13\n",
                    "vendor/github.com/opencontainers/runc/libcontainer/cgroups/fs/cpuacct.go": reader,
                ], in: place)
            let fetched = try await builder.fetch(recipe, from: source)
            let series = try Series(["percpu"], recipe: recipe, registry: Catalogue(builder.host).registry())
            let patched = try await builder.patch(fetched, series, of: recipe)
            #expect(patched.applied.map(\.variant) == ["v1.1"] && patched.applied.allSatisfy { !$0.isOffVersion })
            let words = told()
            #expect(
                words.count == 1 && words.allSatisfy { $0.contains("'r' says that libcontainer is 1.0.0-rc92, but the tree has 1.1.13") })
        }
    }

    /// The lines of reflect2 around each change (written for this test).
    private static let reflect2 = [
        "unsafe_link.go": """
        package reflect2

        import "unsafe"

        // doesn't let the return value escape.
        //go:noescape
        //go:linkname mapiterinit reflect.mapiterinit
        func mapiterinit(rtype unsafe.Pointer, m unsafe.Pointer) *hiter

        //go:noescape
        //go:linkname mapiternext reflect.mapiternext

        type hiter struct {
        \tkey   unsafe.Pointer // Must be in first position.  Write nil to indicate iteration end (see cmd/internal/gc/range.go).
        \tvalue unsafe.Pointer // Must be in second position (see cmd/internal/gc/range.go).
        \t// rest fields are ignored
        }

        // add returns p+x.

        """,
        "unsafe_map.go": """
        package reflect2
        }

        func (type2 *UnsafeMapType) UnsafeIterate(obj unsafe.Pointer) MapIterator {
        \treturn &UnsafeMapIterator{
        \t\thiter:      mapiterinit(type2.rtype, *(*unsafe.Pointer)(obj)),
        \t\tpKeyRType:  type2.pKeyRType,
        \t\tpElemRType: type2.pElemRType,
        \t}

        """,
    ]

    @Test(
        "a patch is needless where the tree has no such upstream, or a version without the fault that it does not fit; told, and no failure"
    )
    func needless() async throws {
        try await withBuilder { builder, place, _ in
            let registry = try Catalogue(builder.host).registry()
            let recipe = try Catalogue(builder.host).recipe("kubelet@1.22.17")
            let home = "vendor/github.com/modern-go/reflect2"
            func reason(_ version: String, _ files: [String: String]) async throws -> String? {
                try? Files.remove(place.appending("source"))
                let written = Dictionary(uniqueKeysWithValues: files.map { ("\(home)/\($0)", $1) })
                let source = try write(
                    written.merging(["vendor/modules.txt": "# github.com/modern-go/reflect2 \(version)\n"]) { $1 }, in: place)
                let entry = try registry.entry(named: "reflect2/map-iteration")
                return try registry.needlessness(of: entry, at: try #require(recipe.upstreams["reflect2"]), in: SourceText(folder: source))
            }
            #expect(try await reason("v1.0.1", Self.reflect2) == nil)
            #expect(try await reason("v1.0.1", ["unsafe_map.go": "package reflect2\n"]) == nil, "what should fit and does not is an error")
            #expect(
                try await reason("v1.0.2", ["unsafe_map.go": "package reflect2\n"])?.contains("1.0.2 is not one of the patch's versions")
                    == true)
            #expect(try await reason("v1.0.2", Self.reflect2) == nil, "the text decides")
            #expect(try await reason("v1.0.2", [:])?.contains("there is no unsafe_map.go") == true)
        }
    }
}
