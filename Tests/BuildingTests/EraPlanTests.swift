import FoundationEssentials
import GoToolchain
import GoTree
import Host
import Model
import SystemPackage
import Testing

@testable import Building

/// The files of real releases that determine how they are built.
private enum Era {
    static let vendored = ["vendor/modules.txt": "# example.org/a v1.0.0\n## explicit\n"]
    static let dapper = vendored.merging([
        "go.mod": "module github.com/rancher/k3s\n\ngo 1.16\n",
        "Dockerfile.dapper": "ARG GOLANG=golang:1.16\nFROM ${GOLANG}\n\nENV GO111MODULE off\n",
    ]) { $1 }
    static let modules = ["go.mod": "module github.com/k3s-io/k3s\n\ngo 1.25.0\n", "Dockerfile.dapper": "ENV GOPROXY direct\n"]
    static let kubernetes = vendored.merging(["go.mod": "module k8s.io/kubernetes\n\ngo 1.16\n"]) { $1 }
    static let workspace = [
        "go.mod":
            "module k8s.io/kubernetes\n\ngo 1.26.0\n\ngodebug default=go1.26\n\nreplace (\n\tk8s.io/api => ./staging/src/k8s.io/api\n)\n",
        "go.work": "go 1.26.0\n\ngodebug default=go1.26\n\nuse (\n\t.\n\t./staging/src/k8s.io/api\n)\n", ".go-version": "1.26.4\n",
        "staging/src/k8s.io/api/go.mod": "module k8s.io/api\n\ngo 1.26.0\n", "vendor/modules.txt": "## workspace\n# example.org/a v1.0.0\n",
    ]
}

@Suite("The project's own recipes fit the trees of each era")
struct EraPlanTests {
    @Test(
        "mode, import path and the places of -X come from the tree",
        arguments: [
            ("kubelet@1.20.2", Era.kubernetes, "gopath", "k8s.io/kubernetes/vendor/k8s.io/component-base/version"),
            ("kubelet@1.22.17", Era.kubernetes, "vendor", "k8s.io/component-base/version"),
            ("kubelet@1.36.2", Era.workspace, "workspace", "k8s.io/component-base/version"),
            ("k3s@v1.20.8+k3s1", Era.dapper, "gopath", "github.com/rancher/k3s/vendor/k8s.io/component-base/version"),
            ("k3s@v1.21.2+k3s1", Era.dapper, "gopath", "github.com/rancher/k3s/vendor/k8s.io/component-base/version"),
            (
                "k3s@v1.22.17+k3s1", Era.dapper.filter { $0.key == "go.mod" }, "modules", "k8s.io/component-base/version"
            ),
            ("k3s@v1.34.9+k3s1", Era.modules, "modules", "k8s.io/component-base/version"),
        ])
    func plans(_ name: String, _ tree: [String: String], _ mode: String, _ package: String) throws {
        let recipe = try Self.catalogue.recipe(name)
        let facts = try TreeFacts(
            TreeFacts.Reading(
                file: { tree[$0].map { Array($0.utf8) } }, isFolder: { folder in tree.keys.contains { $0.hasPrefix("\(folder)/") } }))
        let target = try #require(recipe.target)
        let layout = try facts.layout(mode: target.mode, importPath: recipe.importPath, recipe: recipe.name)
        #expect(layout.mode.rawValue == mode)
        let module = try #require(tree["go.mod"]?.split(separator: "\n").first?.dropFirst("module ".count))
        #expect(layout.importPath == module)
        let placed = recipe.placed(at: layout.importPath, mode: layout.mode)
        let packages = GoFlag.assignments(in: placed.target?.flags ?? []).map(\.package)
        #expect(packages.contains(package), "\(packages)")
        if name.hasPrefix("k3s") {
            #expect(packages.contains("\(module)/pkg/version"))
            #expect(GoFlag.assignments(in: placed.package?.wrapper.flags ?? []).allSatisfy { $0.package == "\(module)/pkg/version" })
        }
        #expect(!packages.contains { $0.contains("{") })
        #expect(recipe.code.isEmpty)
    }

    @Test("on arm64 the downloads are that machine's, and known where they were read")
    func architecture() throws {
        for (name, isKnown) in [("k3s@v1.36.2+k3s1", true), ("k3s@v1.21.2+k3s1", false)] {
            let recipes = try Architecture.allCases.map { try Self.catalogue.recipe(name, for: $0) }
            let roots = recipes.compactMap { $0.downloads["k3s-root"] }
            #expect(roots.map { $0.addresses.first?.split(separator: "-").last } == ["amd64.tar", "arm64.tar"])
            #expect(roots.allSatisfy { ($0.sha256 != nil) == isKnown })
            #expect(!isKnown || roots[0].sha256 != roots[1].sha256)
            // A source is the same on all architectures.
            #expect(recipes[0].downloads["plugins"] == recipes[1].downloads["plugins"])
        }
    }

    private static var catalogue: Catalogue {
        let project = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
        return Catalogue(Host(environment: [:], workspace: project, project: project, isRoot: false))
    }
}
