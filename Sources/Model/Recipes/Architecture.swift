/// A target architecture, with the name that Go, Debian and k3s use.
package enum Architecture: String, Hashable, Codable, Sendable, CaseIterable {
    /// 64-bit x86.
    case amd64
    /// 64-bit Arm.
    case arm64

    /// This machine's architecture, the default for reading recipes.
    package static var machine: Architecture {
        #if arch(arm64)
            .arm64
        #else
            .amd64
        #endif
    }
}
