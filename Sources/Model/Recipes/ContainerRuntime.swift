/// The runtime that isolates a node from the machine.
package enum ContainerRuntime: String, Codable, Sendable, CaseIterable {
    /// gVisor: a separate kernel.
    case runsc
    /// Namespaces of the machine's own kernel.
    case runc
}
