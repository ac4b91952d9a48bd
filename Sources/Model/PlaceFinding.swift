/// What `ninepin here` found out about the place that it ran in.
public struct PlaceFinding: Hashable, Codable, Sendable {
    /// What the processes of a place run in.
    public struct Sandbox: Hashable, Codable, Sendable {
        /// Kinds of places.
        public enum Kind: String, Codable, Sendable, CaseIterable {
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
        public let kind: Kind
        /// What shows it, as it was read.
        public let marks: [String]

        /// Makes a sandbox of its parts.
        public init(kind: Kind, marks: [String]) {
            self.kind = kind
            self.marks = marks
        }
    }

    /// A directory, and what is mounted there.
    public struct Directory: Hashable, Codable, Sendable {
        /// The directory.
        public let path: String
        /// The point at which its file system is mounted.
        public let mountPoint: String
        /// The file system's type, as the mount table has it.
        public let type: String
        /// The mount's source: a device, or a word such as `none`.
        public let source: String

        /// Makes a directory's record.
        public init(path: String, mountPoint: String, type: String, source: String) {
            self.path = path
            self.mountPoint = mountPoint
            self.type = type
            self.source = source
        }
    }

    /// The control groups that a kubelet would read.
    public struct Cgroup: Hashable, Sendable {
        /// 1 or 2; nil when there are none.
        public let version: Int?
        /// Files that the readers ask for and that are not there, by name: `cpuacct.usage_percpu`.
        public let missing: [String]
        /// Controllers that kubelet wants and that are not mounted.
        public let unmounted: [String]

        /// Makes a record of control groups.
        public init(version: Int?, missing: [String], unmounted: [String]) {
            self.version = version
            self.missing = missing
            self.unmounted = unmounted
        }
    }

    /// What a boot would come to, as far as the evidence goes.
    public struct Prediction: Hashable, Sendable {
        /// The verdict that a boot would come to; `inconclusive` where the evidence does not suffice.
        public let grade: Grade
        /// The known fault that would decide it; nil when it is none of those.
        public let cause: String?
        /// Why.
        public let reason: String
        /// Where the rule comes from.
        public let basis: String
        /// Figures that would be wrong on a node that lives.
        public let notes: [String]

        /// Makes a prediction.
        public init(_ grade: Grade, cause: String? = nil, reason: String, basis: String, notes: [String] = []) {
            self.grade = grade
            self.cause = cause
            self.reason = reason
            self.basis = basis
            self.notes = notes
        }
    }

    /// A patch, and whether it would change the prediction.
    public struct Help: Hashable, Codable, Sendable {
        /// The patch.
        public let name: PatchName
        /// Whether a node with it would be better than the same node without it, whatever other patches both have.
        public let helps: Bool
        /// Why.
        public let reason: String

        /// Makes a record of a patch.
        public init(name: PatchName, helps: Bool, reason: String) {
            self.name = name
            self.helps = helps
            self.reason = reason
        }
    }

    /// What has to be done before a kubelet can start. `ninepin verify` does it.
    public struct Obstacle: Hashable, Codable, Sendable {
        /// What is in the way.
        public let what: String
        /// What to do about it.
        public let cure: String

        /// Makes a record of an obstacle.
        public init(what: String, cure: String) {
            self.what = what
            self.cure = cure
        }
    }

    /// What the sandbox's owner can change so that no patch is needed.
    public struct Ask: Hashable, Codable, Sendable {
        /// runsc's flag, or what else is to be otherwise.
        public let flag: String
        /// What it cures.
        public let cures: String

        /// Makes a record of what to ask for.
        public init(flag: String, cures: String) {
            self.flag = flag
            self.cures = cures
        }
    }

    /// One thing to do so that a kubelet can live here. Nothing of it is done by Ninepin.
    public struct Fix: Hashable, Codable, Sendable {
        /// Who must do it, and where.
        public enum Who: String, Codable, Sendable, CaseIterable {
            /// Root, in the place itself.
            case inside
            /// Who starts the sandbox, where it is started.
            case owner
            /// Who builds kubelet: it is a patch.
            case builder
        }

        /// Who must do it.
        public let who: Who
        /// What it is about: what is in the way, and what comes of it.
        public let what: String
        /// Lines that can be copied: of shell for root inside, and for who builds; words of a command line for who starts the sandbox.
        public let commands: [String]

        /// Makes a record of what to do.
        public init(_ who: Who, _ what: String, _ commands: [String]) {
            self.who = who
            self.what = what
            self.commands = commands
        }
    }

    /// What the place is.
    public let sandbox: Sandbox
    /// The root directory.
    public let root: Directory
    /// kubelet's directory.
    public let kubelet: Directory
    /// The control groups.
    public let cgroup: Cgroup
    /// What stands in a kubelet's way whatever its patches.
    public let obstacles: [Obstacle]
    /// The kubelet's version that the prediction is about.
    public let version: Version
    /// The patches that the prediction is about; none for a stock kubelet.
    public let series: [PatchName]
    /// What that kubelet would come to once nothing stands in its way, as it is configured by default.
    public let prediction: Prediction
    /// What it would come to if it were started right now, with what stands in its way.
    public let asItStands: Prediction
    /// What a boot by `ninepin verify --sandbox here` comes to, which clears what stands in the way, and tells a kubelet that would refuse cgroup v1
    /// not to.
    public let boot: Prediction
    /// What can be done, each with lines to copy: what needs no patch first.
    public let fixes: [Fix]
    /// Each known patch, and whether it helps here.
    public let patches: [Help]
    /// The fewest patches with which a node would be best here; none when nothing helps, or nothing is needed.
    public let remedy: [PatchName]
    /// What of the sandbox, changed all together, makes a stock kubelet of this version clean; none where nothing need be changed, and where that
    /// was not measured.
    public let asks: [Ask]
    /// Which patches the place needs, by the registry's rules; none outside of gVisor, of which alone they are.
    public let needs: [Need]

    /// Makes a finding of its parts.
    public init(
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

extension PlaceFinding.Cgroup: Codable {
    /// Encodes all keys, null where there is nothing to say.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(version, forKey: .version)
        try values.encode(missing, forKey: .missing)
        try values.encode(unmounted, forKey: .unmounted)
    }
}

extension PlaceFinding.Prediction: Codable {
    /// The grade and, where a known fault decides it, the fault: `fatal, memory cache`.
    public var title: String { cause.map { "\(grade.rawValue), \($0)" } ?? grade.rawValue }

    /// Encodes all keys, null where there is nothing to say.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(grade, forKey: .grade)
        try values.encode(cause, forKey: .cause)
        try values.encode(reason, forKey: .reason)
        try values.encode(basis, forKey: .basis)
        try values.encode(notes, forKey: .notes)
    }
}
