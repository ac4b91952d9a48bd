import ExitCodes
import Host
import Model

extension KubeletProfile {
    /// The release of the node's containerd, such as `1.6.20`.
    ///
    /// - Throws: `Missing`; `CommandError` if it does not run.
    package func containerd() async throws -> String {
        guard let path = found.first(where: { $0.place == "/usr/bin/containerd" })?.path else {
            throw Missing(names: ["containerd"], packages: ["containerd"])
        }
        let said = try await Command(path, ["--version"], environment: host.plainEnvironment, on: host).output()
        return ContainerdRelease.read(said) ?? "unknown"
    }

    /// Checks that the programs of another suite's containerd run with this machine's libraries, which the node also uses.
    ///
    /// - Throws: `ContainerdDoesNotRun`, with the error message of the loader (ld.so(8)); `CancellationError`.
    package func requireContainerd(_ package: LockedPackage) async throws {
        for (place, path) in found where ContainerdSpec.programs.contains(where: { place == "/usr/bin/\($0)" }) {
            // The shim has only single-letter flags.
            let flag = place.contains("shim") ? "-v" : "--version"
            do { _ = try await Command(path, [flag], environment: host.plainEnvironment, on: host).output() } catch let error
                as CommandError
            {
                throw ContainerdDoesNotRun(package: package, reason: error.lastLines.last ?? error.description)
            }
        }
    }
}

/// The containerd that a recipe requests does not run on this machine.
package struct ContainerdDoesNotRun: ExitStatusError, Sendable, CustomStringConvertible {
    package let package: LockedPackage
    /// The program's error message.
    package let reason: String

    /// The package, the reason and the remedy.
    package var description: String {
        """
        \(package.title) does not run with this machine's libraries, which a node also uses: \(reason)
            Set an older suite in the recipe's node.containerd, or remove it to use this machine's containerd.
        """
    }

    package var exitStatus: ExitStatus { .missing }
}

/// Known facts about containerd's releases.
package enum ContainerdRelease {
    /// Parses the output of `--version`: `containerd github.com/containerd/containerd 1.6.20~ds1 …`, with or without a `v` before the
    /// number.
    package static func read(_ said: String) -> String? {
        said.firstMatch(of: /(?:^|\s)v?(\d+\.\d+\.\d+)/).map { String($0.1) }
    }

    /// Whether the release lacks RuntimeConfig, which was added in containerd 2.0. False for an unknown release.
    package static func lacksRuntimeConfig(_ release: String) -> Bool { Version(release).map { ($0.numbers.first ?? 0) < 2 } ?? false }

    /// Whether the release supports only `runtime.v1`. containerd 2.0 removed `runtime.v1alpha2` (its release notes, "Removed: CRI v1alpha2
    /// API"). kubelet uses `runtime.v1` since 1.23. False for an unknown release.
    static func lacksAlpha(_ release: String) -> Bool { Version(release).map { ($0.numbers.first ?? 0) >= 2 } ?? false }

    /// A note for users about a kubelet on a containerd; nil if there is nothing to note.
    ///
    /// - Parameters:
    ///   - release: containerd's release; nil without containerd.
    ///   - node: the version that the node's program reports: `Kubernetes v1.36.2`.
    package static func note(_ release: String?, on node: String) -> String? {
        guard let release, let found = node.firstMatch(of: /v1\.(\d{1,4})(?:\.|$)/), let minor = Int(found.1) else { return nil }
        if lacksAlpha(release), minor < 23 {
            return
                "containerd \(release) does not support runtime.v1alpha2, the only API used by kubelet before 1.23, which needs containerd before 2.0"
        }
        guard lacksRuntimeConfig(release), minor >= 31 else { return nil }
        return
            "containerd \(release) does not support RuntimeConfig, which kubelet uses from 1.31 on: kubelet logs a warning and uses the cgroup driver from its own configuration"
    }
}
