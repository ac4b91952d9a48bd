import Host
import SystemPackage

/// A process of a control plane as it is started in a sandbox, where its files have other places.
package struct ControlPlaneCommand: Sendable {
    /// Its name.
    package let name: String
    /// The program, on this machine.
    package let program: FilePath
    /// Its arguments, with the sandbox's paths.
    package let arguments: [String]
}

extension ControlPlanePrograms {
    /// The store and the API server, which are a control plane that answers; nothing in it would make a pod of a deployment.
    ///
    /// - Parameters:
    ///   - place: where the credentials' files lie in the sandbox.
    ///   - data: where both may write.
    package func answering(_ credentials: Credentials, at place: FilePath, data: FilePath) -> [ControlPlaneCommand] {
        processes(credentials.moved(to: place), data: data).prefix(2).map {
            ControlPlaneCommand(name: $0.name, program: $0.program, arguments: $0.arguments)
        }
    }

    /// Where the API server listens in the sandbox.
    package static let address = "127.0.0.1:\(ControlPlane.port)"
}
