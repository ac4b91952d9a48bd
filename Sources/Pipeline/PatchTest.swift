import Git
import GoToolchain
import Host
import Model
import Patches
import SystemPackage

/// Upstream's own tests of the packages that a patch touches, before it and after it.
public struct PatchTest: Hashable, Codable, Sendable {
    /// One test whose outcome the patch changed.
    public struct Difference: Hashable, Codable, Sendable {
        /// The package's import path.
        public let package: String
        /// The test; empty for the package as a whole.
        public let test: String
        /// How it ended before; nil when there was no such test.
        public let before: GoTestResult.Outcome?
        /// How it ended afterwards; nil when there is no such test.
        public let after: GoTestResult.Outcome?
    }

    /// The patch.
    public let patch: PatchName
    /// The variant that fitted.
    public let variant: String
    /// The folders whose tests were run.
    public let folders: [String]
    /// All tests before.
    public let before: [GoTestResult]
    /// All tests afterwards.
    public let after: [GoTestResult]
    /// What differs.
    public let differences: [Difference]

    /// Compares the two runs, test by test.
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

    /// Whether every test that the patch changed passes now.
    public var isGood: Bool { differences.allSatisfy { $0.after != .fail && !($0.before == .pass && $0.after != .pass) } }

    /// How many tests ended in a way; packages as a whole are not counted.
    public func count(_ outcome: GoTestResult.Outcome, in results: [GoTestResult]) -> Int {
        results.count { $0.outcome == outcome && !$0.test.isEmpty }
    }
}

extension Pipeline {
    /// Runs upstream's tests of the packages that a patch touches, on the stock tree and on the patched one.
    ///
    /// - Throws: what the steps throw; `NoTests` when the packages have none; `CommandError` when none ran.
    public func test(_ series: Series, recipe: Recipe, needs: BuildNeeds, from folder: FilePath? = nil) async throws -> PatchTest {
        let (fetched, exposed, layout) = try await expose(try await fetch(recipe, from: folder), recipe: recipe, go: needs.go)
        let patched = try await patch(fetched, series, recipe: exposed)
        guard let applied = patched.applied.first else {
            throw PatchesError.unknown(name: series.label, advice: "name the patch whose packages are to be tested")
        }
        let folders = Set(patched.applied.flatMap(\.files).filter { $0.hasSuffix(".go") }.map { "\(FilePath($0).removingLastComponent())" })
            .sorted().map { $0.isEmpty ? "." : $0 }
        if !GoTest.isJailed(on: host) {
            events(.note("the tests are the source's own code, and run as you: only root can put them into a jail (SECURITY.md)"))
        }
        let target = recipe.target ?? Target(package: "x", flags: [], environment: ["CGO_ENABLED": "0"], mode: layout.mode)
        let runs = try await [fetched.tree, patched.tree].mapInOrder { tree in
            try await results(of: folders, on: tree, patched, target: target, recipe: exposed, go: needs.go, layout: layout)
        }
        return PatchTest(patch: applied.name, variant: applied.variant, folders: folders, before: runs[0], after: runs[1])
    }

    private func results(
        of folders: [String], on tree: ObjectID, _ patched: Patched, target: Target, recipe: Recipe, go: GoToolchain, layout: GoLayout
    ) async throws -> [GoTestResult] {
        var place = workspace.place(of: recipe.name, importPath: layout.importPath, mode: layout.mode)
        place.libraries = patched.libraries?.path
        let temporary = scratch.place("go")
        defer { try? Files.remove(temporary) }
        for directory in [place.tree.removingLastComponent(), place.cache, temporary] { try Files.makeDirectory(directory) }
        let lock = try await FileLock.take(place.path.appending(".lock")) { events(.note("waiting for another build in \(place.path)")) }
        defer { lock.release() }
        let work = WorkTree(directory: place.tree.string, note: place.path.appending("holds").string)
        let repository = try Repository.open(at: workspace.trees.string)
        guard work.holds(try work.checkOut(tree, from: repository, progress: { _ in try Task.checkCancellation() })) else {
            throw WorkTreeInUse(directory: place.tree)
        }
        events(.began(step: "test", subject: "\(folders.joined(separator: ", ")) of \(tree)"))
        return try await GoTest(target, at: place, with: go, temporary: temporary, on: host).run(folders) {
            events(.progress(step: "test", "\($0.package) \($0.test): \($0.outcome.rawValue)"))
        }
    }
}

extension Array {
    fileprivate func mapInOrder<Value>(_ body: (Element) async throws -> Value) async throws -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await body(element)) }
        return values
    }
}
