import ExitCodes
import FileSystem
import Host
import Model
import SystemPackage

/// gVisor's runtime, in any release.
package struct Runsc: Hashable, Sendable {
    package let program: FilePath
    /// Its release, as it reports it: `release-20260817.0`, or `20240729.0` in Debian.
    package let version: String
    /// Its flags, if they were queried.
    package let flags: RunscFlags

    package init(program: FilePath, version: String, flags: RunscFlags = RunscFlags()) {
        self.program = program
        self.version = version
        self.flags = flags
    }

    /// The date of the oldest accepted release. Debian 12's, of 2022-12-19, lacks mount propagation and cgroups, which a node needs.
    package static let oldestRelease = 20_230_101

    /// Finds a suitable runsc: the named one, or that of the settings, or else one on `PATH` or in the workspace, where `./setup` installs it.
    ///
    /// - Parameters:
    ///   - named: the only candidate; it need not report a release.
    ///   - layouts: the required layouts. Its flags are queried only for those that not every runsc supports.
    /// - Throws: `RunscMissing`, which lists the rejected candidates; `RunscLacks` if it does not support a layout; `CancellationError`.
    package static func find(on host: Host, named: FilePath? = nil, for layouts: [Layout] = []) async throws -> Runsc {
        let named = named ?? host.settings.runsc.map { FilePath($0) }
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

    /// The output of a runsc command from both streams, because runsc prints its flags to standard error. Size and time are limited,
    /// because the program is not yet known to be runsc.
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

    /// The flags of a release from 2026 take about 20 KB.
    private static let mostWords = 1 << 20

    /// Queries the global flags with `runsc flags`; a release without that command lists them in its help.
    private static func flags(of program: FilePath, on host: Host) async throws -> RunscFlags {
        var failure: CommandError?
        for command in ["flags", "--help", "help"] {
            do {
                // Help may exit with any status.
                let flags = RunscFlags(help: try await words(of: program, [command], mayFail: true, on: host))
                if !flags.isEmpty { return flags }
            } catch let error as CommandError { failure = failure ?? error }
        }
        if let failure { throw failure }
        return RunscFlags()
    }

    /// - Parameter isNamed: whether the user chose this program. One built from source may report any version.
    private static func version(in text: String, isNamed: Bool) -> String? {
        if let found = text.firstMatch(of: /(release-)?20\d{6}(\.\d+)?/) { return String(found.0) }
        guard isNamed, let found = text.firstMatch(of: /runsc version ([!-~]{1,100})/) else { return nil }
        return String(found.1)
    }

    private static func day(of version: String) -> Int? { version.firstMatch(of: /20\d{6}/).flatMap { Int($0.0) } }

    /// The command that runs a bundle in its own sandbox. It uses no host cgroups and changes nothing outside its own state directory.
    ///
    /// - Parameters:
    ///   - bundle: what to run.
    ///   - state: a directory for runsc's own state.
    ///   - network: a network namespace whose interfaces the sandbox uses directly; nil for none. gVisor's own network stack refuses to
    ///     start in a namespace that it takes for the host's.
    ///   - layout: the sandbox's layout.
    /// - Throws: `RunscLacks` if it does not support the layout.
    package func run(
        _ bundle: Bundle, state: FilePath, network: NetworkNamespace? = nil, layout: Layout, on host: Host
    ) throws(RunscLacks) -> Command {
        let flags = ["--root=\(state)"] + (try arguments(for: layout, isNetworked: network != nil))
        var command = bundle.command(program, flags + ["run", "--bundle", bundle.path.string, Bundle.container], on: host)
        command.network = network
        return command
    }

    /// The flags for a layout, except for the state directory.
    ///
    /// - Throws: `RunscLacks` if the layout is not supported.
    package func arguments(for layout: Layout, isNetworked: Bool) throws(RunscLacks) -> [String] {
        // The systrap platform does not need hardware virtualization.
        ["--platform=systrap", "--network=\(isNetworked ? "host" : "none")", "--ignore-cgroups"] + (try flags(for: layout))
    }

    private func flags(for layout: Layout) throws(RunscLacks) -> [String] {
        var words = layout.isRootOverlaid ? [] : ["--overlay2=none"]
        if let size = layout.overlaySize {
            guard flags.overlayTakesSize else { throw RunscLacks(runsc: self, layout: layout, what: .overlaySize) }
            // The backing file is in the root file system's own directory, as without a size, so the flag need not contain a path.
            words.append("--overlay2=root:self,size=\(size)")
        }
        guard layout.cgroup == .v2 else { return words }
        guard let flag = flags.cgroupV2 else { throw RunscLacks(runsc: self, layout: layout, what: .cgroupV2) }
        return words + [flag]
    }
}

/// The flags of a runsc, according to its own help.
package struct RunscFlags: Hashable, Sendable {
    /// The descriptions of the flags, by name.
    private let about: [String: String]

    /// Creates an empty set of flags.
    package init() { about = [:] }

    /// Parses the output of `runsc flags`: a line for each flag, followed by indented lines that describe it (Go, `flag.PrintDefaults`).
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

    package var isEmpty: Bool { about.isEmpty }

    /// Whether a flag exists and is not deprecated.
    package func has(_ name: String) -> Bool { about[name].map { !$0.contains("DEPRECATED") } ?? false }

    /// The flag for cgroup v2 in a sandbox: `--in-sandbox-cgroup=v2`, or `--mount-cgroup-v2` in earlier releases; nil if there is neither.
    package var cgroupV2: String? {
        has("in-sandbox-cgroup") ? "--in-sandbox-cgroup=v2" : has("mount-cgroup-v2") ? "--mount-cgroup-v2" : nil
    }

    /// Whether the size of an overlay can be limited.
    package var overlayTakesSize: Bool { about["overlay2"]?.contains("size=") ?? false }
}

/// The error if a runsc does not support the requested sandbox.
package struct RunscLacks: ExitStatusError, Hashable, Sendable, CustomStringConvertible {
    /// An unsupported feature.
    package enum Lack: Sendable {
        /// cgroup v2 in a sandbox.
        case cgroupV2
        /// Limiting the size of an overlay.
        case overlaySize
    }

    package let runsc: Runsc
    package let layout: Layout
    /// The unsupported feature.
    package let what: Lack

    /// What is missing, what it is needed for, and what to do.
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

/// There is no runsc here that can boot a node.
package struct RunscMissing: ExitStatusError, Sendable, CustomStringConvertible {
    /// The rejected candidates, with reasons.
    package let refused: [String]
    /// Whether the user named one, so that no other was searched for.
    package let isNamed: Bool

    /// What is missing and how to install it.
    package var description: String {
        let found = refused.isEmpty ? "none is on PATH or in the workspace" : refused.joined(separator: "; ")
        let cure =
            isNamed
            ? "Name another one with --runsc, NINEPIN_RUNSC or 'runsc' of your configuration, or name none."
            : "Run ./setup, which installs Debian 13's into the workspace, or put a newer one on PATH."
        return "no usable runsc (gVisor): \(found)\n    \(cure)"
    }

    package var exitStatus: ExitStatus { .missing }
}
