import Grading
import Host
import Sandbox
import SystemPackage

/// What a boot changes about a node beside its binary: its root file system, its first program, and the command that starts it. The default changes
/// nothing.
package struct NodeModification: Sendable {
    /// Lines for kubelet's configuration file.
    package var kubeletConfiguration = ""
    /// Lines of the first program that come before the node's start. They may use its `say`, `fail` and `lives`.
    package var preparation = ""
    /// Lines that come after the node's start, when `$kubelet` is its process.
    package var aftermath = ""
    /// Words in front of the command that starts the node.
    package var prefix = ""
    /// Adds files to the root file system.
    package var fill: @Sendable (RootFileSystem, Host) async throws -> Void = { _, _ in }

    package init() {}
}

/// Is told of all that happens during a boot, beside the grader. It decides nothing about the verdict.
package protocol BootObserver: Sendable {
    /// Takes what the grader takes as well.
    ///
    /// - Parameters:
    ///   - bundle: the sandbox's bundle, which its processes name.
    ///   - now: seconds since the sandbox was started.
    func take(_ event: BootEvent, bundle: FilePath, at now: Double)
    /// Whether the boot has shown all that it was for and may end.
    var isSatisfied: Bool { get }
}
