import FileSystem
import Host
import SystemPackage

/// The programs that form a control plane.
package enum ControlPlaneKind: Hashable, Sendable {
    /// etcd and the three Kubernetes programs.
    case kubernetes(ControlPlanePrograms)
    /// The single program `k3s`.
    case k3s(FilePath)

    func processes(_ credentials: Credentials, addresses: [String], data: FilePath) throws(FileError) -> [ControlPlaneProcess] {
        switch self {
        case .kubernetes(let programs): return programs.processes(credentials, data: data)
        case .k3s(let program): return [try Self.server(program, credentials, addresses: addresses)]
        }
    }

    /// The directory of k3s's keys and tokens in its sandbox.
    private static let credentials: FilePath = "/etc/kubernetes/credentials"
    /// The directory of its store.
    private static let data: FilePath = "/var/lib/rancher"

    /// `k3s server` without an agent and without components for a pod network (docs.k3s.io, cli/server). kube-proxy, which is disabled here
    /// (k3s#1695), would find no iptables table in gVisor. The program is the binary under test, so it runs in a sandbox.
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
            // k3s uses an existing CA (docs.k3s.io, cli/certificate, "Using Custom CA Certificates").
            "\(keys)/server-ca.crt": try Files.read(credentials.authority), "\(keys)/server-ca.key": try Files.read(credentials.key("ca")),
            inside.joinTokenFile.string: Array(credentials.nodeToken.utf8), inside.tokenFile.string: try Files.read(credentials.tokenFile),
        ]
        return process
    }
}

extension ControlPlaneKind: Codable {
    /// The form in a node's plan: programs by their paths.
    private enum Record: Codable {
        case kubernetes(programs: Programs)
        case k3s(program: String)
    }

    private struct Programs: Codable {
        let etcd: String
        let apiServer: String
        let controllerManager: String
        let scheduler: String
    }

    /// Reads a control plane from a node's plan.
    package init(from decoder: any Decoder) throws {
        switch try Record(from: decoder) {
        case .k3s(let program): self = .k3s(FilePath(program))
        case .kubernetes(let programs):
            self = .kubernetes(
                ControlPlanePrograms(
                    etcd: FilePath(programs.etcd), apiServer: FilePath(programs.apiServer),
                    controllerManager: FilePath(programs.controllerManager), scheduler: FilePath(programs.scheduler)))
        }
    }

    /// Writes the programs' paths.
    package func encode(to encoder: any Encoder) throws {
        let record: Record =
            switch self {
            case .k3s(let program): .k3s(program: program.string)
            case .kubernetes(let programs):
                .kubernetes(
                    programs: Programs(
                        etcd: programs.etcd.string, apiServer: programs.apiServer.string,
                        controllerManager: programs.controllerManager.string, scheduler: programs.scheduler.string))
            }
        try record.encode(to: encoder)
    }
}
