import FileSystem
import FoundationEssentials
import Git
import GoToolchain
import Host
import Model
import Patches
import SystemPackage
import Testing

@testable import Building
@testable import Store

/// A step that counts how often it actually runs.
private struct CountStep: Step {
    static let name = "count"

    let input: String
    let where_: Unkeyed<String>

    init(_ input: String, at place: String = "") {
        self.input = input
        where_ = Unkeyed(place)
    }

    func run(in context: StepContext, folder: FilePath) async throws -> String {
        try Files.write("made", to: folder.appending("file"))
        return input.uppercased()
    }

    func isWhole(_ output: String, in place: FilePath, workspace: Workspace) -> Bool { Files.exists(place.appending("file")) }
}

/// A step that fails, after it wrote a file in its folder and one in a place for temporary files.
private struct FailingStep: Step {
    struct Failure: Error {}

    static let name = "failing"

    let isCanceled: Bool

    func run(in context: StepContext, folder: FilePath) async throws -> String {
        try Files.write("half", to: folder.appending("half.txt"))
        return try await context.inPlace(of: "work") { work in
            try Files.makeDirectory(work)
            try Files.write("half", to: work.appending("temporary.txt"))
            if isCanceled { throw CancellationError() }
            throw Failure()
        }
    }
}

private func folder() throws -> FilePath {
    let path = FilePath(FileManager.default.temporaryDirectory.appending(path: "ninepin-steps-\(UUID())").path)
    try Files.makeDirectory(path)
    return path
}

private func host(_ workspace: FilePath) -> Host {
    Host(environment: ["PATH": "/usr/bin:/bin"], workspace: workspace, project: workspace, isRoot: false)
}

@Suite("Steps and their store")
struct StepTests {
    @Test("a step's key is made of all that goes in, and of nothing that does not change the result")
    func keys() throws {
        let key = try CountStep("a").key()
        #expect(try CountStep("a").key() == key)
        #expect(try CountStep("b").key() != key)
        #expect(try CountStep("a", at: "elsewhere").key() == key)
    }

