import Grading
import Host
import Sandbox
import SystemPackage

/// Changes that a boot makes to a node besides its binary: to its root file system, its first program, and the command that starts it. The
/// default changes nothing.
package struct NodeModification: Sendable {
    /// Lines for kubelet's configuration file.
    package var kubeletConfiguration = ""
    /// Lines of the first program that run before the node starts. They may use its functions `say`, `fail` and `lives`.
    package var preparation = ""
    /// Lines that run after the node has started, when `$kubelet` is its process ID.
    package var aftermath = ""
    /// Words before the command that starts the node.
    package var prefix = ""
    /// Adds files to the root file system.
    package var fill: @Sendable (RootFileSystem, Host) async throws -> Void = { _, _ in }

    package init() {}
}

/// Receives every event of a boot, in addition to the grader. It does not affect the verdict.
package protocol BootObserver: Sendable {
    /// Processes an event that the grader also receives.
    ///
    /// - Parameters:
    ///   - bundle: the sandbox's bundle, whose path appears in the command lines of the sandbox's processes.
    ///   - now: seconds since the sandbox was started.
    func take(_ event: BootEvent, bundle: FilePath, at now: Double)
    /// Whether the observer has seen everything that it needs, so that the boot may end.
    var isSatisfied: Bool { get }
}
