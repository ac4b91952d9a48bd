/// How a node sees its sandbox: the file systems of `/` and `/var/lib/kubelet`, the cgroup version, and the maximum size of an overlay
/// root.
///
/// The text is the name of the file systems, such as `root-9p`, followed by the options that differ from the defaults (cgroup v1, no size
/// limit): `root-9p+v2`, `root-overlay+v2+20g`. The short names are older than the options.
package struct Layout: RawRepresentable, Hashable, Sendable {
    /// The file systems of `/` and `/var/lib/kubelet`.
    package enum Files: String, Sendable, CaseIterable {
        /// `/` is a 9p mount (`runsc --overlay2=none`), and kubelet's directory is part of it.
        case root9p = "root-9p"
        /// `/` is an overlay (runsc's default), and kubelet's directory is part of it.
        case rootOverlay = "root-overlay"
        /// `/` is a 9p mount, and kubelet's directory is a second 9p mount, like a Kubernetes volume.
        case volume9p = "volume-9p"
    }

    package let files: Files
    /// The cgroup version in the sandbox. It has no meaning for the layout `here`, where the environment determines it.
    package let cgroup: CgroupVersion
    /// The maximum size of the root's upper layer; nil if it is unlimited or if the root is not an overlay.
    package let overlaySize: OverlaySize?

    /// Creates a layout.
    ///
    /// - Parameter overlaySize: ignored unless `/` is an overlay.
    package init(_ files: Files, cgroup: CgroupVersion = .v1, overlaySize: OverlaySize? = nil) {
        self.files = files
        self.cgroup = cgroup
        self.overlaySize = files == .rootOverlay ? overlaySize : nil
    }

    /// Parses a layout's text; nil for any spelling other than that of `rawValue`.
    package init?(rawValue: String) {
        let parts = rawValue.split(separator: "+", omittingEmptySubsequences: false).map(String.init)
        guard let first = parts.first, let files = Files(rawValue: first) else { return nil }
        var rest = parts.dropFirst()
        let cgroup = rest.first.flatMap(CgroupVersion.init(rawValue:))
        if cgroup != nil { rest = rest.dropFirst() }
        let size = rest.first.flatMap(OverlaySize.init)
        if size != nil { rest = rest.dropFirst() }
        self.init(files, cgroup: cgroup ?? .v1, overlaySize: size)
        guard rest.isEmpty, self.rawValue == rawValue else { return nil }
    }

    /// The layout's text in tables and records.
    package var rawValue: String {
        let chosen = [cgroup == .v1 ? nil : cgroup.rawValue, overlaySize?.description]
        return ([files.rawValue] + chosen.compactMap(\.self)).joined(separator: "+")
    }

    /// `/` is 9p, with cgroup v1.
    package static let root9p = Layout(.root9p)
    /// `/` is an unlimited overlay, with cgroup v1.
    package static let rootOverlay = Layout(.rootOverlay)
    /// kubelet's directory is a separate 9p mount, with cgroup v1.
    package static let volume9p = Layout(.volume9p)

    /// The same file systems with other options.
    package func with(cgroup: CgroupVersion, overlaySize: OverlaySize? = nil) -> Layout {
        Layout(files, cgroup: cgroup, overlaySize: overlaySize)
    }

    /// The type that `/` must have in the sandbox's `/proc/mounts`.
    package var rootType: String { isRootOverlaid ? "overlay" : "9p" }

    /// Whether `/` is an overlay created by runsc.
    package var isRootOverlaid: Bool { files == .rootOverlay }

    /// Whether kubelet's directory is a separate mount.
    package var hasVolume: Bool { files == .volume9p }
}

extension Layout: CaseIterable {
    /// The layouts that any runsc can create.
    package static let allCases: [Layout] = [.root9p, .rootOverlay, .volume9p]
}

extension Layout: CustomStringConvertible {
    package var description: String { rawValue }
}

extension Layout: Codable {
    /// Decodes a layout from its text.
    ///
    /// - Throws: `DecodingError` if the string is not a layout.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let layout = Layout(rawValue: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "expected a layout such as root-9p or root-9p+v2")
        }
        self = layout
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}

/// Where a node was booted, as a run records it: a sandbox in a layout, or, as `here`, the environment that Ninepin itself ran in.
package enum RunLayout: RawRepresentable, Hashable, Codable, Sendable {
    /// A sandbox.
    case sandbox(Layout)
    /// The environment that Ninepin itself ran in, with its own file systems.
    case here

    /// Reads a layout's text, or `here`.
    package init?(rawValue: String) {
        if rawValue == "here" {
            self = .here
        } else if let layout = Layout(rawValue: rawValue) {
            self = .sandbox(layout)
        } else {
            return nil
        }
    }

    /// The layout's text, or `here`.
    package var rawValue: String {
        switch self {
        case .sandbox(let layout): layout.rawValue
        case .here: "here"
        }
    }
}

/// The version of Linux's control groups.
package enum CgroupVersion: String, Codable, Sendable, CaseIterable {
    /// One hierarchy per controller.
    case v1
    /// One hierarchy for all controllers.
    case v2
}

/// The maximum size of an overlay's upper layer, in runsc's notation: a number and one of `k`, `m`, `g`, `t`.
package struct OverlaySize: Hashable, Sendable, LosslessStringConvertible {
    /// `20g`.
    package let description: String

    /// Parses a size such as `20g`; nil for zero, for a number with more than nine digits, and for anything else.
    package init?(_ text: String) {
        let digits = text.utf8.dropLast()
        guard let unit = text.utf8.last, "kmgt".utf8.contains(unit), (1...9).contains(digits.count),
            digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), digits.first != UInt8(ascii: "0")
        else { return nil }
        description = text
    }
}
