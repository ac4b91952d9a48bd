import Host
import SystemPackage

/// The programs that a control plane is made of.
package struct ControlPlanePrograms: Hashable, Sendable {
    /// The store of the API server's objects.
    package let etcd: FilePath
    /// kube-apiserver.
    package let apiServer: FilePath
    /// kube-controller-manager.
    package let controllerManager: FilePath
    /// kube-scheduler.
    package let scheduler: FilePath

    /// Names the programs.
    package init(etcd: FilePath, apiServer: FilePath, controllerManager: FilePath, scheduler: FilePath) {
        self.etcd = etcd
        self.apiServer = apiServer
        self.controllerManager = controllerManager
        self.scheduler = scheduler
    }

    /// Looks for what every control plane needs of this machine.
    ///
    /// - Throws: `ClusterError` when it is not here.
    package static func look(on host: Host) throws(ClusterError) {
        for (program, package) in [("ip", "iproute2"), ("openssl", "openssl")] where host.program(program) == nil {
            throw .missing(program: program, package: package)
        }
    }

    /// etcd, as this machine has it.
    ///
    /// - Throws: `ClusterError` when it is not here, or what else a control plane needs is not.
    package static func etcd(on host: Host) throws(ClusterError) -> FilePath {
        try look(on: host)
        guard let etcd = host.program("etcd") else { throw .missing(program: "etcd", package: "etcd-server") }
        return etcd
    }
}

/// One process of a control plane.
package struct ControlPlaneProcess: Sendable {
    /// Its name.
    package let name: String
    /// The program, on this machine.
    package let program: FilePath
    /// Its arguments.
    package let arguments: [String]
    /// Flags that it is given where it knows them: its release decides.
    var whereKnown: [String] = []
    /// Whether it is started once the API server is ready. kube-controller-manager ends when the API server is not healthy within ten seconds
    /// (`WaitForAPIServer` in cmd/kube-controller-manager/app): a static pod is started again, and here nobody would do that.
    var needsServer = false
    /// The files that it needs, by their paths in its sandbox; nil where it is not to be run in one.
    package internal(set) var sandboxed: [String: [UInt8]]?

    init(name: String, program: FilePath, arguments: [String], whereKnown: [String] = [], needsServer: Bool = false) {
        (self.name, self.program, self.arguments, self.whereKnown) = (name, program, arguments, whereKnown)
        self.needsServer = needsServer
    }

    /// The words that start it: through a shell where some flags depend on what the program knows.
    var words: [String] {
        guard !whereKnown.isEmpty else { return [program.string] + arguments }
        return ["/bin/sh", "-c", Self.choosing, "sh", program.string, "\(whereKnown.count)"] + whereKnown + arguments
    }

    /// A flag that a program does not know is an error, whatever else it is asked.
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
    /// The four processes, with the flags that they have had from 1.20 on (kubernetes.io/docs/reference/command-line-tools-reference). What asks
    /// nobody who he is listens on the loopback only, or not at all: plain HTTP of the API server until 1.19, and of the other two until 1.23, was
    /// on unless it was turned off.
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
