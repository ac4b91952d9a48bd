import Foundation
import Testing
import Yams

/// One shell script of a CI file, and the settings with which the CI system starts it.
struct CIStep {
    let script: String
    var environment: [String: String] = [:]
    /// GitHub's `if`; nil for a step that runs if all before it succeeded.
    var condition: String?
}

/// What a user copies from `packaging/`, read from the files themselves.
enum CIFiles {
    static let folder = Tool.project.appending(path: "packaging")
    static let github = folder.appending(path: "ci/github-nightly.yml")
    static let gitlab = folder.appending(path: "ci/gitlab-nightly.yml")
    static let service = folder.appending(path: "systemd/ninepin-nightly.service")
    static let timer = folder.appending(path: "systemd/ninepin-nightly.timer")

    static func yaml(_ file: URL) throws -> [String: Any] {
        try #require(try Yams.load(yaml: String(contentsOf: file, encoding: .utf8)) as? [String: Any])
    }

    /// The `steps` of the GitHub job, those that use an action included.
    static func githubSteps() throws -> [[String: Any]] {
        let jobs = try #require(try yaml(github)["jobs"] as? [String: [String: Any]])
        return try #require(jobs["nightly"]?["steps"] as? [[String: Any]])
    }

    /// The `run:` steps of the GitHub job, in their order.
    static func githubScripts() throws -> [CIStep] {
        try githubSteps().compactMap { step in
            guard let script = step["run"] as? String else { return nil }
            return CIStep(script: script, environment: step["env"] as? [String: String] ?? [:], condition: step["if"] as? String)
        }
    }

