/// The kubelet releases that support a configuration field or accept a feature gate, for those that the harness, the approaches and the
/// recipes use.
enum KubeletSetting {
    /// The first minor release of Kubernetes 1 whose KubeletConfiguration (v1beta1) has the field.
    static let fields = [
        "containerRuntimeEndpoint": KubernetesRelease.firstWithEndpointField, "failCgroupV1": 31, "imageServiceEndpoint": 27,
        "localStorageCapacityIsolation": 25,
        "memorySwap": 22, "singleProcessOOMKill": KubernetesRelease.firstWithSingleOOMKill,
    ]
    /// The minor releases that accept the feature gate.
    static let gates = ["KubeletInUserNamespace": 22...Int.max, "LocalStorageCapacityIsolation": 7...24]
}

extension Recipe {
    /// Notes on how kubelet at the recipe's version treats fields of `node.kubelet` that it does not know; empty if it knows all of them,
    /// or if the version is not a version of Kubernetes 1.
    package var settingNotes: [String] {
        guard let node, let minor = version.kubernetesMinor else { return [] }
        let unknown = node.kubelet.keys.sorted().compactMap { field in
            KubeletSetting.fields[field].flatMap { first in
                minor < first
                    ? "kubelet \(version.plain) does not support '\(field)', which was added in 1.\(first): it logs a warning and ignores the field"
                    : nil
            }
        }
        let named = node.kubelet["featureGates"] ?? ""
        let refused = KubeletSetting.gates.sorted { $0.key < $1.key }.compactMap { gate, releases in
            named.contains(gate) && !releases.contains(minor)
                ? "kubelet \(version.plain) does not support the feature gate '\(gate)': it exits, which says nothing about the node" : nil
        }
        return unknown + refused
    }
}
