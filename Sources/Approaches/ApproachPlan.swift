import ExitCodes
import FileSystem
import Host
import Model
import Node
import Sandbox
import SystemPackage

/// An approach, prepared for one recipe's version on one machine: its changes to a node's root file system, its first program, and the
/// command that starts it.
package struct ApproachPlan: Sendable {
    /// Programs or files that the approach needs are missing on this machine.
    package struct Missing: ExitStatusError, Sendable, CustomStringConvertible {
        package let approach: String
        /// The missing programs and files.
        package let names: [String]
        /// The Debian packages that contain them.
        package let packages: [String]

        /// What is missing and how to install it.
        package var description: String {
            "the approach '\(approach)' needs \(names.notInstalled)\n    Run ./setup, or: apt-get install \(packages.joined(separator: " "))"
        }

        package var exitStatus: ExitStatus { .missing }
    }

    /// The runtime that the node boots in.
    package let runtime: ContainerRuntime
    private let approach: Approach
    private let settings: [Approach.KubeletSettings]
    private let tools: [FilePath]
    private let compiled: [(source: FilePath, result: Approach.Compiled)]
    private let compiler: FilePath?
    private let deadlines: Deadlines

    /// Finds everything that the approach needs, before anything is built.
    ///
    /// - Parameters:
    ///   - version: kubelet's version, which determines its settings.
    ///   - folder: the folder that contains the approach's file.
    /// - Throws: `Missing`, with the names of everything that is missing.
    package init(_ approach: Approach, version: Version, folder: FilePath, on host: Host) throws(Missing) {
        self.approach = approach
        deadlines = host.deadlines
        runtime = approach.runtime
        settings = approach.kubelet.filter { $0.versions?.contains(version) ?? true }
        var (tools, missing, packages): ([FilePath], [String], Set<String>) = ([], [], [])
        for tool in approach.tools {
            let path = tool.name.hasPrefix("/") ? FilePath(tool.name) : host.program(tool.name)
            if let path, Files.exists(path) {
                tools.append(path)
            } else {
                missing.append(tool.name)
                packages.insert(tool.package)
            }
        }
        compiled = approach.compiled.map { (folder.appending($0.source), $0) }
        compiler = host.program("gcc")
        if !compiled.isEmpty, compiler == nil {
            missing.append("gcc")
            packages.formUnion(["gcc", "libc6-dev"])
        }
        for (source, _) in compiled where !Files.exists(source) { missing.append(source.string) }
        guard missing.isEmpty else { throw Missing(approach: approach.name, names: missing, packages: packages.sorted()) }
        self.tools = tools
    }

    /// The approach's changes to a node.
    package var modification: NodeModification {
        var modification = NodeModification()
        modification.kubeletConfiguration = kubeletConfiguration
        modification.preparation = preparation
        modification.aftermath = aftermath
        modification.prefix = prefix
        modification.fill = { try await fill($0, on: $1) }
        return modification
    }

    /// Adds the files that the approach needs to a root file system.
    ///
    /// - Throws: `FileError`; `CommandError` if the compiler fails; `CancellationError`.
    func fill(_ root: RootFileSystem, on host: Host) async throws {
        for tool in tools { try root.program(tool, as: tool.string) }
        try await root.libraries(of: tools)
        for (source, result) in compiled {
            guard let compiler else { continue }
            let place = try root.prepared(result.place.description)
            let flags = ["-O2", "-Wall", "-Werror"] + (result.isShared ? ["-shared", "-fPIC"] : [])
            let command = Command.uncontained(
                compiler, flags + ["-o", place.string, source.string, "-ldl"], environment: host.plainEnvironment, on: host)
            _ = try await command.output()
            try await root.libraries(of: [place])
        }
        for (number, copy) in approach.copies.enumerated() {
            for (name, text) in copy.files { try root.file("\(Self.files(number))/\(name)", text) }
        }
    }

    /// Lines for kubelet's configuration.
    var kubeletConfiguration: String {
        let gates = settings.flatMap(\.featureGates).sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
        let fields = settings.flatMap(\.fields).sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)\n" }
        return (gates.isEmpty ? "" : "featureGates: {\(gates.joined(separator: ", "))}\n") + fields.joined()
    }

    /// Lines of the first program that run before the node starts. They use its functions `say`, `fail` and `lives`.
    var preparation: String {
        let lines =
            approach.copies.enumerated().flatMap { Self.lines($1, number: $0) } + approach.binds.map(Self.line)
            + questions(approach, early: true) + (approach.fuse.map(lines) ?? []) + questions(approach, early: false)
        return lines.isEmpty ? "" : ([Self.beginning] + lines).joined(separator: "\n")
    }

    private func questions(_ approach: Approach, early: Bool) -> [String] {
        approach.questions.filter { $0.isEarly == early }.map { line($0, preload: approach.preload) }
    }

    /// Lines that run after the node has started, when `$kubelet` is its process ID. They report whether the process has loaded the
    /// preloaded library.
    var aftermath: String {
        guard let preload = approach.preload else { return "" }
        return """
            (
              sleep 2
              say probe \(ApproachFact.answer) "lines of the node's own /proc/PID/maps that name the library: $(grep -c \(preload) "/proc/$kubelet/maps")"
            ) &
            """
    }

    /// The words before the command that starts the node.
    private var prefix: String {
        let environment = approach.preload.map { "LD_PRELOAD=\($0) " } ?? ""
        let wrapper = approach.wrapper.map { "\($0) " }.joined()
        return environment + wrapper
    }
}