    @Test("a change of tree, Go release, flag, environment or package is another build; another folder of Go is not")
    func buildKeys() throws {
        let (tree, other) = (
            try #require(ObjectID(String(repeating: "1", count: 40))), try #require(ObjectID(String(repeating: "2", count: 40)))
        )
        func key(
            _ tree: ObjectID, go: String = "go1.19.8 linux/amd64", importPath: String = "x", package: String = "cmd/y", flags: String = "",
            cgo: String = "0",
            work: String = "r"
        ) throws -> Digest {
            let yaml = """
                title: t
                version: 1.0.0
                source: {debian: {package: p, suite: s, version: 1.0.0}}
                upstreams: {}
                toolchain: '*'
                importPath: \(importPath)
                target: {package: \(package), flags: [\(flags)], environment: {CGO_ENABLED: "\(cgo)"}}
                node: {profile: kubelet}
                layouts: [root-9p]
                """
            let recipe = try Recipe(yaml: yaml, file: "r", name: "r")
            let place = try folder()
            defer { try? Files.remove(place) }
            return try buildStep(tree, go: go, recipe: recipe, in: place, work: work).key()
        }
        let first = try key(tree)
        #expect(try key(tree) == first)
        #expect(try key(tree, work: "elsewhere") == first)
        for changed in [
            try key(other), try key(tree, go: "go1.19.9 linux/amd64"), try key(tree, importPath: "z"), try key(tree, package: "cmd/z"),
            try key(tree, flags: "-race"), try key(tree, cgo: "1"),
        ] { #expect(changed != first) }
    }

    private func buildStep(_ tree: ObjectID, go: String, recipe: Recipe, in place: FilePath, work: String = "r") throws -> BuildStep {
        let target = try #require(recipe.target)
        let pedigree = Pedigree(
            recipe: recipe.name, version: "1", tree: tree.description, series: [], toolchain: go, mode: .gopath, flags: target.flags)
        return BuildStep(
            tree: tree, pedigree: pedigree, target: target, importPath: try #require(recipe.importPath), touched: [],
            go: Unkeyed(try anyGo(place)),
            workTree: Unkeyed(work), source: Unkeyed(tree))
    }

    private func anyGo(_ place: FilePath) throws -> GoToolchain {
        try Files.makeDirectory(place.appending("bin"))
        try Files.write("", to: place.appending("bin/go"), mode: 0o755)
        try Files.write("go1.99\n", to: place.appending("VERSION"))
        let found = Host(environment: ["PATH": place.appending("bin").string], workspace: place, project: place, isRoot: false)
        return try GoToolchain.find(#require(VersionRange(">=1.99")), on: found)
    }

    @Test("a kept result is found again, and one that is not whole is not believed")
    func store() async throws {
        let place = try folder()
        defer { try? Files.remove(place) }
        let workspace = Workspace(host(place))
        let (store, step, scratch) = (ResultStore(workspace), CountStep("a"), try await Scratch(in: workspace.unfinished))
        let key = try step.key()
        #expect(store.result(of: step, key: key) == nil)
        func make() async throws {
            let folder = scratch.place("count")
            try Files.makeDirectory(folder)
            let output = try await step.run(
                in: StepContext(host: host(place), workspace: workspace, scratch: scratch, note: { _ in }) { _ in }, folder: folder)
            try store.keep(output, of: step, key: key, folder: folder, scratch: scratch)
        }
        try await make()
        #expect(store.result(of: step, key: key) == "A")
        try Files.remove(store.place(step, key).appending("file"))
        #expect(store.result(of: step, key: key) == nil)
        try await make()
        #expect(store.result(of: step, key: key) == "A")
        try Files.write("{ half", to: store.place(step, key).appending("result.json"))
        #expect(store.result(of: step, key: key) == nil)
    }

    @Test(
        "what a failed step leaves is kept if that was asked for, of all its places, and nothing of a canceled one",
        arguments: [true, false])
    func leftovers(_ keeps: Bool) async throws {
        let place = try folder()
        defer { try? Files.remove(place) }
        let runner = try await StepRunner(host(place), keepsFailed: keeps) { _ in }
        _ = try await runner.perform(CountStep("a"), subject: "a") { $0 }
        await #expect(throws: FailingStep.Failure.self) { try await runner.perform(FailingStep(isCanceled: false), subject: "x") { $0 } }
        await #expect(throws: CancellationError.self) { try await runner.perform(FailingStep(isCanceled: true), subject: "x") { $0 } }
        let kept = try runner.closeKeeping()
        #expect((kept != nil) == keeps)
        var files: [String] = []
        if let kept {
            for name in try FileManager.default.subpathsOfDirectory(atPath: kept.string) where name.hasSuffix(".txt") {
                files.append(String(name.drop { $0 != "-" }))
            }
        }
        let expected = keeps ? ["-failing/half.txt", "-work/temporary.txt"] : []
        #expect(files.sorted() == expected)
        #expect(Files.names(in: Workspace(host(place)).unfinished).filter { !$0.hasPrefix(".") }.isEmpty)
    }

    @Test(
        "a build that waits for another one in the same work tree says so at once, as a note that is shown in any case",
        .timeLimit(.minutes(1)))
    func waitsForTheTree() async throws {
        let place = try folder()
        defer { try? Files.remove(place) }
        let workspace = Workspace(host(place))
        let tree = try #require(ObjectID(String(repeating: "1", count: 40)))
        let step = try buildStep(
            tree, go: "go", recipe: try Catalogue(Host.current(HostOptions(projects: [projectFolder]))).recipe("kubelet-1.20"), in: place)
        let work = workspace.place(of: "r", importPath: "k8s.io/kubernetes", mode: .gopath)
        try Files.makeDirectory(work.path)
        let lock = try #require(try FileLock.tryTake(work.path.appending(".lock")))
        defer { lock.release() }
        let scratch = try await Scratch(in: workspace.unfinished)
        defer { scratch.remove() }
        let works: [@Sendable (StepContext) async throws -> Void] = [
            { _ = try await step.run(in: $0, folder: place) },
            { try await $0.inWorkTree(tree, at: work) { _, _ in _ = Issue.record("there is a lock") } },
        ]
        for work in works {
            let (notes, sink) = AsyncStream<String>.makeStream()
            let context = StepContext(host: host(place), workspace: workspace, scratch: scratch, note: { sink.yield($0) }) { _ in }
            let task = Task { try await work(context) }
            let said = await notes.first { _ in true }
            #expect(said?.hasPrefix("waiting for another build in \(place)") == true)
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
        }
    }

    @Test("a binary that was changed in the store is not the one that was built")
    func changedBinary() throws {
        let place = try folder()
        defer { try? Files.remove(place) }
        let binary = place.appending("kubelet")
        try Files.write("binary", to: binary)
        let built = BuiltBinary(name: "kubelet", digest: try Files.digest(of: binary), bytes: 6, stamp: FileStamp(of: binary))
        let tree = try #require(ObjectID(String(repeating: "1", count: 40)))
        let recipe = try Catalogue(Host.current(HostOptions(projects: [projectFolder]))).recipe("kubelet-1.20")
        let step = try buildStep(tree, go: "go", recipe: recipe, in: place)
        let workspace = Workspace(host(place))
        #expect(step.isWhole(built, in: place, workspace: workspace))
        // A copied workspace has other stamps; the content decides.
        let copied = BuiltBinary(name: "kubelet", digest: built.digest, bytes: 6, stamp: nil)
        #expect(step.isWhole(copied, in: place, workspace: workspace))
        try Files.write("BINARY", to: binary)
        #expect(!step.isWhole(built, in: place, workspace: workspace))
        try Files.remove(binary)
        #expect(!step.isWhole(built, in: place, workspace: workspace))
    }
}

/// The folder of this package.
let projectFolder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

@Suite("The project's own recipes and patches")
struct CatalogueTests {
    private var catalogue: Catalogue { get throws { try Catalogue(Host.current(HostOptions(projects: [projectFolder]))) } }

    @Test("every recipe and every patch can be read, and every patch of a recipe is in the registry")
    func allRead() throws {
        let registry = try catalogue.registry()
        #expect(registry.entries.count >= 3)
        #expect(try catalogue.recipeNames.contains("kubelet-1.20"))
        for name in try catalogue.recipeNames {
            let recipe = try catalogue.recipe(name)
            for patch in recipe.series + recipe.compare.joined() { _ = try registry.entry(named: patch.description) }
        }
        for entry in registry.entries { for variant in entry.variants { _ = try registry.patch(variant, of: entry) } }
    }

    @Test("an unknown recipe is an error with the nearest known name")
    func unknown() {
        let error = #expect(throws: Catalogue.UnknownRecipe.self) { try catalogue.recipe("kubelet-1.21") }
        #expect(error?.description.contains("did you mean 'kubelet-1.20'?") == true)
    }
}
