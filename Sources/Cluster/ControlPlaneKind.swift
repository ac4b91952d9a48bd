import Host
import SystemPackage

/// What a control plane is made of.
package enum ControlPlaneKind: Hashable, Sendable {
    /// etcd and the three programs of Kubernetes.
    case kubernetes(ControlPlanePrograms)
    /// One program, `k3s`, that is all of them.
    case k3s(FilePath)

    /// The processes.
    func processes(_ credentials: Credentials, addresses: [String], data: FilePath) throws(FileError) -> [ControlPlaneProcess] {
        switch self {
        case .kubernetes(let programs): return programs.processes(credentials, data: data)
        case .k3s(let program): return [try Self.server(program, credentials, addresses: addresses)]
        }
    }

    /// Where k3s has its keys and tokens in its sandbox.
    private static let credentials: FilePath = "/etc/kubernetes/credentials"
    /// Where it has its store.
    private static let data: FilePath = "/var/lib/rancher"

    /// `k3s server` without an agent, and without all that it brings for a network of pods (docs.k3s.io, cli/server). kube-proxy, which is turned off
    /// here (k3s#1695), would find no table of iptables in gVisor. It is the very binary under test: it runs in a sandbox.
    private static func server(
        _ program: FilePath, _ credentials: Credentials, addresses: [String]
    ) throws(FileError) -> ControlPlaneProcess {
        let without = ["coredns", "servicelb", "traefik", "local-storage", "metrics-server"]
        let inside = credentials.moved(to: Self.credentials)
        let keys = data.pushing("k3s/server/tls")
        var process = ControlPlaneProcess(
            name: "k3s-server", program: program,
            arguments: [
                "server", "--disable-agent", "--data-dir=\(data.appending("k3s"))", "--token-file=\(inside.joinTokenFile)",
                "--https-listen-port=\(ControlPlane.port)", "--node-ip=\(ClusterNetwork.inner)",
                "--advertise-address=\(ClusterNetwork.inner)", "--write-kubeconfig=\(data.appending("k3s.yaml"))",
                "--write-kubeconfig-mode=600", "--flannel-backend=none",
                "--disable-network-policy", "--disable-kube-proxy", "--disable-cloud-controller",
                "--kube-apiserver-arg=token-auth-file=\(inside.tokenFile)",
            ] + addresses.map { "--tls-san=\($0)" } + without.map { "--disable=\($0)" })
        process.sandboxed = [
            // An authority that it finds k3s keeps (docs.k3s.io, cli/certificate, "Using Custom CA Certificates").
            "\(keys)/server-ca.crt": try Files.read(credentials.authority), "\(keys)/server-ca.key": try Files.read(credentials.key("ca")),
            inside.joinTokenFile.string: Array(credentials.nodeToken.utf8), inside.tokenFile.string: try Files.read(credentials.tokenFile),
        ]
        return process
    }
}
