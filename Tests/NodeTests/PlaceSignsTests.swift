import Model
import SystemPackage
import Testing

@testable import Node

@Suite("A node that is booted in the place itself")
struct PlaceSignsTests {
    private func fault(_ place: PlaceSigns?, gvisor: Bool = true, _ mounts: [String: String]) -> String? {
        SandboxSigns(gvisor: gvisor ? "Starting gVisor..." : nil, mounts: mounts).fault(in: .here, place: place)
    }

    @Test("what the place showed before is what it has to show: its kernel, its root, kubelet's directory")
    func signs() {
        let volume = PlaceSigns(isGvisor: true, rootType: "9p", kubeletType: "9p")
        #expect(fault(volume, ["/": "9p", "/var/lib/kubelet": "9p"]) == nil)
        #expect(fault(volume, ["/": "9p"]) == "/var/lib/kubelet is no mount for the node, and 9p for Ninepin")
        #expect(fault(volume, ["/": "overlay", "/var/lib/kubelet": "9p"]) == "/ is overlay for the node, and 9p for Ninepin")
        #expect(fault(volume, gvisor: false, ["/": "9p", "/var/lib/kubelet": "9p"])?.contains("does not say that it is gVisor") == true)
        let machine = PlaceSigns(isGvisor: false, rootType: "ext4", kubeletType: nil)
        #expect(fault(machine, gvisor: false, ["/": "ext4"]) == nil)
        #expect(fault(machine, ["/": "ext4"])?.contains("says that it is gVisor") == true)
        #expect(fault(machine, gvisor: false, ["/": "ext4", "/var/lib/kubelet": "xfs"]) != nil)
    }

    @Test("a place that nobody looked at proves nothing, and no sandbox can be asked to be one")
    func unseen() {
        #expect(fault(nil, ["/": "9p"]) == "nobody looked at the place before")
        #expect(!Layout.allCases.contains(.here))
    }

    @Test("the first program touches neither /dev nor /tmp of the place, and starts all from its own folder")
    func script() {
        let text = NodeHere.script("/work/boot", kubelet: "/var/lib/kubelet/.ninepin/1/node", images: "/var/lib/containerd/.ninepin/1/node")
        #expect(!text.contains("/dev/kmsg"))
        #expect(!text.contains("work=/tmp"))
        for path in [" /usr/local/bin/kubelet", "/etc/kubelet.yaml", "/etc/containerd.toml", "@"] {
            let lines = text.split(separator: "\n").filter { $0.contains(path) && !$0.contains("@ninepin ") }
            #expect(lines.isEmpty, "\(path): \(lines)")
        }
        #expect(text.contains("'/work/boot/bin/kubelet' --config '/work/boot/kubelet.yaml'"))
        #expect(text.contains("mount --bind '/var/lib/kubelet/.ninepin/1/node' /var/lib/kubelet"))
    }
}
