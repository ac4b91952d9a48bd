import ExitCodes
import Git
import Host
import Model
import SystemPackage

/// Why a source could not be obtained.
package enum SourceError: ExitStatusError, Sendable, CustomStringConvertible {
    /// This machine's apt has no entry for its own release.
    case noMirror(suite: String)
    /// The index could not be read, or its signature is invalid.
    case index(suite: String, reason: String)
    /// The index does not list the version that the recipe requires.
    case notListed(package: String, version: String, suite: String, found: [String])
    /// A file of the package cannot be unpacked.
    case unpack(file: String, reason: String)

    /// What failed, why, and what to do.
    package var description: String {
        switch self {
        case .noMirror(let suite):
            """
            no Debian mirror is known: apt's sources on this machine have no entry for '\(suite.isEmpty ? "this release" : suite)' with 'main'
                Debian source packages are found through the mirror that the machine itself uses. Add one (see sources.list(5)), or run on Debian.
            """
        case .index(let suite, let reason):
            "the signed index of '\(suite)' cannot be had:\n    \(reason)\n    Look at the network and at apt's own 'apt-get update', then try again."
        case .notListed(let package, let version, let suite, let found):
            found.isEmpty
                ? "'\(suite)' has no package '\(package)'; look at the recipe"
                : "'\(suite)' has no '\(package)' with the upstream version \(version); it has \(found.joined(separator: ", "))"
        case .unpack(let file, let reason): "\(file) cannot be unpacked:\n    \(reason)"
        }
    }

    package var exitStatus: ExitStatus { .missing }
}
