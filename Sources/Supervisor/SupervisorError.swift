import ExitCodes
import SystemPackage

/// The error of an operation on a kept node.
package enum SupervisorError: ExitStatusError, Sendable, CustomStringConvertible {
    /// The name is invalid.
    case name(String)
    /// A node with this name exists.
    case exists(String)
    /// There is no such node.
    case unknown(String)
    /// Its files are damaged or from another version of Ninepin.
    case unreadable(String, FilePath)
    /// It is not up, because its keeper has ended.
    case notUp(String, FilePath)
    /// Its keeper does not end.
    case stuck(String, process: Int32)
    /// It has no log with this name.
    case noLog(String, process: String, known: [String])

    /// The error, its reason, and what to do.
    package var description: String {
        switch self {
        case .name(let name): "'\(name)' is no name for a node\n    Take small letters, digits and hyphens, 40 at most."
        case .exists(let name): "a node '\(name)' is there already\n    Take another --name, or: ninepin down \(name)"
        case .unknown(let name): "there is no node '\(name)'\n    ninepin nodes lists them; ninepin up --name \(name) makes one."
        case .unreadable(let name, let file): "\(file) cannot be read\n    It may be another version's: ninepin down \(name) removes it."
        case .notUp(let name, let log): "node '\(name)' is not up\n    Its keeper's words are in \(log); ninepin down \(name) removes it."
        case .stuck(let name, let process):
            "node '\(name)' does not end: its keeper is process \(process)\n    Try again, or end that process."
        case .noLog(let name, let process, let known):
            "node '\(name)' has no log of '\(process)'\n    It has: \(known.joined(separator: ", "))"
        }
    }

    package var exitStatus: ExitStatus {
        switch self {
        case .name, .exists, .unknown, .noLog: .usage
        case .unreadable: .data
        case .notUp, .stuck: .missing
        }
    }
}
