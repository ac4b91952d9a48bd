import FileSystem
import Glibc
import Host
import Model
import Sandbox
import SystemPackage

extension NodeFolder {
    /// Starts the keeper, which outlives this process.
    ///
    /// - Parameters:
    ///   - program: the Ninepin program.
    ///   - arguments: the arguments that make it keep this node.
    /// - Throws: `FileError`.
    package func startKeeper(_ program: FilePath, _ arguments: [String], on host: Host) throws(FileError) {
        _ = try Detached.start(program, arguments, environment: host.environment, log: keeperLog)
    }

    /// Waits for a report from the keeper.
    ///
    /// - Parameters:
    ///   - grace: how long a newly started keeper may take to acquire its lock.
    ///   - look: called with the latest report until it returns a value.
    /// - Throws: `SupervisorError` if the keeper ends before that, or its report cannot be read; `FileError` if it cannot be determined whether the
    ///   keeper is alive; `CancellationError`.
    package func wait<Value>(grace: Duration, for look: (NodeReport) throws -> Value?) async throws -> Value {
        let start = ContinuousClock.now
        while true {
            if let report = try report(), let value = try look(report) { return value }
            // A newly started keeper does not have its lock yet.
            if try keeper == nil, start.duration(to: .now) > grace {
                if let report = try report(), let value = try look(report) { return value }
                throw SupervisorError.notUp(name, keeperLog)
            }
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    /// Ends the node and removes its files.
    ///
    /// - Parameter patience: how long its keeper may take to end.
    /// - Throws: `SupervisorError` if its keeper does not end; `FileError`; `CancellationError`.
    package func down(patience: Duration) async throws {
        guard Files.exists(path) else { throw SupervisorError.unknown(name) }
        if let process = try keeper {
            kill(process, SIGTERM)
            let start = ContinuousClock.now
            // The lock is released shortly before the process ends.
            while try keeper != nil || ProcessTree.isRunning(process), start.duration(to: .now) < patience {
                try await Task.sleep(for: .milliseconds(100))
            }
            guard try keeper == nil else { throw SupervisorError.stuck(name, process: process) }
        }
        try remove()
    }

    /// Returns the program and arguments that run a command in the node. nsenter(1) enters the namespaces in which runsc(1) can find its
    /// sandbox.
    ///
    /// - Parameters:
    ///   - runsc: the runtime; nil for a node in the layout `here`.
    ///   - isGvisor: whether this process runs in gVisor.
    /// - Throws: `SupervisorError` if the node is not up; `FileError` if this cannot be determined.
    package func command(
        _ words: [String], runsc: Runsc?, isGvisor: Bool
    ) throws -> (program: FilePath, arguments: [String]) {
        guard try plan().layout != .here, let runsc else { return try commandHere(words, isGvisor: isGvisor) }
        guard let keeper = try keeper,
            let outside = ProcessTree(below: keeper).first(where: { Self.runs(boot, $0, runsc: runsc) })
        else { throw SupervisorError.notUp(name, keeperLog) }
        return (
            "/usr/bin/nsenter",
            ["--target=\(outside)", "--pid", "--mount", "--net", "--", runsc.program.string, "--root=\(boot.appending("state"))", "exec"]
                + [Bundle.container] + Bundle.entering + words
        )
    }

    /// Whether a process is the runsc of the node's own bundle. A k3s server has a second bundle.
    static func runs(_ boot: FilePath, _ words: [String], runsc: Runsc) -> Bool {
        guard words.first == runsc.program.string, let flag = words.firstIndex(of: "--bundle") else { return false }
        return words.dropFirst(flag + 1).first == boot.string
    }

    /// The same for a node without a sandbox, which has the namespaces of its second program. gVisor does not support entering a PID
    /// namespace (setns(2): Invalid argument).
    private func commandHere(_ words: [String], isGvisor: Bool) throws -> (program: FilePath, arguments: [String]) {
        let first = boot.appending("init-node").string
        guard let keeper = try keeper,
            let inside = ProcessTree(below: keeper).first(where: { $0.last == first && $0.dropLast().last == "sh" && $0.count == 3 })
        else { throw SupervisorError.notUp(name, keeperLog) }
        return (
            "/usr/bin/nsenter", ["--target=\(inside)"] + (isGvisor ? [] : ["--pid"]) + ["--mount", "--net", "--uts", "--ipc", "--"] + words
        )
    }

    /// The log file of a process: kubelet's, the sandbox's, or one of the control plane's.
    ///
    /// - Throws: `SupervisorError` if there is none.
    package func log(of process: String) throws(SupervisorError) -> FilePath {
        _ = try plan()
        let known = Files.names(in: logs).filter { $0.hasSuffix(".log") }.map { String($0.dropLast(4)) } + ["keeper"]
        guard known.contains(process) else { throw .noLog(name, process: process, known: known) }
        return process == "keeper" ? keeperLog : logs.appending("\(process).log")
    }
}
