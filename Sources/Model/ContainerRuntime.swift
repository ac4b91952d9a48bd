/// What keeps a node apart from the machine.
public enum ContainerRuntime: String, Codable, Sendable, CaseIterable {
    /// gVisor: a kernel of its own.
    case runsc
    /// Namespaces of the machine's own kernel.
    case runc
}
