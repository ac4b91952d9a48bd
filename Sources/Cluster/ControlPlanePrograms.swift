import Host
import SystemPackage

/// The programs of a control plane.
package struct ControlPlanePrograms: Hashable, Sendable {
    /// The store of the API server's objects.
    package let etcd: FilePath
    package let apiServer: FilePath
    package let controllerManager: FilePath
    package let scheduler: FilePath

    package init(etcd: FilePath, apiServer: FilePath, controllerManager: FilePath, scheduler: FilePath) {
        self.etcd = etcd
        self.apiServer = apiServer
        self.controllerManager = controllerManager
        self.scheduler = scheduler
    }

    /// Checks for the programs that every control plane needs on this machine.
    ///
    /// - Throws: `ClusterError` if one is missing.
    package static func look(on host: Host) throws(ClusterError) {
        for (program, package) in [("ip", "iproute2"), ("openssl", "openssl")] where host.program(program) == nil {
            throw .missing(program: program, package: package)
        }
    }

    /// The machine's etcd.
    ///
    /// - Throws: `ClusterError` if it, or anything else that a control plane needs, is missing.
    package static func etcd(on host: Host) throws(ClusterError) -> FilePath {
        try look(on: host)
        guard let etcd = host.program("etcd") else { throw .missing(program: "etcd", package: "etcd-server") }
        return etcd
    }
}

/// A control plane process.
package struct ControlPlaneProcess: Sendable {
    package let name: String
    /// The program on this machine.
    package let program: FilePath
    package let arguments: [String]
    /// Flags to pass only if its release supports them.
    var whereKnown: [String] = []
    /// Whether to start it only when the API server is ready. kube-controller-manager exits if the API server is not healthy within ten
    /// seconds (`WaitForAPIServer` in cmd/kube-controller-manager/app). A static pod would be restarted; here nothing restarts it.
    var needsServer = false
    /// The files that it needs, by path in its sandbox; nil if it does not run in one.
    package internal(set) var sandboxed: [String: [UInt8]]?

    init(name: String, program: FilePath, arguments: [String], whereKnown: [String] = [], needsServer: Bool = false) {
        (self.name, self.program, self.arguments, self.whereKnown) = (name, program, arguments, whereKnown)
        self.needsServer = needsServer
    }

    /// The command line: through a shell if some flags depend on the release.
    var words: [String] {
        guard !whereKnown.isEmpty else { return [program.string] + arguments }
        return ["/bin/sh", "-c", Self.choosing, "sh", program.string, "\(whereKnown.count)"] + whereKnown + arguments
    }

    /// A program exits with an error if it does not know a flag, even with `--version`.
    private static let choosing = """
        program=$1 count=$2
        shift 2
        while [ "$count" -gt 0 ]; do
          flag=$1 count=$((count - 1))
          shift
          if "$program" "$flag" --version > /dev/null 2>&1 < /dev/null; then set -- "$@" "$flag"; fi
        done
        exec "$program" "$@"
        """
}

extension ControlPlanePrograms {
    /// The four processes, with flags available since 1.20 (kubernetes.io/docs/reference/command-line-tools-reference). Ports without
    /// authentication listen on the loopback interface only, or are disabled: plain HTTP was enabled by default in the API server until
    /// 1.19 and in the other two until 1.23.
    func processes(_ credentials: Credentials, data: FilePath) -> [ControlPlaneProcess] {
        let store = "http://127.0.0.1:2379"
        return [
            ControlPlaneProcess(
                name: "etcd", program: etcd,
                arguments: [
                    "--data-dir=\(data.appending("etcd"))", "--listen-client-urls=\(store)", "--advertise-client-urls=\(store)",
                    "--listen-peer-urls=http://127.0.0.1:2380", "--initial-advertise-peer-urls=http://127.0.0.1:2380",
                    "--initial-cluster=default=http://127.0.0.1:2380", "--logger=zap", "--log-outputs=stderr",
                ]),
            ControlPlaneProcess(
                name: "kube-apiserver", program: apiServer,
                arguments: [
                    "--etcd-servers=\(store)", "--bind-address=0.0.0.0", "--secure-port=\(ControlPlane.port)", "--anonymous-auth=false",
                    "--advertise-address=\(ClusterNetwork.inner)", "--tls-cert-file=\(credentials.certificate("server"))",
                    "--tls-private-key-file=\(credentials.key("server"))", "--client-ca-file=\(credentials.authority)",
                    "--token-auth-file=\(credentials.tokenFile)", "--authorization-mode=Node,RBAC",
                    "--enable-admission-plugins=NodeRestriction", "--allow-privileged=true", "--kubelet-preferred-address-types=InternalIP",
                    "--kubelet-client-certificate=\(credentials.certificate("kubelet-client"))",
                    "--kubelet-client-key=\(credentials.key("kubelet-client"))", "--service-cluster-ip-range=10.96.0.0/16",
                    "--service-account-issuer=https://kubernetes.default.svc",
                    "--service-account-signing-key-file=\(credentials.serviceAccountKey)",
                    "--service-account-key-file=\(credentials.serviceAccountPublicKey)", "--cert-dir=\(data.appending("kube-apiserver"))",
                    "--v=1",
                ], whereKnown: ["--insecure-port=0"]),
            ControlPlaneProcess(
                name: "kube-controller-manager", program: controllerManager,
                arguments: [
                    "--kubeconfig=\(credentials.folder.appending("controller-manager.kubeconfig"))", "--leader-elect=false",
                    "--bind-address=127.0.0.1",
                    "--service-account-private-key-file=\(credentials.serviceAccountKey)", "--root-ca-file=\(credentials.authority)",
                    "--use-service-account-credentials=true", "--cert-dir=\(data.appending("kube-controller-manager"))", "--v=1",
                ], whereKnown: ["--port=0"], needsServer: true),
            ControlPlaneProcess(
                name: "kube-scheduler", program: scheduler,
                arguments: [
                    "--kubeconfig=\(credentials.folder.appending("scheduler.kubeconfig"))", "--leader-elect=false",
                    "--bind-address=127.0.0.1", "--cert-dir=\(data.appending("kube-scheduler"))", "--v=1",
                ], whereKnown: ["--port=0"], needsServer: true),
        ]
    }
}

extension ControlPlanePrograms {
    /// The store and the API server, which are a control plane that answers; nothing in it would make a pod of a deployment.
    ///
    /// - Parameters:
    ///   - place: where the credentials' files lie in the sandbox.
    ///   - data: where both may write.
    package func answering(_ credentials: Credentials, at place: FilePath, data: FilePath) -> [ControlPlaneProcess] {
        Array(processes(credentials.moved(to: place), data: data).prefix(2))
    }

    /// Where the API server listens in the sandbox.
    package static let address = "127.0.0.1:\(ControlPlane.port)"
}
