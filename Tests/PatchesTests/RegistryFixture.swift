import Foundation
import Git
import Model
import Patches
import SystemPackage

/// A registry and a tree, written for a test.
final class RegistryFixture {
    let path: String
    let repository: Repository

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "ninepin-patches-\(UUID())").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        repository = try Repository.openOrCreateBare(at: "\(path)/trees.git")
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ file: String, _ text: String) throws {
        let url = URL(filePath: "\(path)/\(file)")
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    func tree(_ files: [String: String]) throws -> ObjectID {
        let name = "tree-\(UUID())"
        for (file, text) in files { try write("\(name)/\(file)", text) }
        return try repository.importTree(from: "\(path)/\(name)") { _ in }
    }

    /// A patch that changes one line of `lib.go`, in several variants.
    func patch(_ name: String, variants: [(name: String, versions: String, from: String, to: String)]) throws {
        var yaml = "title: t\nwhy: w\nupstream: \(name.split(separator: "/")[0])\nversions: '*'\nevidence: e\nstatus: local\nvariants:\n"
        for variant in variants {
            yaml += "  - {name: \(variant.name), versions: '\(variant.versions)'}\n"
            try write(
                "patches/\(name)/\(variant.name).patch", "--- a/lib.go\n+++ b/lib.go\n@@ -1 +1 @@\n-\(variant.from)\n+\(variant.to)\n")
        }
        try write("patches/\(name)/patch.yaml", yaml)
    }

    func registry() throws -> Registry { try Registry(FilePath("\(path)/patches")) }

    func recipe(version: String = "1.0.0") throws -> Recipe {
        let yaml = """
            title: t
            version: 1.0.0
            source: {debian: {package: p, suite: s, version: 1.0.0}}
            upstreams: {up: {path: vendor/up, version: \(version)}}
            toolchain: '*'
            importPath: x
            target: {package: y}
            node: {profile: kubelet}
            layouts: [root-9p]
            """
        return try Recipe(yaml: yaml, file: "r.yaml", name: "r")
    }

    func apply(_ names: [String], to files: [String: String], version: String = "1.0.0") throws -> (tree: ObjectID, applied: [AppliedPatch])
    {
        let recipe = try recipe(version: version)
        return try Series(names, recipe: recipe, registry: registry()).apply(to: tree(files), of: recipe, in: repository)
    }
}
