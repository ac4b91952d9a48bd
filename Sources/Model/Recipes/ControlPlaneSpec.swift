import Paths

/// Which packages of the source make the control plane that a node joins.
package struct ControlPlaneSpec: Hashable, Codable, Sendable {
    /// kube-apiserver's package, below the import path.
    package let apiServer: String
    /// kube-controller-manager's.
    package let controllerManager: String
    /// kube-scheduler's.
    package let scheduler: String
    /// A file that the source lacks and `openapi-gen`, which lies in its `vendor/`, makes; nil when nothing is lacking.
    package let openapi: String?
    /// Patches that it is built with, whatever patches the node has; one whose fault the tree does not have is left out.
    package let series: [PatchName]

    /// The packages, in the order in which they are built.
    package var packages: [String] { [apiServer, controllerManager, scheduler] }
}

extension ControlPlaneSpec {
    init(_ map: YamlMap) throws(Diagnostic) {
        apiServer = try map.path("apiServer").description
        controllerManager = try map.path("controllerManager").description
        scheduler = try map.path("scheduler").description
        openapi = map.has("openapi") ? try map.path("openapi").description : nil
        series = try map.values("series", expected: "a patch such as reflect2/map-iteration")
    }
}
