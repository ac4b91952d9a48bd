import Cluster
import FileSystem
import Grading
import Host
import Model
import Sandbox

/// Where a node boots.
package enum BootSite: Sendable {
    /// A gVisor sandbox with a layout.
    case sandbox(Runsc, Layout)
    /// A container on the machine's own kernel. It has a volume if the layout has one.
    case container(Runc, Layout)
    /// The environment that Ninepin itself runs in, without a sandbox.
    case inPlace(InPlaceNode)

    /// The environment that the grader expects.
    var environment: BootEnvironment {
        switch self {
        case .sandbox(_, let layout): .sandbox(layout)
        case .container: .container
        case .inPlace(let node): .inPlace(node.signs)
        }
    }

    /// Creates the sandbox of a k3s server; nil without gVisor.
    var runsc: Runsc? { if case .sandbox(let runsc, _) = self { runsc } else { nil } }

    /// Whether the node and the control plane share this process's network. gVisor cannot move a veth device to another network namespace.
    var sharesNetwork: Bool { if case .inPlace(let node) = self { node.signs.isGvisor } else { false } }
}

/// How long a node is watched.
package enum BootMode: Sendable {
    /// Until the verdict is certain.
    case measure
    /// Until the node ends or the task is canceled. The closure receives the node's status about once a second.
    case keep(@Sendable (KeptStatus) -> Void)

    var isKept: Bool { if case .keep = self { true } else { false } }

    /// How often the node's output is checked.
    var tick: Duration { isKept ? .seconds(1) : .milliseconds(250) }

    /// How often the API server is queried.
    var observerInterval: Duration { .seconds(isKept ? 5 : 1) }

    /// The log of a measured boot is evidence and stays complete up to a limit. The log of a kept node, which may run for months, is
    /// rotated.
    ///
    /// - Parameter measured: the limit for a measured boot.
    func logLimit(_ measured: LineFile.Limit) -> LineFile.Limit { isKept ? .kept : measured }

    func tell(_ status: @autoclosure () -> KeptStatus) { if case .keep(let tell) = self { tell(status()) } }
}