    /// The GitLab job.
    static func gitlabJob() throws -> [String: Any] { try #require(try yaml(gitlab)["ninepin-nightly"] as? [String: Any]) }

    /// The lines of a GitLab key such as `script`, as one script: GitLab runs `before_script` and `script` in one shell.
    static func gitlabScript(_ keys: String...) throws -> String {
        let job = try gitlabJob()
        return try keys.flatMap { key in try #require(job[key] as? [String], "\(key)") }.joined(separator: "\n")
    }

    /// A value of a unit file (systemd.syntax(7)); the file has each key at most once.
    static func value(_ key: String, in unit: URL) throws -> String {
        let lines = try String(contentsOf: unit, encoding: .utf8).split(separator: "\n").filter { $0.hasPrefix("\(key)=") }
        #expect(lines.count == 1, "\(key) in \(unit.lastPathComponent): \(lines)")
        return String(try #require(lines.first).dropFirst(key.utf8.count + 1))
    }
}

/// A checkout on a CI machine: the project's own Makefile and setup, a manifest, and stand-ins for what the machine would have to fetch.
///
/// The stand-ins record how they were called. The one of `swift` puts the built program where a build would put it.
final class CIMachine: Sendable {
    let place: ProjectFixture
    let project: String
    private var calls: String { "\(place.path)/calls" }

    /// - Parameter program: what the build makes; nil for the real program.
    init(program: String? = nil) throws {
        place = try ProjectFixture()
        project = "\(place.path)/project"
        for name in ["Makefile", "setup", "Sources/Platforms/Resources/platforms.tsv", ".ci/requirements.txt"] {
            _ = try place.write("project/\(name)", try String(contentsOf: Tool.project.appending(path: name), encoding: .utf8))
        }
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(project)/setup")
        try Self.content(of: place, in: "project")
        // What ./setup has put in the project's workspace is there already, one by one: setup clears its own leftovers beside them.
        let tools = Checkers.workspace.appending(path: "tools")
        try FileManager.default.createDirectory(atPath: "\(project)/Workspace/tools", withIntermediateDirectories: true)
        for name in ["runsc", "checkers"] where FileManager.default.fileExists(atPath: tools.appending(path: name).path) {
            try FileManager.default.createSymbolicLink(
                atPath: "\(project)/Workspace/tools/\(name)", withDestinationPath: tools.appending(path: name).path)
        }
        try standIn("apt-get")
        let built = try program ?? Tool.program.path
        try standIn("swift", then: "mkdir -p .build/release; ln -sf '\(built)' .build/release/ninepin")
    }

    /// Recipes, patches and a manifest. The source of its only recipe cannot be had, so that nothing is built or booted.
    static func content(of place: ProjectFixture, in folder: String) throws {
        _ = try place.write(
            "\(folder)/recipes/gone.yaml",
            """
            title: gone
            version: 1.0.0
            importPath: example.org/gone
            source: {git: {url: "file://\(place.path)/no-repository", ref: "v{version}"}}
            upstreams: {libcontainer: {path: libcontainer/cgroups, version: "1.1.5"}}
            toolchain: ">=1.19"
            series: [libcontainer/percpu]

            """)
        _ = try place.write("\(folder)/recipes/nightly.yaml", "matrix:\n  - {recipe: gone, level: component, expect: {'*': clean}}\n")
        try FileManager.default.createSymbolicLink(
            atPath: "\(place.path)/\(folder)/patches", withDestinationPath: Tool.project.appending(path: "patches").path)
    }

    private func standIn(_ name: String, then more: String = "") throws {
        let file = try place.write("bin/\(name)", "#!/bin/sh\necho \"\(name) $*\" >> '\(calls)'\n\(more)\n")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file)
    }

    /// How the stand-ins were called.
    func called() -> [String] {
        ((try? String(contentsOfFile: calls, encoding: .utf8)) ?? "").split(separator: "\n").map(String.init)
    }

    /// Runs a script in the checkout, as both CI systems do: `bash -eo pipefail` (GitHub: "Workflow syntax", `shell`; GitLab: "Shells").
    func run(_ script: String, _ environment: [String: String] = [:]) async throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/bash")
        process.arguments = ["--noprofile", "--norc", "-eo", "pipefail", try place.write("step.sh", script)]
        process.currentDirectoryURL = URL(filePath: project)
        process.environment = ["PATH": "\(place.path)/bin:/usr/local/bin:/usr/bin:/bin", "HOME": place.path].merging(environment) {
            _, new in new
        }
        return try await process.ended(in: place)
    }

    func has(_ file: String) -> Bool { FileManager.default.fileExists(atPath: "\(project)/\(file)") }
}

extension Process {
    /// Runs to completion without blocking a test thread; returns both output streams as one text.
    func ended(in place: ProjectFixture) async throws -> (status: Int32, output: String) {
        let file = try place.write("output-\(UUID())", "")
        let handle = try FileHandle(forWritingTo: URL(filePath: file))
        standardInput = FileHandle.nullDevice
        standardOutput = handle
        standardError = handle
        try run()
        try await soon("the end of \(arguments ?? [])") { !isRunning }
        return (terminationStatus, try String(contentsOfFile: file, encoding: .utf8))
    }
}

/// The programs that check CI files, as `./setup` installs them.
enum Checkers {
    static var workspace: URL {
        let named = ProcessInfo.processInfo.environment["NINEPIN_WORKSPACE"].flatMap { $0.isEmpty ? nil : $0 }
        return named.map { URL(filePath: $0, relativeTo: Tool.project) } ?? Tool.project.appending(path: "Workspace")
    }

    static func run(_ name: String, _ arguments: [String], in place: ProjectFixture) async throws -> (status: Int32, output: String) {
        let folder = workspace.appending(path: "tools/checkers")
        let program = folder.appending(path: "bin/\(name)").path
        try #require(FileManager.default.isExecutableFile(atPath: program), "run ./setup: \(program) is missing")
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        // actionlint finds shellcheck on PATH.
        process.environment = [
            "PATH": "\(folder.path)/bin:\(ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")", "PYTHONPATH": folder.path,
            "HOME": place.path,
        ]
        return try await process.ended(in: place)
    }
}
