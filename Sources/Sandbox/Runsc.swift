import Host
import Model
import SystemPackage

/// gVisor's runtime.
public struct Runsc: Hashable, Sendable {
    /// The program.
    public let program: FilePath
    /// Its release, as it names itself: `20240729.0`.
    public let version: String

    /// The first day whose releases are taken. Debian 12's, of 2022-12-19, lacks mount propagation and cgroups that a node needs.
    public static let oldestRelease = 20_230_101

    /// Finds a good runsc: on `PATH`, or where `./setup` puts it in the workspace.
    ///
    /// - Throws: `RunscMissing`, which tells what was found instead.
    public static func find(on host: Host) async throws -> Runsc {
        let places = [host.program("runsc"), host.workspace.appending("tools/runsc/usr/bin/runsc")].compactMap(\.self).filter(Files.exists)
        var refused: [String] = []
        for place in places {
            do {
                let said = try await Command(place, ["--version"], environment: host.plainEnvironment, on: host).output()
                guard let found = said.firstMatch(of: /(20\d{6})(\.\d+)?/), let day = Int(found.1) else {
                    refused.append("\(place) does not say its release")
                    continue
                }
                if day >= oldestRelease { return Runsc(program: place, version: String(found.0)) }
                refused.append("\(place) is of \(found.1), older than \(oldestRelease)")
            } catch let error as CommandError { refused.append(error.description) }
        }
        throw RunscMissing(refused: refused)
    }

    /// The command that runs a bundle in a sandbox of its own: no cgroups of the host's, nothing outside its own state folder.
    ///
    /// - Parameters:
    ///   - bundle: what to run.
    ///   - state: a folder for runsc's own state.
    ///   - network: a network namespace whose interfaces the sandbox uses as they are; none when nil. gVisor's own network stack refuses to
    ///     start in a namespace that it takes for the machine's.
    ///   - isRootOverlaid: whether `/` is an overlay in memory, as is runsc's default, or the host's files themselves.
    public func run(_ bundle: Bundle, state: FilePath, network: NetworkNamespace? = nil, isRootOverlaid: Bool, on host: Host) -> Command {
        // The systrap platform needs no virtualisation hardware.
        var flags = ["--root=\(state)", "--platform=systrap", "--network=\(network == nil ? "none" : "host")", "--ignore-cgroups"]
        if !isRootOverlaid { flags.append("--overlay2=none") }
        var command = bundle.command(program, flags + ["run", "--bundle", bundle.path.string, Bundle.container], on: host)
        command.network = network
        return command
    }
}

/// No runsc is here that can boot a node.
public struct RunscMissing: Error, Sendable, CustomStringConvertible {
    /// What was found, and why it was not taken.
    public let refused: [String]

    /// What is missing and how to get it.
    public var description: String {
        let found = refused.isEmpty ? "none is on PATH or in the workspace" : refused.joined(separator: "; ")
        return
            "no usable runsc (gVisor): \(found)\n    Run ./setup, which takes Debian 13's into the workspace, or put a newer one on PATH."
    }
}
