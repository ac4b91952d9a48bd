/// What keeps a node apart from the machine.
package enum ContainerRuntime: String, Codable, Sendable, CaseIterable {
    /// gVisor: a kernel of its own.
    case runsc
    /// Namespaces of the machine's own kernel.
    case runc
}
