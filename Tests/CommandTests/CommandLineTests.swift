import Foundation
import Model
import Sandbox
import Testing

/// A test's own workspace.
final class ProjectFixture: Sendable {
    let path: String

    /// - Parameter folder: the parent folder; nil for the machine's temporary folder.
    init(in folder: String? = nil) throws {
        path = "\(folder ?? FileManager.default.temporaryDirectory.path)/ninepin-place-\(UUID())"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var tool: Tool { Tool(workspace: "\(path)/workspace") }

    func write(_ file: String, _ text: String) throws -> String {
        let url = URL(filePath: "\(path)/\(file)")
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
        return url.path
    }
}

@Suite("The command line, without root and network")
struct CommandLineTests {
    @Test(
        "the pages of docs/ that come from the code are as the code says",
        arguments: ["cli.md", "configuration.md", "recipe.md", "patch.md", "approach.md", "approaches.md"])
    func docs(_ page: String) throws {
        let place = try ProjectFixture()
        let process = Process()
        process.executableURL = try Tool.program
        process.arguments = ["reference", place.path]
        try process.run()
        process.waitUntilExit()
        let written = try String(contentsOfFile: "\(place.path)/\(page)", encoding: .utf8)
        #expect(try String(contentsOf: Tool.project.appending(path: "docs/\(page)"), encoding: .utf8) == written, "run: make docs")
    }

    @Test("every command that the program tells of is in docs/cli.md, with all that its --help says")
    func everyCommand() throws {
        let page = try String(contentsOf: Tool.project.appending(path: "docs/cli.md"), encoding: .utf8)
        var sections: [String: String] = [:]
        for section in page.components(separatedBy: "\n## `").dropFirst() {
            let parts = section.components(separatedBy: "`\n\n```\n")
            try #require(parts.count == 2 && parts[1].hasSuffix("\n```\n"), "\(parts[0])")
            sections[parts[0]] = String(parts[1].dropLast("\n```\n".count))
        }
        var open = [["ninepin"]]
        var walked: Set<String> = []
        while let command = open.popLast() {
            let name = command.joined(separator: " ")
            walked.insert(name)
            let said = try said(Array(command.dropFirst()) + ["--help"])
            // The page has longer lines than the help text without a terminal.
            #expect(sections[name].map(Self.words) == Self.words(said), "docs/cli.md: \(name)")
            open += Self.subcommands(said).map { command + [$0] }
        }
        #expect(walked.isSuperset(of: ["ninepin up", "ninepin down", "ninepin patches rebase"]), "the walk is none: \(walked)")
        #expect(Set(sections.keys) == walked)
    }

    /// The names below `SUBCOMMANDS:`, which are indented by two spaces, without aliases.
    private static func subcommands(_ help: String) -> [String] {
        let lines = help.components(separatedBy: "\n").drop { $0 != "SUBCOMMANDS:" }.dropFirst().prefix { !$0.isEmpty }
        return lines.filter { $0.hasPrefix("  ") && !$0.hasPrefix("   ") }.compactMap {
            $0.split(whereSeparator: { " ,".contains($0) }).first.map(String.init)
        }
    }

    private static func words(_ text: String) -> [Substring] { text.split(whereSeparator: \.isWhitespace) }

    /// The program's standard output.
    private func said(_ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = try Tool.program
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return text
    }

    @Test("recipes show tells which containerd a node gets, the machine's own or a suite's")
    func containerd() throws {
        let place = try ProjectFixture()
        let recipe = try place.write(
            "r.yaml", "extends: kubelet-1.20\ntitle: t\nnode: {containerd: {suite: trixie, version: '>=1.7 <2'}}\n")
        let shown = try place.tool.run(["recipes", "show", recipe])
        #expect(
            try shown.output.contains(Regex("\ncontainerd +containerd >=1.7 <2 from Debian trixie\n")), "\(shown.output)\(shown.errors)")
        let document = try place.tool.run(["recipes", "show", recipe, "--json"])
        try expectDocument(document.output, is: "recipes-show")
        let node = try #require(try document.json()["node"] as? [String: Any])
        #expect(node["containerd"] as? [String: String] == ["suite": "trixie", "version": ">=1.7 <2"])
        #expect(try place.tool.run(["recipes", "show", "kubelet-1.20"]).output.contains(Regex("\ncontainerd +this machine's\n")))
    }

