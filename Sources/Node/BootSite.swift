import Cluster
import Grading
import Host
import Model
import Sandbox

/// Where a node is booted.
package enum BootSite: Sendable {
    /// A gVisor sandbox in a layout.
    case sandbox(Runsc, Layout)
    /// A container of the machine's own kernel. A layout with a volume gives it one too.
    case container(Runc, Layout)
    /// The environment that Ninepin itself runs in. No sandbox is made.
    case inPlace(InPlaceNode)

    /// What a grader has to know of it.
    var environment: BootEnvironment {
        switch self {
        case .sandbox(_, let layout): .sandbox(layout)
        case .container: .container
        case .inPlace(let node): .inPlace(node.signs)
        }
    }

    /// Makes the sandbox of a k3s server; nil where there is no gVisor to make it with.
    var runsc: Runsc? { if case .sandbox(let runsc, _) = self { runsc } else { nil } }

    /// Whether node and control plane share this process's network: gVisor moves no cable to another network namespace.
    var sharesNetwork: Bool { if case .inPlace(let node) = self { node.signs.isGvisor } else { false } }
}

/// How long a node is watched.
package enum BootMode: Sendable {
    /// Until the verdict is certain.
    case measure
    /// Until it ends or the task is canceled. The closure gets what is known of the node, about once a second.
    case keep(@Sendable (KeptStatus) -> Void)

    var isKept: Bool { if case .keep = self { true } else { false } }

    /// How often the node's output is looked at.
    var tick: Duration { isKept ? .seconds(1) : .milliseconds(250) }

    /// How often the API server is asked.
    var observerInterval: Duration { .seconds(isKept ? 5 : 1) }

    /// A run's log is evidence and stays whole up to a limit. The log of a kept node, which may live for months, is rotated.
    ///
    /// - Parameter measured: the limit for a run.
    func logLimit(_ measured: LineFile.Limit) -> LineFile.Limit { isKept ? .kept : measured }

    func tell(_ status: @autoclosure () -> KeptStatus) { if case .keep(let tell) = self { tell(status()) } }
}
