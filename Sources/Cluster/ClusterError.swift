import ExitCodes
import Model

/// Why a control plane cannot be used.
package enum ClusterError: ExitStatusError, Sendable, CustomStringConvertible {
    /// A program is not installed.
    case missing(program: String, package: String)
    /// A request to the API server failed.
    case refused(request: String, status: Int, message: String)
    /// A program under test would run outside a sandbox.
    case needsSandbox(program: String)
    /// The network cannot be closed, because the kernel or iptables refuses.
    case open(reason: String)
    /// An answer does not have the API's format.
    case unreadable(request: String, reason: String)

    /// The error, its reason, and what to do.
    package var description: String {
        switch self {
        case .missing(let program, let package):
            "a control plane needs \(program), which is not installed\n    Run ./setup, or: apt-get install \(package)"
        case .needsSandbox(let program): "\(program) is the program under test and only runs in a sandbox, but there is none"
        case .open(let reason):
            "the control plane's network cannot be isolated from this machine: \(reason)\n    This requires iptables(8) and a kernel with netfilter."
        case .refused(let request, let status, let message): "the API server answers \(request) with \(status): \(message)"
        case .unreadable(let request, let reason): "the API server's answer to \(request) cannot be read: \(reason)"
        }
    }

    package var exitStatus: ExitStatus { .missing }
}
