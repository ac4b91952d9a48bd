/// How a node sees its sandbox: what `/` and `/var/lib/kubelet` are, which version of cgroups there is, and how large an overlay root may grow.
///
/// Its text is the name of the file systems alone where the rest is as it was before there was a choice: `root-9p`. What is chosen stands behind
/// that: `root-9p+v2`, `root-overlay+v2+20g`.
package struct Layout: RawRepresentable, Hashable, Sendable {
    /// What `/` is, and what `/var/lib/kubelet` is.
    package enum Files: String, Sendable, CaseIterable {
        /// `/` is a 9p mount (`runsc --overlay2=none`), and kubelet's directory is a part of it.
        case root9p = "root-9p"
        /// `/` is an overlay (runsc's default), and kubelet's directory is a part of it.
        case rootOverlay = "root-overlay"
        /// `/` is a 9p mount, and kubelet's directory is a second 9p mount, as a Kubernetes volume would be.
        case volume9p = "volume-9p"
    }

    /// Its file systems.
    package let files: Files
    /// The version of cgroups in the sandbox.
    package let cgroup: CgroupVersion
    /// How large the root's upper layer may grow; nil for one without a limit, and for a root that is no overlay.
    package let overlaySize: OverlaySize?

    /// Makes a layout.
    ///
    /// - Parameter overlaySize: means something only where `/` is an overlay, and is left out elsewhere.
    package init(_ files: Files, cgroup: CgroupVersion = .v1, overlaySize: OverlaySize? = nil) {
        self.files = files
        self.cgroup = cgroup
        self.overlaySize = files == .rootOverlay ? overlaySize : nil
    }

    /// Reads a layout's text; nil for any other spelling than `rawValue` has.
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

    /// Its text, as tables and records have it.
    package var rawValue: String {
        let chosen = [cgroup == .v1 ? nil : cgroup.rawValue, overlaySize?.description]
        return ([files.rawValue] + chosen.compactMap(\.self)).joined(separator: "+")
    }

    /// `/` is 9p, with cgroup v1.
    package static let root9p = Layout(.root9p)
    /// `/` is an overlay without a limit, with cgroup v1.
    package static let rootOverlay = Layout(.rootOverlay)
    /// kubelet's directory is a 9p mount of its own, with cgroup v1.
    package static let volume9p = Layout(.volume9p)

    /// The same file systems, with other choices.
    package func with(cgroup: CgroupVersion, overlaySize: OverlaySize? = nil) -> Layout {
        Layout(files, cgroup: cgroup, overlaySize: overlaySize)
    }

    /// The type that `/` must have in `/proc/mounts` of the sandbox.
    package var rootType: String { isRootOverlaid ? "overlay" : "9p" }

    /// Whether `/` is an overlay that runsc makes.
    package var isRootOverlaid: Bool { files == .rootOverlay }

    /// Whether kubelet's directory is a mount of its own.
    package var hasVolume: Bool { files == .volume9p }
}

extension Layout: CaseIterable {
    /// The layouts that a sandbox can be made with by any runsc.
    package static let allCases: [Layout] = [.root9p, .rootOverlay, .volume9p]
}

extension Layout: CustomStringConvertible {
    /// Its text.
    package var description: String { rawValue }
}

extension Layout: Codable {
    /// Decodes a layout from its text.
    ///
    /// - Throws: `DecodingError` when the string is none.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let layout = Layout(rawValue: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "expected a layout such as root-9p or root-9p+v2")
        }
        self = layout
    }

    /// Encodes its text.
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

    /// The sandbox's layout; nil where there was no sandbox.
    package var layout: Layout? { if case .sandbox(let layout) = self { layout } else { nil } }
}

/// Which version of Linux's control groups there is.
package enum CgroupVersion: String, Codable, Sendable, CaseIterable {
    /// A hierarchy for each controller.
    case v1
    /// One hierarchy for all.
    case v2
}

/// How large an overlay's upper layer may grow, as runsc takes it: a number and one of `k`, `m`, `g`, `t`.
package struct OverlaySize: Hashable, Sendable, LosslessStringConvertible {
    /// `20g`.
    package let description: String

    /// Reads a size such as `20g`; nil for zero, for a number of more than nine digits, and for anything else.
    package init?(_ text: String) {
        let digits = text.utf8.dropLast()
        guard let unit = text.utf8.last, "kmgt".utf8.contains(unit), (1...9).contains(digits.count),
            digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), digits.first != UInt8(ascii: "0")
        else { return nil }
        description = text
    }
}
