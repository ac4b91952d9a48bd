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
        case .name(let name): "'\(name)' is not a valid node name\n    Use lowercase letters, digits and hyphens, at most 40 characters."
        case .exists(let name): "a node '\(name)' already exists\n    Use another --name, or run: ninepin down \(name)"
        case .unknown(let name):
            "there is no node '\(name)'\n    List nodes with 'ninepin nodes', or start this one with 'ninepin up --name \(name)'."
        case .unreadable(let name, let file):
            "\(file) cannot be read\n    It may be from another version of Ninepin. To remove the node, run: ninepin down \(name)"
        case .notUp(let name, let log):
            "node '\(name)' is not up\n    Its keeper's log is \(log). To remove the node, run: ninepin down \(name)"
        case .stuck(let name, let process):
            "node '\(name)' does not stop: its keeper is process \(process)\n    Try again, or kill that process."
        case .noLog(let name, let process, let known):
            "node '\(name)' has no log of '\(process)'\n    Available logs: \(known.joined(separator: ", "))"
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
