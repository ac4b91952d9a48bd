import ExitCodes
import Host
import Model
import SystemPackage

/// gVisor's runtime, of any release.
package struct Runsc: Hashable, Sendable {
    /// The program.
    package let program: FilePath
    /// Its release, as it names itself: `release-20260817.0`, or `20240729.0` as Debian has it.
    package let version: String
    /// What it can be told, as far as it was asked.
    package let flags: RunscFlags

    /// Makes one of what is known of it.
    package init(program: FilePath, version: String, flags: RunscFlags = RunscFlags()) {
        self.program = program
        self.version = version
        self.flags = flags
    }

    /// The first day whose releases are taken. Debian 12's, of 2022-12-19, lacks mount propagation and cgroups that a node needs.
    package static let oldestRelease = 20_230_101

    /// Finds a good runsc: the one that is named, or else one on `PATH`, or where `./setup` puts it in the workspace.
    ///
    /// - Parameters:
    ///   - named: the only one that is asked; it may be one that names no release.
    ///   - layouts: what its sandboxes are to be. Only for those that not every runsc can make are its flags asked.
    /// - Throws: `RunscMissing`, which tells what was found instead; `RunscLacks` when it cannot make a layout; `CancellationError`.
    package static func find(on host: Host, named: FilePath? = nil, for layouts: [Layout] = []) async throws -> Runsc {
        let usual = [host.program("runsc"), host.workspace.appending("tools/runsc/usr/bin/runsc")].compactMap(\.self).filter(Files.exists)
        var refused: [String] = []
        var lack: RunscLacks?
        for place in try named.map({ [try realPath($0)] }) ?? usual {
            do {
                let said = try await words(of: place, ["--version"], on: host)
                guard let version = version(in: said, isNamed: named != nil) else {
                    refused.append("\(place) does not report its release")
                    continue
                }
                if let day = day(of: version), day < oldestRelease {
                    refused.append("\(place) is from \(day), older than \(oldestRelease)")
                    continue
                }
                let asked = layouts.contains { $0.cgroup != .v1 || $0.overlaySize != nil }
                let runsc = Runsc(program: place, version: version, flags: asked ? try await flags(of: place, on: host) : RunscFlags())
                for layout in layouts { _ = try runsc.flags(for: layout) }
                return runsc
            } catch let error as RunscLacks { lack = lack ?? error } catch let error as CommandError { refused.append(error.description) }
        }
        if let lack { throw lack }
        throw RunscMissing(refused: refused, isNamed: named != nil)
    }

    private static func realPath(_ path: FilePath) throws(RunscMissing) -> FilePath {
        do { return try Files.realPath(path) } catch { throw RunscMissing(refused: ["\(error)"], isNamed: true) }
    }

    /// What a command of runsc writes, on both streams, since it tells its flags on the one for errors. At most so much, and not for long: who it
    /// is nobody knows yet.
    private static func words(of program: FilePath, _ arguments: [String], mayFail: Bool = false, on host: Host) async throws -> String {
        struct Heard: Sendable {
            var text = ""
            var isTooMuch = false
        }
        let limit = host.deadlines[.runscAnswer]
        let command = Command(program, arguments, environment: host.plainEnvironment, on: host)
        let (heard, ended) = try await command.watch(Heard(), tick: .milliseconds(250)) { heard, event, time in
            if case .line(_, let bytes) = event { heard.text += String(decoding: bytes, as: UTF8.self) + "\n" }
            heard.isTooMuch = heard.text.utf8.count > mostWords || time > .seconds(limit)
            return heard.isTooMuch ? .stop : .proceed
        }
        guard !heard.isTooMuch, mayFail || ended == .exited(0) else {
            let why = heard.isTooMuch ? ["it writes more than \(mostWords) bytes, or takes longer than \(Int(limit)) s"] : []
            throw command.failure(ended, heard.text.split(separator: "\n").suffix(20).map(String.init) + why)
        }
        return heard.text
    }

    /// The flags of a release of 2026 take about 20 KB.
    private static let mostWords = 1 << 20

    /// `runsc flags` tells all that stand before a command; a release that does not know the command tells them with its help.
    private static func flags(of program: FilePath, on host: Host) async throws -> RunscFlags {
        var failure: CommandError?
        for command in ["flags", "--help", "help"] {
            do {
                // Help may end with any status.
                let flags = RunscFlags(help: try await words(of: program, [command], mayFail: true, on: host))
                if !flags.isEmpty { return flags }
            } catch let error as CommandError { failure = failure ?? error }
        }
        if let failure { throw failure }
        return RunscFlags()
    }

    /// - Parameter isNamed: whether somebody wants this very program: one that was built from source may say anything.
    private static func version(in text: String, isNamed: Bool) -> String? {
        if let found = text.firstMatch(of: /(release-)?20\d{6}(\.\d+)?/) { return String(found.0) }
        guard isNamed, let found = text.firstMatch(of: /runsc version ([!-~]{1,100})/) else { return nil }
        return String(found.1)
    }

    private static func day(of version: String) -> Int? { version.firstMatch(of: /20\d{6}/).flatMap { Int($0.0) } }

    /// The command that runs a bundle in a sandbox of its own: no cgroups of the host's, nothing outside its own state folder.
    ///
    /// - Parameters:
    ///   - bundle: what to run.
    ///   - state: a folder for runsc's own state.
    ///   - network: a network namespace whose interfaces the sandbox uses as they are; none when nil. gVisor's own network stack refuses to
    ///     start in a namespace that it takes for the machine's.
    ///   - layout: what the sandbox is to be.
    /// - Throws: `RunscLacks` when it cannot make that layout.
    package func run(
        _ bundle: Bundle, state: FilePath, network: NetworkNamespace? = nil, layout: Layout, on host: Host
    ) throws(RunscLacks) -> Command {
        let flags = ["--root=\(state)"] + (try arguments(for: layout, isNetworked: network != nil))
        var command = bundle.command(program, flags + ["run", "--bundle", bundle.path.string, Bundle.container], on: host)
        command.network = network
        return command
    }

    /// The flags that make a sandbox what a layout asks, without the folder for its state.
    ///
    /// - Throws: `RunscLacks` when it has none for it.
    package func arguments(for layout: Layout, isNetworked: Bool) throws(RunscLacks) -> [String] {
        // The systrap platform needs no virtualisation hardware.
        ["--platform=systrap", "--network=\(isNetworked ? "host" : "none")", "--ignore-cgroups"] + (try flags(for: layout))
    }

    private func flags(for layout: Layout) throws(RunscLacks) -> [String] {
        var words = layout.isRootOverlaid ? [] : ["--overlay2=none"]
        if let size = layout.overlaySize {
            guard flags.overlayTakesSize else { throw RunscLacks(runsc: self, layout: layout, what: .overlaySize) }
            // Its file lies in the root file system's own folder, as without a size: no path need be spelled in the flag.
            words.append("--overlay2=root:self,size=\(size)")
        }
        guard layout.cgroup == .v2 else { return words }
        guard let flag = flags.cgroupV2 else { throw RunscLacks(runsc: self, layout: layout, what: .cgroupV2) }
        return words + [flag]
    }
}

