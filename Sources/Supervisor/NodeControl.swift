import Glibc
import Host
import Model
import Sandbox
import SystemPackage

extension NodeFolder {
    /// Starts the keeper, which outlives this process.
    ///
    /// - Parameters:
    ///   - program: this program.
    ///   - arguments: what makes it keep this node.
    /// - Throws: `FileError`.
    package func startKeeper(_ program: FilePath, _ arguments: [String], on host: Host) throws(FileError) {
        _ = try Detached.start(program, arguments, environment: host.environment, log: keeperLog)
    }

    /// Waits for something that the keeper reports.
    ///
    /// - Parameters:
    ///   - grace: how long a keeper that was only just started may take until it has its lock.
    ///   - look: called with each report that is new, until it gives something.
    /// - Throws: `SupervisorError` when the keeper ends without having said it, or its report cannot be read; `FileError` when nobody can tell whether
    ///   it lives; `CancellationError`.
    package func wait<Value>(grace: Duration, for look: (NodeReport) -> Value?) async throws -> Value {
        let start = ContinuousClock.now
        while true {
            if let report = try report(), let value = look(report) { return value }
            // A keeper that was only just started has no lock yet.
            if try keeper == nil, start.duration(to: .now) > grace {
                if let report = try report(), let value = look(report) { return value }
                throw SupervisorError.notUp(name, keeperLog)
            }
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    /// Ends the node and removes all that it left.
    ///
    /// - Parameter patience: how long its keeper may take to end.
    /// - Throws: `SupervisorError` when its keeper does not end; `FileError`; `CancellationError`.
    package func down(patience: Duration) async throws {
        guard Files.exists(path) else { throw SupervisorError.unknown(name) }
        if let process = try keeper {
            kill(process, SIGTERM)
            let start = ContinuousClock.now
            // Its lock is free a moment before the process is gone.
            while try keeper != nil || ProcessTree.isRunning(process), start.duration(to: .now) < patience {
                try await Task.sleep(for: .milliseconds(100))
            }
            guard try keeper == nil else { throw SupervisorError.stuck(name, process: process) }
        }
        try remove()
    }

    /// The program and arguments that run a command in the node: nsenter(1) goes to where runsc(1) knows its sandbox.
    ///
    /// - Parameters:
    ///   - runsc: the runtime; nil for a node in the layout `here`.
    ///   - isGvisor: whether this process runs in gVisor.
    /// - Throws: `SupervisorError` when the node is not up; `FileError` when nobody can tell whether it is.
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

    /// Whether a process is the runsc that runs the node's own bundle: a server of k3s has a bundle beside it.
    static func runs(_ boot: FilePath, _ words: [String], runsc: Runsc) -> Bool {
        guard words.first == runsc.program.string, let flag = words.firstIndex(of: "--bundle") else { return false }
        return words.dropFirst(flag + 1).first == boot.string
    }

    /// The same for a node without a sandbox: its second program's namespaces are the node's.
    /// gVisor refuses to enter a namespace of process ids (setns(2): Invalid argument).
    private func commandHere(_ words: [String], isGvisor: Bool) throws -> (program: FilePath, arguments: [String]) {
        let first = boot.appending("init-node").string
        guard let keeper = try keeper,
            let inside = ProcessTree(below: keeper).first(where: { $0.last == first && $0.dropLast().last == "sh" && $0.count == 3 })
        else { throw SupervisorError.notUp(name, keeperLog) }
        return (
            "/usr/bin/nsenter", ["--target=\(inside)"] + (isGvisor ? [] : ["--pid"]) + ["--mount", "--net", "--uts", "--ipc", "--"] + words
        )
    }

    /// The file with the log of a process: kubelet's, the sandbox's, or one of the control plane's.
    ///
    /// - Throws: `SupervisorError` when there is none.
    package func log(of process: String) throws(SupervisorError) -> FilePath {
        _ = try plan()
        let known = Files.names(in: logs).filter { $0.hasSuffix(".log") }.map { String($0.dropLast(4)) } + ["keeper"]
        guard known.contains(process) else { throw .noLog(name, process: process, known: known) }
        return process == "keeper" ? keeperLog : logs.appending("\(process).log")
    }
}
