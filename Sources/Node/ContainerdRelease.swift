import ExitCodes
import Host
import Model

extension KubeletProfile {
    /// The release of the containerd that a node gets: `1.6.20`.
    ///
    /// - Throws: `Missing`; `CommandError` when it does not run.
    package func containerd() async throws -> String {
        guard let path = found.first(where: { $0.place == "/usr/bin/containerd" })?.path else {
            throw Missing(names: ["containerd"], packages: ["containerd"])
        }
        let said = try await Command(path, ["--version"], environment: host.plainEnvironment, on: host).output()
        return ContainerdRelease.read(said) ?? "unknown"
    }

    /// Looks whether the programs of another suite's containerd run with this machine's libraries, which are those of the node, too.
    ///
    /// - Throws: `ContainerdDoesNotRun`, with the loader's own words (ld.so(8)); `CancellationError`.
    package func requireContainerd(_ package: LockedPackage) async throws {
        for (place, path) in found where ContainerdSpec.programs.contains(where: { place == "/usr/bin/\($0)" }) {
            // The shim has only flags of one letter.
            let flag = place.contains("shim") ? "-v" : "--version"
            do { _ = try await Command(path, [flag], environment: host.plainEnvironment, on: host).output() } catch let error
                as CommandError
            {
                throw ContainerdDoesNotRun(package: package, reason: error.lastLines.last ?? error.description)
            }
        }
    }
}

/// The containerd that a recipe asks for does not run here.
package struct ContainerdDoesNotRun: ExitStatusError, Sendable, CustomStringConvertible {
    /// The package.
    package let package: LockedPackage
    /// What its program said.
    package let reason: String

    /// Which, why, and what to do.
    package var description: String {
        """
        \(package.title) does not run with this machine's libraries, which a node also uses: \(reason)
            Set an older suite in the recipe's node.containerd, or remove it to use this machine's containerd.
        """
    }

    package var exitStatus: ExitStatus { .missing }
}

/// What is known of containerd's releases.
package enum ContainerdRelease {
    /// Reads the answer to `--version`: `containerd github.com/containerd/containerd 1.6.20~ds1 …`, with or without a `v` before the number.
    package static func read(_ said: String) -> String? {
        said.firstMatch(of: /(?:^|\s)v?(\d+\.\d+\.\d+)/).map { String($0.1) }
    }

    /// Whether it does not know the question RuntimeConfig, which came with containerd 2.0. Of an unknown release nothing is said.
    package static func lacksRuntimeConfig(_ release: String) -> Bool { Version(release).map { ($0.numbers.first ?? 0) < 2 } ?? false }

    /// Whether it answers only to `runtime.v1`: containerd 2.0 knows `runtime.v1alpha2` no more (its release notes, "Removed: CRI v1alpha2 API").
    /// kubelet asks for `runtime.v1` since 1.23. Of an unknown release nothing is said.
    static func lacksAlpha(_ release: String) -> Bool { Version(release).map { ($0.numbers.first ?? 0) >= 2 } ?? false }

    /// What a user must know of a kubelet on a containerd; nil when there is nothing.
    ///
    /// - Parameters:
    ///   - release: containerd's; nil when there is none.
    ///   - node: what the node's program says that it is: `Kubernetes v1.36.2`.
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
