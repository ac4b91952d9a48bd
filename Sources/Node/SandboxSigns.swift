import Model

/// What a sandbox showed of itself. A program in another sandbox, or on other file systems, than were asked for proves nothing.
struct SandboxSigns: Sendable {
    /// The line by which gVisor's kernel names itself.
    var gvisor: String?
    /// Types by mount point.
    var mounts: [String: String] = [:]

    /// What is not as the layout asks, or, in a container of the machine's own kernel, where no layout asks anything; nil when all is well.
    func fault(in layout: Layout, runtime: ContainerRuntime = .runsc) -> String? {
        guard runtime == .runsc else {
            if let gvisor { return "the container's kernel says that it is gVisor's: \(gvisor)" }
            return mounts["/"].map { $0 == "9p" ? "'/' is 9p in the container, and not the machine's own file system" : nil }
                ?? "'/' is no mount in the container"
        }
        let volume = mounts["/var/lib/kubelet"]
        if gvisor == nil { return "the sandbox does not look like gVisor: its kernel's log does not say so" }
        if mounts["/"] != layout.rootType {
            return "'/' is \(mounts["/"] ?? "no mount") in the sandbox, not \(layout.rootType) as \(layout.rawValue) asks"
        }
        if layout.hasVolume, volume != "9p" { return "/var/lib/kubelet is \(volume ?? "no mount"), not a 9p volume" }
        if !layout.hasVolume, volume != nil {
            return "/var/lib/kubelet is a mount of its own, which \(layout.rawValue) does not ask for"
        }
        return nil
    }
}
