import Paths

/// A way to make a node live in a sandbox, as data: what is changed instead of the source, or beside it. One file of `approaches/`.
public struct Approach: Hashable, Sendable {
    /// What is booted.
    public enum Subject: Hashable, Sendable {
        /// The node with these patches; the stock one has none.
        case series([PatchName])
        /// The node with the recipe's own patches.
        case recipe
        /// An API server and its store; no node at all.
        case controlPlane
    }

    /// What kubelet is told, for some of its versions.
    public struct KubeletSettings: Hashable, Sendable {
        /// Which versions it is for; all when nil.
        public let versions: VersionRange?
        /// Feature gates, by name.
        public let featureGates: [String: Bool]
        /// Fields of kubelet's configuration, by name.
        public let fields: [String: Bool]
    }

    /// A program or a file of a Debian package that the sandbox needs.
    public struct Tool: Hashable, Sendable {
        /// The program's name, or a file's path.
        public let name: String
        /// The Debian package that has it.
        public let package: String
    }

    /// A C file beside the approach's own, compiled into the sandbox.
    public struct Compiled: Hashable, Sendable {
        /// The C file, relative to `approaches/`.
        public let source: String
        /// Where the result goes in the sandbox.
        public let place: SandboxPath
        /// Whether it is a shared library; else a program.
        public let isShared: Bool
    }

    /// A copy of a directory of the sandbox's, with some files of our own in it.
    public struct DirectoryCopy: Hashable, Sendable {
        /// The directory; nil for an empty one.
        public let source: SandboxPath?
        /// Where the copy is made.
        public let place: SandboxPath
        /// Files that the copy has beside those of the directory, with their text.
        public let files: [String: String]
    }

    /// A bind mount.
    public struct Bind: Hashable, Sendable {
        /// What is shown.
        public let source: SandboxPath
        /// Where it is shown.
        public let place: SandboxPath
    }

    /// A program that serves a FUSE file system.
    public struct Fuse: Hashable, Sendable {
        /// The program and its arguments.
        public let run: [PlainWord]
        /// Where it must be mounted before the node starts.
        public let place: SandboxPath
    }

    /// A question asked in the sandbox before the node starts. Its answer decides nothing and stands beside the verdict.
    public struct Question: Hashable, Sendable {
        /// What is asked, in words.
        public let title: String
        /// The program and its arguments.
        public let run: [PlainWord]
        /// Whether it gets the preloaded library.
        public let isPreloaded: Bool
        /// Whether it is asked before the FUSE file system is mounted; after it when false.
        public let isEarly: Bool
    }

    /// What a measurement says to the claim, in words that hold only for one outcome.
    public struct Finding: Hashable, Sendable {
        /// The outcome for which the words were written.
        public let outcome: ApproachOutcome
        /// The words.
        public let text: String
    }

    /// The file's name without its ending.
    public let name: String
    /// A few words for people.
    public let title: String
    /// Its place in a table: the smallest number comes first.
    public let order: Int
    /// What is changed, in one sentence.
    public let changes: String
    /// What the research that the project began with claimed of it.
    public let claim: String
    /// What was found, beside the claim.
    public let finding: Finding?
    /// What it is good for, in one sentence.
    public let goodFor: String
    /// What is booted.
    public let subject: Subject
    /// What it is booted in.
    public let runtime: ContainerRuntime
    /// What kubelet is told.
    public let kubelet: [KubeletSettings]
    /// What the sandbox needs of the machine's.
    public let tools: [Tool]
    /// C files that are compiled for the sandbox.
    public let compiled: [Compiled]
    /// Copies that are made first.
    public let copies: [DirectoryCopy]
    /// Bind mounts that are made next.
    public let binds: [Bind]
    /// The FUSE file system that is mounted last.
    public let fuse: Fuse?
    /// The library that the node's program is made to load.
    public let preload: SandboxPath?
    /// Words in front of the node's program.
    public let wrapper: [PlainWord]
    /// What is asked before the node starts.
    public let questions: [Question]
}

/// An absolute path in a sandbox, of characters that need no quoting anywhere.
public struct SandboxPath: Hashable, Sendable, LosslessStringConvertible {
    /// The path.
    public let description: String

    /// Takes a path; nil when it is not absolute, leads upwards, or has other characters.
    public init?(_ text: String) {
        guard text.hasPrefix("/"), PlainWord(text) != nil, let path = ContainedPath(String(text.dropFirst())), path != .top else {
            return nil
        }
        description = text
    }
}

/// A word of a command that a shell takes as it is.
public struct PlainWord: Hashable, Sendable, LosslessStringConvertible {
    /// The word.
    public let description: String

    /// Takes a word of ASCII letters, digits and signs without a meaning to a shell; nil for any other.
    public init?(_ text: String) {
        let good = text.utf8.allSatisfy { byte in
            byte < 128
                && (Character(UnicodeScalar(byte)).isLetter || Character(UnicodeScalar(byte)).isNumber || "-_./:=,+@%".utf8.contains(byte))
        }
        guard good, !text.isEmpty else { return nil }
        description = text
    }
}
