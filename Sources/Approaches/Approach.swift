import Model
import Paths

/// A way to run a node in a sandbox, as data: a change that replaces or complements a change of the source. Each approach is one file in
/// `approaches/`.
package struct Approach: Hashable, Sendable {
    /// What is booted.
    package enum Subject: Hashable, Sendable {
        /// The node with these patches; the stock node has none.
        case series([PatchName])
        /// The node with the recipe's own patches.
        case recipe
        /// An API server and etcd, without a node.
        case controlPlane
    }

    /// Settings for some versions of kubelet.
    package struct KubeletSettings: Hashable, Sendable {
        /// The versions that the settings apply to; all if nil.
        package let versions: VersionRange?
        /// Feature gates, by name.
        package let featureGates: [String: Bool]
        /// Fields of kubelet's configuration, by name.
        package let fields: [String: Bool]
    }

    /// A program or file of a Debian package that the sandbox needs.
    package struct Tool: Hashable, Sendable {
        /// The program's name, or a file's path.
        package let name: String
        /// The Debian package that contains it.
        package let package: String
    }

    /// A C file in the approaches' folder that is compiled for the sandbox.
    package struct Compiled: Hashable, Sendable {
        /// The C file, relative to `approaches/`.
        package let source: String
        /// The result's path in the sandbox.
        package let place: SandboxPath
        /// Whether the result is a shared library; otherwise it is a program.
        package let isShared: Bool
    }

    /// A copy of a directory in the sandbox, with additional files.
    package struct DirectoryCopy: Hashable, Sendable {
        /// The directory; nil for an empty one.
        package let source: SandboxPath?
        /// The copy's path.
        package let place: SandboxPath
        /// The text of additional files in the copy, by name.
        package let files: [String: String]
    }

    /// A bind mount.
    package struct Bind: Hashable, Sendable {
        /// The mounted directory or file.
        package let source: SandboxPath
        /// The mount point.
        package let place: SandboxPath
    }

    /// A program that serves a FUSE file system.
    package struct Fuse: Hashable, Sendable {
        /// The program and its arguments.
        package let run: [PlainWord]
        /// The mount point, which must be mounted before the node starts.
        package let place: SandboxPath
    }

    /// A program that runs in the sandbox before the node starts. Its output does not affect the verdict and is reported with it.
    package struct Question: Hashable, Sendable {
        /// The question that it answers.
        package let title: String
        /// The program and its arguments.
        package let run: [PlainWord]
        /// Whether it runs with the preloaded library.
        package let isPreloaded: Bool
        /// Whether it runs before the FUSE file system is mounted; otherwise after it.
        package let isEarly: Bool
    }

    /// What a measurement shows about the claim, in words that apply to only one outcome.
    package struct Finding: Hashable, Sendable {
        /// The outcome that the words apply to.
        package let outcome: ApproachOutcome
        /// The words.
        package let text: String
    }

    /// The file's name without its extension.
    package let name: String
    /// A short title for display.
    package let title: String
    /// The sort key in a table, in ascending order.
    package let order: Int
    /// The change, in one sentence.
    package let changes: String
    /// What the project's initial research claimed about it.
    package let claim: String
    /// What was found, shown with the claim.
    package let finding: Finding?
    /// What it is good for, in one sentence.
    package let goodFor: String
    /// What is booted.
    package let subject: Subject
    /// The runtime that it boots in.
    package let runtime: ContainerRuntime
    /// Settings for kubelet.
    package let kubelet: [KubeletSettings]
    /// Programs and files of the machine that the sandbox needs.
    package let tools: [Tool]
    /// C files that are compiled for the sandbox.
    package let compiled: [Compiled]
    /// Copies, which are made first.
    package let copies: [DirectoryCopy]
    /// Bind mounts, which are made after the copies.
    package let binds: [Bind]
    /// The FUSE file system, which is mounted last.
    package let fuse: Fuse?
    /// The library that is preloaded into the node's program.
    package let preload: SandboxPath?
    /// Words before the node's program.
    package let wrapper: [PlainWord]
    /// Programs that run before the node starts.
    package let questions: [Question]
}

/// An absolute path in a sandbox whose characters never need quoting.
package struct SandboxPath: Hashable, Sendable, LosslessStringConvertible {
    /// The path.
    package let description: String

    /// Parses a path; nil if it is not absolute, contains `..`, or has other characters.
    package init?(_ text: String) {
        guard text.hasPrefix("/"), PlainWord(text) != nil, let path = ContainedPath(String(text.dropFirst())), path != .top else {
            return nil
        }
        description = text
    }
}

/// A word of a command that needs no quoting in a shell.
package struct PlainWord: Hashable, Sendable, LosslessStringConvertible {
    /// The word.
    package let description: String

    /// Parses a word of ASCII letters, digits and characters without a special meaning in a shell; nil for any other.
    package init?(_ text: String) {
        let good = text.utf8.allSatisfy { byte in
            byte < 128
                && (Character(UnicodeScalar(byte)).isLetter || Character(UnicodeScalar(byte)).isNumber || "-_./:=,+@%".utf8.contains(byte))
        }
        guard good, !text.isEmpty else { return nil }
        description = text
    }
}
