import Host
import SystemPackage

/// What a control plane is made of.
public enum ControlPlaneKind: Hashable, Sendable {
    /// etcd and the three programs of Kubernetes.
    case kubernetes(ControlPlanePrograms)
    /// One program, `k3s`, that is all of them.
    case k3s(FilePath)

    /// The processes, and the files that they find when they start.
    func processes(_ credentials: Credentials, addresses: [String], data: FilePath) throws(FileError) -> [ControlPlaneProcess] {
        switch self {
        case .kubernetes(let programs): return programs.processes(credentials, data: data)
        case .k3s(let program):
            let keys = data.appending("k3s/server/tls")
            try Files.makeDirectory(keys)
            // An authority that it finds k3s keeps (docs.k3s.io, cli/certificate, "Using Custom CA Certificates").
            _ = try Files.copy(credentials.authority, to: keys.appending("server-ca.crt"))
            _ = try Files.copy(credentials.key("ca"), to: keys.appending("server-ca.key"), mode: 0o600)
            try Files.write(credentials.nodeToken, to: credentials.joinTokenFile, mode: 0o600)
            return [Self.server(program, credentials, addresses: addresses, data: data)]
        }
    }

    /// `k3s server` without an agent, and without all that it brings for a network of pods (docs.k3s.io, cli/server). kube-proxy, which is turned off
    /// here (k3s#1695), would find no table of iptables in gVisor.
    private static func server(
        _ program: FilePath, _ credentials: Credentials, addresses: [String], data: FilePath
    ) -> ControlPlaneProcess {
        let without = ["coredns", "servicelb", "traefik", "local-storage", "metrics-server"]
        return ControlPlaneProcess(
            name: "k3s-server", program: program,
            arguments: [
                "server", "--disable-agent", "--data-dir=\(data.appending("k3s"))", "--token-file=\(credentials.joinTokenFile)",
                "--https-listen-port=\(ControlPlane.port)", "--node-ip=\(ClusterNetwork.inner)",
                "--advertise-address=\(ClusterNetwork.inner)", "--write-kubeconfig=\(data.appending("k3s.yaml"))",
                "--write-kubeconfig-mode=600", "--flannel-backend=none",
                "--disable-network-policy", "--disable-kube-proxy", "--disable-cloud-controller",
                "--kube-apiserver-arg=token-auth-file=\(credentials.tokenFile)",
            ] + addresses.map { "--tls-san=\($0)" } + without.map { "--disable=\($0)" })
    }
}