/// The first program's reports about an approach. They are sent as answers to probes with names that the grader ignores.
enum ApproachFact {
    /// An answer to a question.
    static let answer = "approach"
    /// The error message with which the sandbox refused the approach.
    static let refusal = "approach-refused"
}

extension ApproachPlan {
    private static let beginning = """
        say stage approach
        refused() { say probe \(ApproachFact.refusal) "$*"; fail "the approach is refused: $*"; }
        """

    /// The directory in the root file system with the additional files of a copy.
    private static func files(_ number: Int) -> String { "/opt/approach/files/\(number)" }

    private static func lines(_ copy: Approach.DirectoryCopy, number: Int) -> [String] {
        var lines = ["mkdir -p \(copy.place) || fail \"cannot make \(copy.place)\""]
        // A file of a kernel file system may be unreadable. It is left out, since a later reader could not read it either.
        if let source = copy.source { lines.append("cp -r \(source)/. \(copy.place)/ 2> /dev/null") }
        if !copy.files.isEmpty { lines.append("cp \(files(number))/* \(copy.place)/ || fail \"cannot write into \(copy.place)\"") }
        return lines
    }

    private static func line(_ bind: Approach.Bind) -> String {
        "mkdir -p \(bind.place) 2> /dev/null; said=$(mount --bind \(bind.source) \(bind.place) 2>&1) || refused \"mount --bind: $said\""
    }

    private func lines(_ fuse: Approach.Fuse) -> [String] {
        let words = fuse.run.map(\.description).joined(separator: " ")
        return [
            "[ -e /dev/fuse ] || mknod /dev/fuse c 10 229 || fail \"cannot make /dev/fuse\"",
            "mkdir -p \(fuse.place) 2> /dev/null",
            "\(words) > /tmp/fuse.log 2>&1 &",
            """
            fuse=$!
            tries=0
            until grep -q -e ' \(fuse.place) fuse' /proc/mounts; do
              tries=$((tries + 1))
              if [ "$tries" -gt \(Int(deadlines[.preparation] * 10)) ] || ! lives "$fuse"; then
                refused "\(fuse.run.first?.description ?? ""): $(grep -v '^$' /tmp/fuse.log | tail -n 1 | cut -c 1-300)"
              fi
              sleep 0.1
            done
            """,
        ]
    }

    private func line(_ question: Approach.Question, preload: SandboxPath?) -> String {
        let words = question.run.map(\.description).joined(separator: " ")
        let environment = question.isPreloaded ? preload.map { "LD_PRELOAD=\($0) " } ?? "" : ""
        let title = question.title.filter { $0.isLetter || $0.isNumber || " ,-/_.:".contains($0) }
        // The preloaded library is only for the program itself, and not for the program that starts it.
        let run = "\(environment.isEmpty ? "" : "env \(environment)")\(words)"
        return
            "say probe \(ApproachFact.answer) \"\(title): $({ timeout \(deadlines.whole(.approachQuestion)) \(run); echo \"(status $?)\"; } 2>&1 < /dev/null | tr '\\n' ' ' | cut -c 1-300)\""
    }
}
