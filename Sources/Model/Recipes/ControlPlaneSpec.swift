import Paths

/// The packages of the source that form the control plane that a node joins.
package struct ControlPlaneSpec: Hashable, Codable, Sendable {
    /// kube-apiserver's package, relative to the import path.
    package let apiServer: String
    /// kube-controller-manager's package.
    package let controllerManager: String
    /// kube-scheduler's package.
    package let scheduler: String
    /// A file missing from the source that `openapi-gen` from its `vendor/` generates; nil if none is missing.
    package let openapi: String?
    /// Patches to build the control plane with, regardless of the node's patches. A patch is skipped if the tree does not have its fault.
    package let series: [PatchName]

    /// The packages in build order.
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