    @Test(
        "recipes show tells what a version comes to: how it is built, by which Go, with which patches, and what was measured of it",
        arguments: [
            (
                "kubelet@1.36.2",
                [
                    #"Go +>=1\.26"#, "upstream +cadvisor from the tree", "upstream +kubernetes 1.36.2",
                    "libcontainer from the tree, in vendor/github.com/opencontainers/cgroups",
                    "series +libcontainer/percpu, libcontainer/memory-usage, cadvisor/9p-source",
                    "measured +2026-11-26, by hand: cAdvisor 0.56.2",
                    "percpu alone clean on an overlay root, fatal on a 9p root .filesystem info.",
                ]
            ),
            (
                "kubelet@1.22.17",
                [
                    "upstream +cadvisor from the tree",
                    "libcontainer from the tree, in vendor/github.com/opencontainers/runc/libcontainer/cgroups",
                    "control plane +.*kube-apiserver.*reflect2/map-iteration if the tree has the fault",
                    "measured +not this version; measured by hand: =1.36.2 .2026-11-26., =1.34.9 .2026-11-26., =1.31.14",
                ]
            ),
            (
                "k3s@1.21.2+k3s1",
                [
                    "upstream +cadvisor from the tree", "upstream +reflect2 from the tree",
                    "series +reflect2/map-iteration, libcontainer/percpu",
                    "compared with +reflect2/map-iteration", "measured +2026-11-26, by hand: cAdvisor 0.39.0, runc 1.0.0-rc95",
                ]
            ),
            ("kubelet", ["recipe +kubelet 1.36.2", #"source +v1\.36\.2 of https://github.com/kubernetes/kubernetes"#]),
        ])
    func plans(_ name: String, _ lines: [String]) throws {
        let place = try ProjectFixture()
        let shown = try place.tool.run(["recipes", "show", name])
        #expect(shown.status == 0, "\(shown.errors)")
        for line in lines {
            #expect(try shown.output.contains(Regex(line)), "\(line): \(shown.output)")
        }
        let document = try place.tool.run(["recipes", "show", name, "--json"]).json()
        let measured = try #require(document["measured"] as? [[String: Any]])
        #expect(measured.allSatisfy { $0["date"] as? String == "2026-11-26" } && !measured.isEmpty)
    }

    @Test("a log is graded from a file, and the exit code says that the answer is not clean")
    func grade() throws {
        let place = try ProjectFixture()
        let fatal = try place.write(
            "kubelet.log",
            "I1123 12:00:00.000000 1 server.go:1] Started kubelet\nF1123 12:00:01.000000 1 kubelet.go:1] unable to find data in memory cache\n"
        )
        let found = try place.tool.run(["grade", fatal, "--json"])
        #expect(found.status == 1)
        let verdict = try #require(try found.json()["verdict"] as? [String: Any])
        #expect(verdict["grade"] as? String == "fatal")
        #expect(verdict["cause"] as? String == "memory cache")
        let missing = try place.tool.run(["grade", "\(place.path)/none.log"])
        #expect(missing.status == 69)
        #expect(missing.errors.contains("none.log: No such file or directory"))
        #expect(missing.output.isEmpty)
    }

    @Test("a recipe with a mistake is refused with file, line and column, and exit code 65")
    func badRecipe() throws {
        let place = try ProjectFixture()
        let good = try String(contentsOf: Tool.project.appending(path: "recipes/kubelet-1.20.yaml"), encoding: .utf8)
        let recipe = try place.write("mine.yaml", good.replacingOccurrences(of: "layouts:", with: "layout:"))
        let line = try #require(good.split(separator: "\n", omittingEmptySubsequences: false).firstIndex { $0.hasPrefix("layouts:") }) + 1
        for command in ["run", "fetch", "build", "matrix", "verify"] {
            let found = try place.tool.run([command, recipe])
            #expect(found.status == 65)
            #expect(found.errors.contains("\(recipe):\(line):1: unknown key 'layout': did you mean 'layouts'?"), "\(found.errors)")
        }
    }

    @Test(
        "what cannot be meant is a usage error, with what was probably meant",
        arguments: [
            (["run", "kubelet-1.21"], "did you mean 'kubelet-1.20'?"), (["run", "--series", "percpuu"], "did you mean 'percpu'?"),
            (["run", "--series", "percpu,"], "--series"), (["run", "--series", "none,percpu"], "--series"),
            (["run", "--series", "percpu,percpu"], "appears twice"),
            (["run", "--layout", "root"], "root-9p"), (["matrix", "--repeat", "0"], "--repeat"),
            (["matrix", "--approach", "bind"], "--approaches"),
            (["matrix", "--approaches", "--approach", "ptrac"], "did you mean 'ptrace'?"),
            (["matrix", "--approaches", "--series", "none"], "--series"),
            (["verify", "--binary", "x", "--series", "none"], "--series"),
            (["verify", "--level", "component"], "ninepin run"),
            (["patches", "show", "9p"], "9p-"), (["dance"], "'dance' is no command of ninepin"),
            (["nigthly"], "did you mean 'nightly'?"), (["patches", "chekc"], "did you mean 'check'?"), (["run", "kubelet", "x"], "'x'"),
            (["verify", "--sandbox", "here", "--layout", "root-9p"], "--layout cannot be used"), (["run", "--layout", "here"], "--layout"),
            (["preflight", "--series", "nope"], "supported patches: libcontainer/percpu"), (["preflight", "--kubelet", "new"], "1.20.2"),
            (["preflight", "--kubelet-dir", "var"], "an absolute path"), (["run", "--patience", "0.5"], "--patience"),
            (["run", "kubelet-1.20@9.9"], "its source is 1.20.2"), (["fetch", "kubelet-1.20@1.20.5"], "its source is 1.20.2"),
            (["run", "--cgroup", "v3"], "--cgroup"), (["run", "--overlay-size", "20x"], "--overlay-size"),
            (["run", "--layout", "root-9p", "--overlay-size", "20g"], "requires --layout root-overlay"),
            (["verify", "--cgroup", "v1", "--cgroup", "v2"], "can be given only once"), (["run", "--layout", "root-9p+v2"], "--layout"),
            (["up", "--sandbox", "here", "--cgroup", "v2"], "cannot be used"),
            (["matrix", "--approaches", "--runsc", "x"], "cannot be used"),
            (["verify", "--patience", "101"], "--patience"), (["up", "--patience", "nan"], "--patience"),
            (["down", "a", "--patience", "five"], "--patience"),
        ])
    func usage(_ arguments: [String], _ words: String) throws {
        let place = try ProjectFixture()
        let found = ["dance", "nigthly"].contains(arguments[0]) ? try bare(arguments) : try place.tool.run(arguments)
        #expect(found.status == 64)
        #expect(found.errors.contains(words), "\(found.errors)")
    }

    @Test("preflight --fix prints one script, which a shell can read, and with --json the same beside its steps; nothing is done")
    func fixes() throws {
        let place = try ProjectFixture()
        let arguments = ["preflight", "--kubelet", "1.36.2", "--kubelet-dir", "/proc/none", "--fix"]
        let text = try place.tool.run(arguments)
        #expect(text.status == 0)
        #expect(text.output.hasPrefix("#!/bin/sh\n"), "\(text.output)")
        let file = try place.write("fix", text.output)
        #expect(try outcome(of: "/bin/sh", ["-n", file]).status == 0)
        let document = try place.tool.run(arguments + ["--json"]).json()
        #expect(document["script"] as? String == text.output.trimmingCharacters(in: .newlines))
        let fixes = try #require(document["fixes"] as? [[String: Any]])
        #expect(fixes.allSatisfy { $0["who"] is String && $0["what"] is String && $0["commands"] is [String] })
    }

    @Test(
        "`here` is another name of `preflight`: it takes the same options and gives the same answer, code and help",
        arguments: [
            ["--kubelet-dir", "/proc/none", "--json"], ["--kubelet-dir", "/proc/none", "--kubelet", "1.36.2", "--fix"],
            ["--series", "nope"],
        ])
    func preflightAlias(_ arguments: [String]) throws {
        let place = try ProjectFixture()
        let named = try place.tool.run(["preflight"] + arguments)
        let alias = try place.tool.run(["here"] + arguments)
        #expect(alias.status == named.status && alias.output == named.output && alias.errors == named.errors)
        #expect(named.status == (arguments == ["--series", "nope"] ? 64 : 0), "\(named.errors)")
        #expect(try said(["here", "--help"]) == said(["preflight", "--help"]))
        #expect(try said(["--help"]).contains("\n  preflight, here "))
    }

    private func bare(_ arguments: [String]) throws -> Tool.Outcome {
        let process = Process()
        process.executableURL = try Tool.program
        process.arguments = arguments
        let errors = Pipe()
        process.standardError = errors
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return Tool.Outcome(status: process.terminationStatus, output: "", errors: text)
    }

    @Test("lists and shows are text for people, or one document")
    func lists() throws {
        let place = try ProjectFixture()
        #expect(try place.tool.run(["patches", "list"]).output.contains("libcontainer/percpu"))
        let patches = try #require(try place.tool.run(["patches", "list", "--json"]).json()["patches"] as? [[String: Any]])
        #expect(patches.contains { $0["name"] as? String == "cadvisor/9p-line" && $0["status"] as? String == "refuted" })
        #expect(try place.tool.run(["patches", "show", "percpu"]).output.contains("+\tif os.IsNotExist(err) {"))
        #expect(try place.tool.run(["recipes", "show", "kubelet-1.20", "--file"]).output.contains("importPath: k8s.io/kubernetes"))
        #expect(try place.tool.run(["recipes", "show", "kubelet-1.20", "--json"]).json()["name"] as? String == "kubelet-1.20")
    }

    @Test("a folder of source is checked without a recipe: which variant fits which file, exit code 1 when none does")
    func checkFolder() throws {
        let place = try ProjectFixture()
        let text =
            "package fs\n\tpercpuUsage := []uint64{}\n\tdata, err := cgroups.ReadFile(path, file)\n\tif err != nil {\n\t\treturn percpuUsage, err\n"
        try FileManager.default.createDirectory(atPath: "\(place.path)/src/libcontainer/cgroups/fs", withIntermediateDirectories: true)
        _ = try place.write("src/libcontainer/cgroups/fs/cpuacct.go", text)
        let found = try place.tool.run(["patches", "check", "percpu", "--source", "\(place.path)/src", "--json"])
        #expect(found.status == 0)
        try expectDocument(found.output, is: "patches-check")
        let rows = try #require(try found.json()["checks"] as? [[String: Any]])
        let matcher = rows.filter { $0["fits"] as? Bool == true }
        #expect(matcher.map { $0["variant"] as? String } == ["v1.1"])
        #expect(matcher[0]["files"] as? [String] == ["libcontainer/cgroups/fs/cpuacct.go"])
        #expect(rows.allSatisfy { $0["state"] != nil && $0["reason"] != nil && $0["home"] != nil })
        let none = try place.tool.run(["patches", "check", "9p-line", "--source", "\(place.path)/src"])
        #expect(none.status == 1)
        #expect(none.output.contains("absent"))
    }

    @Test(
        "--all tries what is here, fetches nothing, and says what is not here; if nothing was checked, that is no success",
        arguments: ["--all", "percpu"])
    func checkAll(_ what: String) throws {
        let place = try ProjectFixture()
        let found = try place.tool.run(["patches", "check", what, "--json"])
        #expect(found.status == 69 && found.errors.contains("checked nowhere, because no fetched source has their upstream: "), "\(found)")
        let rows = try #require(try found.json()["checks"] as? [[String: Any]])
        #expect(!rows.isEmpty && rows.allSatisfy { $0["state"] as? String == "unfetched" })
    }

    @Test("a failure with --json is a document too, and the words go to standard error")
    func failureDocument() throws {
        let place = try ProjectFixture()
        let found = try place.tool.run(["patches", "show", "nothing", "--json"])
        #expect(found.status == 64)
        #expect(try found.json()["exit"] as? Int == 64)
        #expect(found.errors.contains("ninepin: error:"))
    }

    @Test("the oldest runsc that is taken is the same for ./setup and for ninepin")
    func oldestRunsc() throws {
        let setup = try String(contentsOf: Tool.project.appending(path: "setup"), encoding: .utf8)
        let code = try String(contentsOf: Tool.project.appending(path: "Sources/Sandbox/Runsc.swift"), encoding: .utf8)
        let shell = try #require(setup.firstMatch(of: /oldest_runsc=(\d+)/)).1
        let swift = try #require(code.firstMatch(of: /oldestRelease = ([\d_]+)/)).1
        #expect(shell == swift.filter { $0 != "_" })
    }
}
