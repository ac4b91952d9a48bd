import Foundation
import Model
import Testing

/// Real pull requests: created for real upstream source, applied with `git am` to a clean tree, and tested there with their Go tests,
/// without and with the change.
@Suite("Real pull requests, applied and tested", .real())
struct RealPullRequestTests {
    /// One patch for one project.
    struct Case: Sendable, CustomTestStringConvertible {
        let patch: String
        let project: String
        let recipe: String
        /// The path of the project's own code in the recipe's tree; nil for the whole tree.
        let home: String?
        let importPath: String
        let package: String
        let test: String
        /// What the script says without the change.
        var fault: String {
            switch patch {
            case "percpu": "cpuacct.usage_percpu: no such file or directory"
            case "memory-usage": "memory usage of / reads 0"
            default: "could not find device"
            }
        }

        var testDescription: String { "\(patch) for \(project)" }
    }

    private static let cases = [
        Case(
            patch: "9p-source", project: "cadvisor", recipe: "kubelet-1.20", home: "vendor/github.com/google/cadvisor",
            importPath: "github.com/google/cadvisor", package: "fs", test: "fs/fs.go"),
        Case(
            patch: "percpu", project: "runc", recipe: "runc@1.1.5", home: nil, importPath: "github.com/opencontainers/runc",
            package: "libcontainer/cgroups/fs", test: "libcontainer/cgroups/fs/cpuacct.go"),
        Case(
            patch: "percpu", project: "cgroups", recipe: "cgroups", home: nil, importPath: "github.com/opencontainers/cgroups",
            package: "fs",
            test: "fs/cpuacct.go"),
        Case(
            patch: "memory-usage", project: "runc", recipe: "runc@1.1.15", home: nil, importPath: "github.com/opencontainers/runc",
            package: "libcontainer/cgroups/fs", test: "libcontainer/cgroups/fs/memory.go"),
        Case(
            patch: "memory-usage", project: "cgroups", recipe: "cgroups", home: nil, importPath: "github.com/opencontainers/cgroups",
            package: "fs", test: "fs/memory.go"),
    ]

    @Test("git am takes it onto a clean tree, and its Go test fails without the change and passes with it", arguments: cases)
    func applied(_ one: Case) async throws {
        let place = try await RealWorkspace.linked()
        try await Computing.inTurn(minutes: 2) { try apply(one, place) }
    }

    private func apply(_ one: Case, _ place: ProjectFixture) throws {
        let fetched = try place.tool.run(["fetch", one.recipe, "--json"])
        #expect(fetched.status == 0, "\(fetched.errors)")
        let tree = try #require(try fetched.json()["tree"] as? String)
        let store = "\(place.tool.workspace)/store"
        let work = "\(place.path)/gopath/src/\(one.importPath)"
        try checkOut("\(store)/trees.git", one.home.map { "\(tree):\($0)" } ?? tree, to: work)
        let author = ["-c", "user.name=An Author", "-c", "user.email=author@example.org"]
        try git(["init", "-q"], in: work)
        try git(["add", "-A", "-f"], in: work)
        try git(author + ["commit", "-q", "-m", "upstream"], in: work)
        var tool = place.tool
        tool.environment = ["GIT_CONFIG_GLOBAL": try place.write("gitconfig", "[user]\nname = An Author\nemail = author@example.org\n")]
        // The probe provides the Go that the recipe requires, and is the evidence in the text.
        let measure = one.home == nil ? ["--measure"] : []
        let made = try tool.run(
            ["pr", one.patch, "--upstream", one.project, "--recipe", one.recipe, "--allow-old", "--out", "\(place.path)/out", "--json"]
                + measure)
        #expect(made.status == 0, "\(made.errors)")
        try expectDocument(made.output, is: "pr")
        if one.home == nil {
            let page = try String(contentsOfFile: "\(place.path)/out/PULL_REQUEST.md", encoding: .utf8)
            #expect(page.contains("| none | an error | works |"), "\(page)\(made.errors)")
        }
        if one.recipe == "runc@1.1.5" {
            try expectDocument(try tool.run(["patches", "test", one.patch, one.recipe, "--json"]).output, is: "patches-test")
        }
        let mail = try #require(try FileManager.default.contentsOfDirectory(atPath: "\(place.path)/out").first { $0.hasSuffix(".patch") })
        try git(author + ["am", "-3", "\(place.path)/out/\(mail)"], in: work)
        let changed = try git(["show", "--name-only", "--format=", "HEAD"], in: work).split(separator: "\n").map(String.init)
        #expect(changed.contains(one.test) && changed.contains { $0.hasSuffix("_test.go") }, "\(changed)")
        let name = try newTest(in: work)
        let steps = try #require(try fetched.json()["steps"] as? [[String: Any]])
        let libraries = try libraries(place, one, tree: tree, steps: steps)
        let after = try goTest(place, one, in: work, libraries, name)
        #expect(after.passes, "\(after.said)")
        let mended = try reproduce(place, one, in: work, libraries)
        #expect(mended.passes, "\(mended.said)")
        try git(["checkout", "-q", "HEAD~1", "--", one.test], in: work)
        let before = try goTest(place, one, in: work, libraries, name)
        let broken = try reproduce(place, one, in: work, libraries)
        #expect(!broken.passes && broken.said.contains(one.fault), "\(broken.said)")
        // The test fails, not the compiler.
        #expect(!before.passes && before.said.contains("--- FAIL: \(name)"), "\(before.said)")
    }

