import Model
import Paths

/// A way to make a node live in a sandbox, as data: what is changed instead of the source, or beside it. One file of `approaches/`.
package struct Approach: Hashable, Sendable {
    /// What is booted.
    package enum Subject: Hashable, Sendable {
        /// The node with these patches; the stock one has none.
        case series([PatchName])
        /// The node with the recipe's own patches.
        case recipe
        /// An API server and its store; no node at all.
        case controlPlane
    }

    /// What kubelet is told, for some of its versions.
    package struct KubeletSettings: Hashable, Sendable {
        /// Which versions it is for; all when nil.
        package let versions: VersionRange?
        /// Feature gates, by name.
        package let featureGates: [String: Bool]
        /// Fields of kubelet's configuration, by name.
        package let fields: [String: Bool]
    }

    /// A program or a file of a Debian package that the sandbox needs.
    package struct Tool: Hashable, Sendable {
        /// The program's name, or a file's path.
        package let name: String
        /// The Debian package that has it.
        package let package: String
    }

    /// A C file beside the approach's own, compiled into the sandbox.
    package struct Compiled: Hashable, Sendable {
        /// The C file, relative to `approaches/`.
        package let source: String
        /// Where the result goes in the sandbox.
        package let place: SandboxPath
        /// Whether it is a shared library; else a program.
        package let isShared: Bool
    }

    /// A copy of a directory of the sandbox's, with some files of our own in it.
    package struct DirectoryCopy: Hashable, Sendable {
        /// The directory; nil for an empty one.
        package let source: SandboxPath?
        /// Where the copy is made.
        package let place: SandboxPath
        /// Files that the copy has beside those of the directory, with their text.
        package let files: [String: String]
    }

    /// A bind mount.
    package struct Bind: Hashable, Sendable {
        /// What is shown.
        package let source: SandboxPath
        /// Where it is shown.
        package let place: SandboxPath
    }

    /// A program that serves a FUSE file system.
    package struct Fuse: Hashable, Sendable {
        /// The program and its arguments.
        package let run: [PlainWord]
        /// Where it must be mounted before the node starts.
        package let place: SandboxPath
    }

    /// A question asked in the sandbox before the node starts. Its answer decides nothing and stands beside the verdict.
    package struct Question: Hashable, Sendable {
        /// What is asked, in words.
        package let title: String
        /// The program and its arguments.
        package let run: [PlainWord]
        /// Whether it gets the preloaded library.
        package let isPreloaded: Bool
        /// Whether it is asked before the FUSE file system is mounted; after it when false.
        package let isEarly: Bool
    }

    /// What a measurement says to the claim, in words that hold only for one outcome.
    package struct Finding: Hashable, Sendable {
        /// The outcome for which the words were written.
        package let outcome: ApproachOutcome
        /// The words.
        package let text: String
    }

    /// The file's name without its ending.
    package let name: String
    /// A few words for people.
    package let title: String
    /// Its place in a table: the smallest number comes first.
    package let order: Int
    /// What is changed, in one sentence.
    package let changes: String
    /// What the research that the project began with claimed of it.
    package let claim: String
    /// What was found, beside the claim.
    package let finding: Finding?
    /// What it is good for, in one sentence.
    package let goodFor: String
    /// What is booted.
    package let subject: Subject
    /// What it is booted in.
    package let runtime: ContainerRuntime
    /// What kubelet is told.
    package let kubelet: [KubeletSettings]
    /// What the sandbox needs of the machine's.
    package let tools: [Tool]
    /// C files that are compiled for the sandbox.
    package let compiled: [Compiled]
    /// Copies that are made first.
    package let copies: [DirectoryCopy]
    /// Bind mounts that are made next.
    package let binds: [Bind]
    /// The FUSE file system that is mounted last.
    package let fuse: Fuse?
    /// The library that the node's program is made to load.
    package let preload: SandboxPath?
    /// Words in front of the node's program.
    package let wrapper: [PlainWord]
    /// What is asked before the node starts.
    package let questions: [Question]
}

/// An absolute path in a sandbox, of characters that need no quoting anywhere.
package struct SandboxPath: Hashable, Sendable, LosslessStringConvertible {
    /// The path.
    package let description: String

    /// Takes a path; nil when it is not absolute, leads upwards, or has other characters.
    package init?(_ text: String) {
        guard text.hasPrefix("/"), PlainWord(text) != nil, let path = ContainedPath(String(text.dropFirst())), path != .top else {
            return nil
        }
        description = text
    }
}

/// A word of a command that a shell takes as it is.
package struct PlainWord: Hashable, Sendable, LosslessStringConvertible {
    /// The word.
    package let description: String

    /// Takes a word of ASCII letters, digits and signs without a meaning to a shell; nil for any other.
    package init?(_ text: String) {
        let good = text.utf8.allSatisfy { byte in
            byte < 128
                && (Character(UnicodeScalar(byte)).isLetter || Character(UnicodeScalar(byte)).isNumber || "-_./:=,+@%".utf8.contains(byte))
        }
        guard good, !text.isEmpty else { return nil }
        description = text
    }
}
