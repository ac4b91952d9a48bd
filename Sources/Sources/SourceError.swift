import ExitCodes
import Git
import Host
import Model
import SystemPackage

/// Why a source could not be obtained.
package enum SourceError: ExitStatusError, Sendable, CustomStringConvertible {
    /// No Debian mirror is known on this machine.
    case noMirror(platform: String)
    /// The environment variable with the mirror's address has something else.
    case badMirror(variable: String)
    /// The keys of Debian's archive are not on this machine.
    case noKeyring
    /// The file of keys that the user named is not there, or its path cannot be told to apt.
    case keyring(String)
    /// The index could not be read, or its signature is invalid.
    case index(suite: String, reason: String)
    /// The index does not list the version that the recipe requires.
    case notListed(package: String, version: String, suite: String, found: [String])
    /// A file of the package cannot be unpacked.
    case unpack(file: String, reason: String)

    /// What failed, why, and what to do.
    package var description: String {
        switch self {
        case .noMirror(let platform):
            """
            no Debian mirror is known on this machine (\(platform.allSatisfy { $0 == " " } ? "its release is not told" : platform))
                Set NINEPIN_DEBIAN_MIRROR to the address of a Debian mirror. On Debian, an entry with 'main' for this release in apt's
                sources does too (sources.list(5)).
            """
        case .badMirror(let variable):
            "\(variable) is not the address of a mirror\n    It begins with http://, https:// or file:/, and has no spaces and brackets."
        case .noKeyring:
            """
            the keys of Debian's archive are not on this machine
                Run ./setup, or install debian-archive-keyring (on Fedora debian-keyring), or set NINEPIN_DEBIAN_KEYRING to their file.
            """
        case .keyring(let file):
            "NINEPIN_DEBIAN_KEYRING is not a file with keys: \(file)\n    Name one, by a path without spaces, or unset it for the platform's own."
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
