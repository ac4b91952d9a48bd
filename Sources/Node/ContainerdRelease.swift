import Host
import Model

extension KubeletProfile {
    /// The release of the containerd that a node gets: `1.6.20`.
    ///
    /// - Throws: `Missing`; `CommandError` when it does not run.
    public func containerd() async throws -> String {
        guard let path = found.first(where: { $0.place == "/usr/bin/containerd" })?.path else {
            throw Missing(names: ["containerd"], packages: ["containerd"])
        }
        let said = try await Command(path, ["--version"], environment: host.plainEnvironment, on: host).output()
        return ContainerdRelease.read(said) ?? "unknown"
    }
}

/// What is known of containerd's releases.
public enum ContainerdRelease {
    /// Reads the answer to `--version`: `containerd github.com/containerd/containerd 1.6.20~ds1 …`, with or without a `v` before the number.
    public static func read(_ said: String) -> String? {
        said.firstMatch(of: /(?:^|\s)v?(\d+\.\d+\.\d+)/).map { String($0.1) }
    }

    /// Whether it does not know the question RuntimeConfig, which came with containerd 2.0. Of an unknown release nothing is said.
    public static func lacksRuntimeConfig(_ release: String) -> Bool { Version(release).map { ($0.numbers.first ?? 0) < 2 } ?? false }

    /// What a user must know of a kubelet on a containerd; nil when there is nothing.
    ///
    /// - Parameters:
    ///   - release: containerd's; nil when there is none.
    ///   - node: what the node's program says that it is: `Kubernetes v1.36.2`.
    public static func note(_ release: String?, on node: String) -> String? {
        guard let release, lacksRuntimeConfig(release), let found = node.firstMatch(of: /v1\.(\d{1,4})(?:\.|$)/), let minor = Int(found.1),
            minor >= 31
        else { return nil }
        return
            "containerd \(release) does not answer RuntimeConfig, which kubelet asks from 1.31 on: kubelet warns, and takes the cgroup driver of its own configuration"
    }
}
