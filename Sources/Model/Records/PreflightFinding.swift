/// The result of `ninepin preflight` for the environment that it ran in.
package struct PreflightFinding: Hashable, Codable, Sendable {
    /// The kind of environment that processes run in.
    package struct Sandbox: Hashable, Codable, Sendable {
        /// The kinds of environments.
        package enum Kind: String, Codable, Sendable, CaseIterable {
            /// gVisor's kernel, whatever runs it.
            case gvisor
            /// Namespaces on a Linux kernel.
            case container
            /// A complete Linux system on virtual hardware.
            case vm
            /// A complete Linux system on a physical machine.
            case host
        }

        package let kind: Kind
        /// The evidence, as it was read.
        package let marks: [String]

        package init(kind: Kind, marks: [String]) {
            self.kind = kind
            self.marks = marks
        }
    }

    /// A directory and its mount.
    package struct Directory: Hashable, Codable, Sendable {
        package let path: String
        /// The mount point of its file system.
        package let mountPoint: String
        /// The file system type, as in the mount table.
        package let type: String
        /// The mount's source: a device, or a word such as `none`.
        package let source: String

        package init(path: String, mountPoint: String, type: String, source: String) {
            self.path = path
            self.mountPoint = mountPoint
            self.type = type
            self.source = source
        }
    }

    /// The control groups that a kubelet would read.
    package struct Cgroup: Hashable, Sendable {
        /// 1 or 2; nil if there are none.
        package let version: Int?
        /// Missing files that the cgroup readers require, by name: `cpuacct.usage_percpu`.
        package let missing: [String]
        /// Controllers that kubelet requires and that are not mounted.
        package let unmounted: [String]

        package init(version: Int?, missing: [String], unmounted: [String]) {
            self.version = version
            self.missing = missing
            self.unmounted = unmounted
        }
    }

    /// The expected result of a boot, based on the available evidence.
    package struct Prediction: Hashable, Sendable {
        /// The expected grade; `inconclusive` if the evidence is insufficient.
        package let grade: Grade
        /// The known fault that would decide it; nil if it is none of those.
        package let cause: Cause?
        package let reason: String
        /// The source of the rule.
        package let basis: String
        /// Figures that would be wrong on a running node.
        package let notes: [String]

        package init(_ grade: Grade, cause: Cause? = nil, reason: String, basis: String, notes: [String] = []) {
            self.grade = grade
            self.cause = cause
            self.reason = reason
            self.basis = basis
            self.notes = notes
        }
    }

    /// A patch, and whether it would change the prediction.
    package struct Help: Hashable, Codable, Sendable {
        package let name: PatchName
        /// Whether there is a set of other patches, possibly empty, with which adding this patch improves the node.
        package let helps: Bool
        package let reason: String

        package init(name: PatchName, helps: Bool, reason: String) {
            self.name = name
            self.helps = helps
            self.reason = reason
        }
    }

    /// Something to fix before a kubelet can start. `ninepin verify` fixes it.
    package struct Obstacle: Hashable, Codable, Sendable {
        /// The problem.
        package let what: String
        /// The solution.
        package let cure: String

        package init(what: String, cure: String) {
            self.what = what
            self.cure = cure
        }
    }

    /// A change by the sandbox's owner that makes a patch unnecessary.
    package struct Ask: Hashable, Codable, Sendable {
        /// The runsc flag or other change.
        package let flag: String
        /// What it fixes.
        package let cures: String

        package init(flag: String, cures: String) {
            self.flag = flag
            self.cures = cures
        }
    }

    /// An action that lets a kubelet run here. Ninepin does not perform it.
    package struct Fix: Hashable, Codable, Sendable {
        /// Who must perform the action, and where.
        package enum Who: String, Codable, Sendable, CaseIterable {
            /// Root, inside the environment.
            case inside
            /// Whoever starts the sandbox, where it is started.
            case owner
            /// Whoever builds kubelet: the action is a patch.
            case builder
        }

        package let who: Who
        /// The problem and its consequences.
        package let what: String
        /// Lines to copy: shell commands for root inside and for the builder, command-line arguments for the sandbox's owner.
        package let commands: [String]

        package init(_ who: Who, _ what: String, _ commands: [String]) {
            self.who = who
            self.what = what
            self.commands = commands
        }
    }

    package let sandbox: Sandbox
    /// The root directory.
    package let root: Directory
    /// kubelet's directory.
    package let kubelet: Directory
    package let cgroup: Cgroup
    /// Obstacles for a kubelet, whatever its patches.
    package let obstacles: [Obstacle]
    /// The kubelet version that the prediction is for.
    package let version: Version
    /// The patches that the prediction is for; empty for an unpatched kubelet.
    package let series: [PatchName]
    /// The expected result for that kubelet with its default configuration, once all obstacles are removed.
    package let prediction: Prediction
    /// The expected result if it were started right now, with all obstacles.
    package let asItStands: Prediction
    /// The expected result of `ninepin verify --sandbox here`, which removes the obstacles and configures kubelet to accept cgroup v1.
    package let boot: Prediction
    /// The possible actions, each with lines to copy; those that need no patch come first.
    package let fixes: [Fix]
    /// All known patches, and whether they help here.
    package let patches: [Help]
    /// The smallest set of patches that gives the best result here; empty if no patch helps or none is needed.
    package let remedy: [PatchName]
    /// The sandbox changes that together make an unpatched kubelet of this version clean; empty if none are needed or if this was not
    /// measured.
    package let asks: [Ask]
    /// The patches that the environment needs according to the registry's rules; empty outside gVisor, because the rules apply only to
    /// gVisor.
    package let needs: [Need]

    package init(
        sandbox: Sandbox, root: Directory, kubelet: Directory, cgroup: Cgroup, obstacles: [Obstacle], version: Version, series: [PatchName],
        prediction: Prediction, patches: [Help], remedy: [PatchName], asks: [Ask] = [], needs: [Need] = [],
        asItStands: Prediction? = nil, boot: Prediction? = nil, fixes: [Fix] = []
    ) {
        self.sandbox = sandbox
        self.root = root
        self.kubelet = kubelet
        self.cgroup = cgroup
        self.obstacles = obstacles
        self.version = version
        self.series = series
        self.prediction = prediction
        self.patches = patches
        self.remedy = remedy
        self.asks = asks
        self.needs = needs
        self.asItStands = asItStands ?? prediction
        self.boot = boot ?? prediction
        self.fixes = fixes
    }
}

extension PreflightFinding.Cgroup: Codable {
    /// Encodes all keys, with null for nil values.
    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(version, forKey: .version)
        try values.encode(missing, forKey: .missing)
        try values.encode(unmounted, forKey: .unmounted)
    }
}

extension PreflightFinding.Prediction: Codable {
    /// The grade, followed by the known fault if one decides it: `fatal, memory cache`.
    package var title: String { grade.title(cause) }

    /// Encodes all keys, with null for nil values.
    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(grade, forKey: .grade)
        try values.encode(cause, forKey: .cause)
        try values.encode(reason, forKey: .reason)
        try values.encode(basis, forKey: .basis)
        try values.encode(notes, forKey: .notes)
    }
}
