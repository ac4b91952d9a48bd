import Host
import SystemPackage

/// The command for a control plane process in a sandbox, where its files have other paths.
package struct ControlPlaneCommand: Sendable {
    package let name: String
    /// The program on this machine.
    package let program: FilePath
    /// Its arguments, with paths in the sandbox.
    package let arguments: [String]
}

extension ControlPlanePrograms {
    /// The store and the API server: a control plane that answers requests but has no controllers, so it would not create pods for a
    /// deployment.
    ///
    /// - Parameters:
    ///   - place: the directory of the credentials in the sandbox.
    ///   - data: a directory that both can write to.
    package func answering(_ credentials: Credentials, at place: FilePath, data: FilePath) -> [ControlPlaneCommand] {
        processes(credentials.moved(to: place), data: data).prefix(2).map {
            ControlPlaneCommand(name: $0.name, program: $0.program, arguments: $0.arguments)
        }
    }

    /// The API server's address in the sandbox.
    package static let address = "127.0.0.1:\(ControlPlane.port)"
}
