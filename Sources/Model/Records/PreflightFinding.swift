/// What `ninepin preflight` found out about the place that it ran in.
package struct PreflightFinding: Hashable, Codable, Sendable {
    /// What the processes of a place run in.
    package struct Sandbox: Hashable, Codable, Sendable {
        /// Kinds of places.
        package enum Kind: String, Codable, Sendable, CaseIterable {
            /// gVisor's kernel, in whatever runs it.
            case gvisor
            /// Namespaces on a Linux kernel.
            case container
            /// A whole Linux on virtual hardware.
            case vm
            /// A whole Linux on a machine.
            case host
        }

        /// The kind.
        package let kind: Kind
        /// What shows it, as it was read.
        package let marks: [String]

        /// Makes a sandbox of its parts.
        package init(kind: Kind, marks: [String]) {
            self.kind = kind
            self.marks = marks
        }
    }

    /// A directory, and what is mounted there.
    package struct Directory: Hashable, Codable, Sendable {
        /// The directory.
        package let path: String
        /// The point at which its file system is mounted.
        package let mountPoint: String
        /// The file system's type, as the mount table has it.
        package let type: String
        /// The mount's source: a device, or a word such as `none`.
        package let source: String

        /// Makes a directory's record.
        package init(path: String, mountPoint: String, type: String, source: String) {
            self.path = path
            self.mountPoint = mountPoint
            self.type = type
            self.source = source
        }
    }

    /// The control groups that a kubelet would read.
    package struct Cgroup: Hashable, Sendable {
        /// 1 or 2; nil when there are none.
        package let version: Int?
        /// Files that the readers ask for and that are not there, by name: `cpuacct.usage_percpu`.
        package let missing: [String]
        /// Controllers that kubelet wants and that are not mounted.
        package let unmounted: [String]

        /// Makes a record of control groups.
        package init(version: Int?, missing: [String], unmounted: [String]) {
            self.version = version
            self.missing = missing
            self.unmounted = unmounted
        }
    }

    /// What a boot would come to, as far as the evidence goes.
    package struct Prediction: Hashable, Sendable {
        /// The verdict that a boot would come to; `inconclusive` where the evidence does not suffice.
        package let grade: Grade
        /// The known fault that would decide it; nil when it is none of those.
        package let cause: Cause?
        /// Why.
        package let reason: String
        /// Where the rule comes from.
        package let basis: String
        /// Figures that would be wrong on a node that lives.
        package let notes: [String]

        /// Makes a prediction.
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
        /// The patch.
        package let name: PatchName
        /// Whether a node with it would be better than the same node without it, whatever other patches both have.
        package let helps: Bool
        /// Why.
        package let reason: String

        /// Makes a record of a patch.
        package init(name: PatchName, helps: Bool, reason: String) {
            self.name = name
            self.helps = helps
            self.reason = reason
        }
    }

    /// What has to be done before a kubelet can start. `ninepin verify` does it.
    package struct Obstacle: Hashable, Codable, Sendable {
        /// What is in the way.
        package let what: String
        /// What to do about it.
        package let cure: String

        /// Makes a record of an obstacle.
        package init(what: String, cure: String) {
            self.what = what
            self.cure = cure
        }
    }

    /// What the sandbox's owner can change so that no patch is needed.
    package struct Ask: Hashable, Codable, Sendable {
        /// runsc's flag, or what else is to be otherwise.
        package let flag: String
        /// What it cures.
        package let cures: String

        /// Makes a record of what to ask for.
        package init(flag: String, cures: String) {
            self.flag = flag
            self.cures = cures
        }
    }

    /// One thing to do so that a kubelet can live here. Nothing of it is done by Ninepin.
    package struct Fix: Hashable, Codable, Sendable {
        /// Who must do it, and where.
        package enum Who: String, Codable, Sendable, CaseIterable {
            /// Root, in the place itself.
            case inside
            /// Who starts the sandbox, where it is started.
            case owner
            /// Who builds kubelet: it is a patch.
            case builder
        }

        /// Who must do it.
        package let who: Who
        /// What it is about: what is in the way, and what comes of it.
        package let what: String
        /// Lines that can be copied: of shell for root inside, and for who builds; words of a command line for who starts the sandbox.
        package let commands: [String]

        /// Makes a record of what to do.
        package init(_ who: Who, _ what: String, _ commands: [String]) {
            self.who = who
            self.what = what
            self.commands = commands
        }
    }

    /// What the place is.
    package let sandbox: Sandbox
    /// The root directory.
    package let root: Directory
    /// kubelet's directory.
    package let kubelet: Directory
    /// The control groups.
    package let cgroup: Cgroup
    /// What stands in a kubelet's way whatever its patches.
    package let obstacles: [Obstacle]
    /// The kubelet's version that the prediction is about.
    package let version: Version
    /// The patches that the prediction is about; none for a stock kubelet.
    package let series: [PatchName]
    /// What that kubelet would come to once nothing stands in its way, as it is configured by default.
    package let prediction: Prediction
    /// What it would come to if it were started right now, with what stands in its way.
    package let asItStands: Prediction
    /// What a boot by `ninepin verify --sandbox here` comes to, which clears what stands in the way, and tells a kubelet that would refuse cgroup v1
    /// not to.
    package let boot: Prediction
    /// What can be done, each with lines to copy: what needs no patch first.
    package let fixes: [Fix]
    /// Each known patch, and whether it helps here.
    package let patches: [Help]
    /// The fewest patches with which a node would be best here; none when nothing helps, or nothing is needed.
    package let remedy: [PatchName]
    /// What of the sandbox, changed all together, makes a stock kubelet of this version clean; none where nothing need be changed, and where that
    /// was not measured.
    package let asks: [Ask]
    /// Which patches the place needs, by the registry's rules; none outside of gVisor, of which alone they are.
    package let needs: [Need]

    /// Makes a finding of its parts.
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
    /// Encodes all keys, null where there is nothing to say.
    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(version, forKey: .version)
        try values.encode(missing, forKey: .missing)
        try values.encode(unmounted, forKey: .unmounted)
    }
}

extension PreflightFinding.Prediction: Codable {
    /// The grade and, where a known fault decides it, the fault: `fatal, memory cache`.
    package var title: String { cause.map { "\(grade.rawValue), \($0)" } ?? grade.rawValue }

    /// Encodes all keys, null where there is nothing to say.
    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(grade, forKey: .grade)
        try values.encode(cause, forKey: .cause)
        try values.encode(reason, forKey: .reason)
        try values.encode(basis, forKey: .basis)
        try values.encode(notes, forKey: .notes)
    }
}
