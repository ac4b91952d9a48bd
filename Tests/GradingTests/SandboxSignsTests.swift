import Model
import Testing

@testable import Grading

@Suite("What a sandbox shows of itself")
struct SandboxSignsTests {
    private func fault(_ place: HostSigns, gvisor: Bool = true, _ mounts: [String: String]) -> String? {
        SandboxSigns(gvisor: gvisor ? "Starting gVisor..." : nil, mounts: mounts).fault(in: .inPlace(place))
    }

    @Test("what the place showed before is what it has to show: its kernel, its root, kubelet's directory")
    func signs() {
        let volume = HostSigns(isGvisor: true, rootType: "9p", kubeletType: "9p")
        #expect(fault(volume, ["/": "9p", "/var/lib/kubelet": "9p"]) == nil)
        #expect(fault(volume, ["/": "9p"]) == "/var/lib/kubelet is no mount for the node, but 9p for Ninepin")
        #expect(fault(volume, ["/": "overlay", "/var/lib/kubelet": "9p"]) == "/ is overlay for the node, but 9p for Ninepin")
        #expect(
            fault(volume, gvisor: false, ["/": "9p", "/var/lib/kubelet": "9p"])?.contains("no longer identifies itself as gVisor") == true)
        let machine = HostSigns(isGvisor: false, rootType: "ext4", kubeletType: nil)
        #expect(fault(machine, gvisor: false, ["/": "ext4"]) == nil)
        #expect(fault(machine, ["/": "ext4"])?.contains("now identifies itself as gVisor") == true)
        #expect(fault(machine, gvisor: false, ["/": "ext4", "/var/lib/kubelet": "xfs"]) != nil)
    }

    @Test("a container is no sandbox, and a sandbox no container: each must show what it is")
    func runtimes() throws {
        var signs = SandboxSigns()
        signs.mounts = ["/": "ext4"]
        #expect(signs.fault(in: .container) == nil)
        #expect(signs.fault(in: .sandbox(.root9p))?.contains("does not look like gVisor") == true)
        signs.gvisor = "Starting gVisor..."
        #expect(signs.fault(in: .container)?.contains("gVisor") == true)
        signs = SandboxSigns()
        signs.mounts = ["/": "9p"]
        #expect(signs.fault(in: .container)?.contains("9p") == true)
        #expect(SandboxSigns().fault(in: .container) != nil)
    }

    @Test("the cgroups that the sandbox shows must be those that the layout asks for")
    func cgroups() {
        let signs = { (cgroup: String?) in
            SandboxSigns(gvisor: "Starting gVisor...", mounts: ["/": "9p"].merging(cgroup.map { ["/sys/fs/cgroup": $0] } ?? [:]) { $1 })
        }
        let v2 = Layout.root9p.with(cgroup: .v2)
        #expect(
            signs("cgroup2").fault(in: .sandbox(v2)) == nil && signs("tmpfs").fault(in: .sandbox(.root9p)) == nil
                && signs(nil).fault(in: .sandbox(.root9p)) == nil)
        #expect(signs("tmpfs").fault(in: .sandbox(v2))?.contains("requires cgroup v2") == true)
        #expect(signs(nil).fault(in: .sandbox(v2))?.contains("no mount") == true)
        #expect(signs("cgroup2").fault(in: .sandbox(.root9p))?.contains("requires cgroup v1") == true)
    }
}