/// What a runsc can be told, by its own words.
package struct RunscFlags: Hashable, Sendable {
    /// What it says of each flag, by the flag's name.
    private let about: [String: String]

    /// Flags of which nothing is known: none is there.
    package init() { about = [:] }

    /// Reads what `runsc flags` writes: a line with each flag, and indented ones that tell of it (Go, `flag.PrintDefaults`).
    package init(help: String) {
        var about: [String: String] = [:]
        var name: String?
        for line in help.split(whereSeparator: \.isNewline) {
            if let found = line.firstMatch(of: /^ {0,4}--?([A-Za-z][A-Za-z0-9_-]*)(?:[ =\t].*)?$/) {
                name = String(found.1)
                about[String(found.1), default: ""] += line
            } else if let name {
                about[name, default: ""] += "\n" + line
            }
        }
        self.about = about
    }

    /// Whether none is known.
    package var isEmpty: Bool { about.isEmpty }

    /// Whether there is a flag of a name that does something.
    package func has(_ name: String) -> Bool { about[name].map { !$0.contains("DEPRECATED") } ?? false }

    /// What gives a sandbox cgroup v2: `--in-sandbox-cgroup=v2`, or, of releases before it, `--mount-cgroup-v2`. nil when there is neither.
    package var cgroupV2: String? {
        has("in-sandbox-cgroup") ? "--in-sandbox-cgroup=v2" : has("mount-cgroup-v2") ? "--mount-cgroup-v2" : nil
    }

    /// Whether an overlay may be given a size.
    package var overlayTakesSize: Bool { about["overlay2"]?.contains("size=") ?? false }
}

/// A runsc cannot make the sandbox that is asked for.
package struct RunscLacks: ExitStatusError, Hashable, Sendable, CustomStringConvertible {
    /// What it cannot do.
    package enum Lack: Sendable {
        /// Give a sandbox cgroup v2.
        case cgroupV2
        /// Limit the size of an overlay.
        case overlaySize
    }

    /// The runsc.
    package let runsc: Runsc
    /// The layout.
    package let layout: Layout
    /// What it cannot do.
    package let what: Lack

    /// What it lacks for what, and what to do.
    package var description: String {
        let name = "runsc \(runsc.version) (\(runsc.program))"
        return switch what {
        case .cgroupV2:
            """
            \(name) cannot make a sandbox with the layout \(layout.rawValue): it has neither --in-sandbox-cgroup nor --mount-cgroup-v2, so only cgroup v1
                Use a newer one with --runsc PATH (release-20260817.0 is known to have it), or omit --cgroup v2.
            """
        case .overlaySize:
            """
            \(name) cannot make a sandbox with the layout \(layout.rawValue): its --overlay2 does not support 'size='
                Use a newer one with --runsc PATH (release-20260817.0 is known to support it), or omit --overlay-size.
            """
        }
    }

    package var exitStatus: ExitStatus { .missing }
}

/// No runsc is here that can boot a node.
package struct RunscMissing: ExitStatusError, Sendable, CustomStringConvertible {
    /// What was found, and why it was not taken.
    package let refused: [String]
    /// Whether one was named, and no other was looked for.
    package let isNamed: Bool

    /// What is missing and how to get it.
    package var description: String {
        let found = refused.isEmpty ? "none is on PATH or in the workspace" : refused.joined(separator: "; ")
        let cure =
            isNamed
            ? "Give another one with --runsc, or omit --runsc."
            : "Run ./setup, which installs Debian 13's into the workspace, or put a newer one on PATH."
        return "no usable runsc (gVisor): \(found)\n    \(cure)"
    }

    package var exitStatus: ExitStatus { .missing }
}
