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
            no Debian mirror is configured: this machine's apt sources have no entry for '\(suite.isEmpty ? "this release" : suite)' with 'main'
                Debian source packages are fetched through the machine's own mirror. Add one (see sources.list(5)), or run on Debian.
            """
        case .index(let suite, let reason):
            "cannot fetch the signed index of '\(suite)':\n    \(reason)\n    Check the network and whether 'apt-get update' works, then try again."
        case .notListed(let package, let version, let suite, let found):
            found.isEmpty
                ? "'\(suite)' has no package '\(package)'; check the recipe"
                : "'\(suite)' has no '\(package)' with upstream version \(version); available: \(found.joined(separator: ", "))"
        case .unpack(let file, let reason): "\(file) cannot be unpacked:\n    \(reason)"
        }
    }

    package var exitStatus: ExitStatus { .missing }
}
