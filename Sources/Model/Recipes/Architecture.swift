/// What a program is compiled for, by the name that Go, Debian and k3s give it.
package enum Architecture: String, Hashable, Codable, Sendable, CaseIterable {
    /// 64-bit x86.
    case amd64
    /// 64-bit Arm.
    case arm64

    /// This machine's. A recipe is read for it unless somebody asks for another.
    package static var machine: Architecture {
        #if arch(arm64)
            .arm64
        #else
            .amd64
        #endif
    }
}