    private func newTest(in work: String) throws -> String {
        let diff = try git(["show", "HEAD", "--", "*_test.go"], in: work)
        return String(try #require(diff.firstMatch(of: /\+func (Test\w+)\(/)).1)
    }

    /// A second `GOPATH`: the recipe's Debian packages if it has some, otherwise what the tree itself vendors.
    private func libraries(_ place: ProjectFixture, _ one: Case, tree: String, steps: [[String: Any]]) throws -> String {
        let store = "\(place.tool.workspace)/store"
        guard one.home != nil else {
            let kept = try #require(steps.first { $0["name"] as? String == "libraries" }?["key"] as? String, "\(steps)")
            return "\(store)/libraries/\(kept)/usr/share/gocode"
        }
        try checkOut("\(store)/trees.git", tree, to: "\(place.path)/whole")
        try FileManager.default.createDirectory(atPath: "\(place.path)/vendored", withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: "\(place.path)/vendored/src", withDestinationPath: "\(place.path)/whole/vendor")
        return "\(place.path)/vendored"
    }

    private func goTest(
        _ place: ProjectFixture, _ one: Case, in work: String, _ libraries: String, _ name: String
    ) throws -> (passes: Bool, said: String) {
        let words = ["go", "test", "-vet=off", "-count=1", "-run", "^\(name)$", "./\(one.package)"]
        return try withGo(words, place, one, in: work, libraries)
    }

    /// Runs the bundle's script in a checkout, with runsc and Go alone.
    private func reproduce(
        _ place: ProjectFixture, _ one: Case, in work: String, _ libraries: String
    ) throws -> (passes: Bool, said: String) {
        let runsc = "\(place.tool.workspace)/tools/runsc/usr/bin/runsc"
        return try withGo(["sh", "\(place.path)/out/reproduce.sh", runsc], place, one, in: work, libraries)
    }

    private func withGo(
        _ words: [String], _ place: ProjectFixture, _ one: Case, in work: String, _ libraries: String
    ) throws -> (passes: Bool, said: String) {
        // The newest Go in the workspace if a recipe required one, otherwise Debian's.
        let own = (try? FileManager.default.contentsOfDirectory(atPath: "\(place.tool.workspace)/tools/go")) ?? []
        let newest = own.filter { !$0.hasPrefix(".") }.max { $0.compare($1, options: .numeric) == .orderedAscending }
        let go = one.home == nil ? try #require(newest.map { "\(place.tool.workspace)/tools/go/\($0)/bin/go" }) : "/usr/lib/go-1.19/bin/go"
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = words
        process.currentDirectoryURL = URL(filePath: work)
        process.environment = [
            "PATH": "\(URL(filePath: go).deletingLastPathComponent().path):/usr/sbin:/usr/bin:/bin", "HOME": place.path,
            "GOPATH": "\(place.path)/gopath:\(libraries)", "GO111MODULE": "off",
            "GOCACHE": "\(place.tool.workspace)/cache/go-build", "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "",
            "GOPROXY": "off", "PWD": work,
        ]
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let said = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus == 0, said)
    }

    private func checkOut(_ repository: String, _ tree: String, to folder: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let archive = "\(folder).tar"
        try git(["--git-dir", repository, "archive", "-o", archive, tree], in: folder)
        try GitFolder.run("/bin/tar", ["-xf", archive, "-C", folder], environment: ["PATH": "/usr/bin:/bin"])
    }

    @discardableResult
    private func git(_ arguments: [String], in folder: String) throws -> String {
        try GitFolder.run(
            "/usr/bin/git", arguments, environment: ["PATH": "/usr/bin:/bin", "HOME": folder, "GIT_CONFIG_GLOBAL": "/dev/null"],
            folder: folder)
    }
}
