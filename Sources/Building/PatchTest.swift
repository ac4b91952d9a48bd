import Git
import GoToolchain
import GoTree
import Host
import Model
import Patches
import Store
import SystemPackage

/// Results of upstream's own tests for the packages that a patch touches, without and with the patch.
package struct PatchTest: Hashable, Codable, Sendable {
    /// A test with a different outcome with the patch.
    package struct Difference: Hashable, Codable, Sendable {
        /// The package's import path.
        package let package: String
        /// The test; empty for the package as a whole.
        package let test: String
        /// The outcome without the patch; nil if there was no such test.
        package let before: GoTestResult.Outcome?
        /// The outcome with the patch; nil if there is no such test.
        package let after: GoTestResult.Outcome?
    }

    package let patch: PatchName
    /// The variant that was applied.
    package let variant: String
    /// The folders whose tests were run.
    package let folders: [String]
    /// The results without the patch.
    package let before: [GoTestResult]
    /// The results with the patch.
    package let after: [GoTestResult]
    /// The tests with different outcomes.
    package let differences: [Difference]

    /// Compares the two runs test by test.
    init(patch: PatchName, variant: String, folders: [String], before: [GoTestResult], after: [GoTestResult]) {
        self.patch = patch
        self.variant = variant
        self.folders = folders
        self.before = before
        self.after = after
        func name(_ result: GoTestResult) -> [String] { [result.package, result.test] }
        let (old, new) = (
            Dictionary(before.map { (name($0), $0.outcome) }) { _, last in last },
            Dictionary(after.map { (name($0), $0.outcome) }) { _, last in last }
        )
        differences = Set(old.keys).union(new.keys).sorted { $0.lexicographicallyPrecedes($1) }.compactMap { key in
            old[key] == new[key] ? nil : Difference(package: key[0], test: key[1], before: old[key], after: new[key])
        }
    }

    /// Whether the patch makes no test fail: each test whose outcome changed does not fail, and one that passed before still passes.
    package var isGood: Bool { differences.allSatisfy { $0.after != .fail && !($0.before == .pass && $0.after != .pass) } }

    /// The number of tests with an outcome, without whole packages.
    package func count(_ outcome: GoTestResult.Outcome, in results: [GoTestResult]) -> Int {
        results.count { $0.outcome == outcome && !$0.test.isEmpty }
    }
}

extension SourceBuilder {
    /// Runs upstream's tests of the packages that a patch touches, on the stock tree and on the patched one.
    ///
    /// - Throws: errors from the steps; `NoTests` if the packages have none; `CommandError` if none ran.
    package func test(
        _ series: Series, of recipe: Recipe, with prerequisites: BuildPrerequisites, from folder: FilePath? = nil
    ) async throws -> PatchTest {
        let source = try await prepare(recipe, with: prerequisites, from: folder)
        let patched = try await patch(source, series)
        guard let applied = patched.applied.first else {
            throw PatchesError.unknown(name: series.label, advice: "name the patch whose packages to test")
        }
        let folders = Set(patched.touched.filter { $0.hasSuffix(".go") }.map { "\(FilePath($0).removingLastComponent())" })
            .sorted().map { $0.isEmpty ? "." : $0 }
        if !GoTest.isJailed(on: host) {
            events(.note("the tests are code from the source and run as you: only root can run them in a jail (SECURITY.md)"))
        }
        let before = try await results(of: folders, on: source.tree, source)
        let after = try await results(of: folders, on: patched.tree, source)
        return PatchTest(patch: applied.name, variant: applied.variant, folders: folders, before: before, after: after)
    }

    private func results(of folders: [String], on tree: ObjectID, _ source: PreparedSource) async throws -> [GoTestResult] {
        let target = source.recipe.target ?? Target(package: "x", flags: [], environment: ["CGO_ENABLED": "0"], mode: source.layout.mode)
        var place = workspace.place(of: source.recipe.name, importPath: source.layout.importPath, mode: source.layout.mode)
        place.libraries = source.libraries?.path
        return try await runner.context(of: "test").inWorkTree(tree, at: place) { _, temporary in
            events(.began(step: "test", subject: "\(folders.joined(separator: ", ")) of \(tree)"))
            return try await GoTest(target, at: place, with: source.toolchain, temporary: temporary, on: host).run(folders) {
                events(.progress(step: "test", "\($0.package) \($0.test): \($0.outcome.rawValue)"))
            }
        }
    }
}
