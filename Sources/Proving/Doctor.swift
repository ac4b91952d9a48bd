import Building
import Cluster
import ExitCodes
import FileSystem
import GoToolchain
import Host
import Model
import Node
import Preflight
import Sandbox
import SystemPackage

/// A prerequisite of Ninepin and whether it is available.
package struct Finding: Hashable, Codable, Sendable {
    /// The prerequisite's name.
    package let name: String
    /// Whether it is available.
    package let isHere: Bool
    /// What was found, or what is missing and how to get it.
    package let detail: String
}

/// A prerequisite of Ninepin and how to find it.
package struct DoctorCheck: Sendable {
    /// The prerequisite's name.
    package let name: String
    /// Returns a description of what was found. Throws an error that describes what is missing.
    package let find: @Sendable (Host) async throws -> String

    package init(_ name: String, find: @escaping @Sendable (Host) async throws -> String) {
        (self.name, self.find) = (name, find)
    }
}

/// Checks the prerequisites of Ninepin.
package enum Doctor {
    /// Runs all checks and returns their findings in order.
    ///
    /// - Throws: `CancellationError`.
    package static func look(at host: Host, for checks: [DoctorCheck]) async throws -> [Finding] {
        var findings: [Finding] = []
        for check in checks {
            do { findings.append(Finding(name: check.name, isHere: true, detail: try await check.find(host))) } catch let error
                as CancellationError
            { throw error } catch {
                findings.append(Finding(name: check.name, isHere: false, detail: "\(error)"))
            }
        }
        return findings
    }

    /// The prerequisites of builds: a Go toolchain for each recipe, and programs.
    package static func building(_ recipes: [String]) -> [DoctorCheck] {
        recipes.map { recipe in
            DoctorCheck("Go for \(recipe)") { host in
                let go = try GoToolchain.find(try Catalogue(host).recipe(recipe).toolchain, on: host)
                return "\(go.version) in \(go.root)"
            }
        }
            + ["apt-get", "dpkg-source", "unshare", "setpriv"].map { program in
                DoctorCheck(program) { host in
                    guard let path = host.program(program) else { throw Absent(program: program) }
                    return path.string
                }
            }
    }

    /// The prerequisites of a boot.
    package static let booting = [
        DoctorCheck("root") { host in
            guard host.isRoot else { throw NotRoot() }
            return "yes"
        },
        DoctorCheck("namespaces") { host in
            _ = try await Command("/bin/true", [], environment: host.plainEnvironment, on: host).output()
            return host.isRoot ? "available" : "not needed without root"
        },
        DoctorCheck("runsc") { host in
            let runsc = try await Runsc.find(on: host)
            return "\(runsc.version), \(runsc.program)"
        },
        DoctorCheck("node programs") { host in
            let release = try await KubeletProfile(on: host).containerd()
            let note =
                ContainerdRelease.lacksRuntimeConfig(release)
                ? ", which has no RuntimeConfig for kubelet 1.31 and later: they log a warning" : ""
            return "all present; containerd \(release)\(note)"
        },
        DoctorCheck("crun, for pods on cgroup v2") { host in
            // A run that creates a sandbox with cgroup v2 checks for it before it begins (KubeletProfile.require).
            let reading = HostFacts.reading(kubeletDirectory: NodePath.kubelet)
            return try crun(at: host.program(OCIRuntime.crun.rawValue), in: Surroundings(reading)?.cgroup)
        },
    ]

    /// What a control plane and builds need of the machine.
    package static let machine = [
        DoctorCheck("control plane programs") { host in "etcd is \(try ControlPlanePrograms.etcd(on: host))" },
        DoctorCheck("disk") { host in
            try BuildPrerequisites.checkSpace(BuildPrerequisites.neededBytes, on: host)
            return "\((Files.freeBytes(at: host.workspace) ?? 0) >> 30) GiB free in \(host.workspace)"
        },
    ]

    /// The result for crun. It is reported as missing only if Ninepin itself runs in a sandbox whose pods need it.
    static func crun(at path: FilePath?, in cgroup: CgroupVersion?) throws -> String {
        if let path { return path.string }
        guard cgroup.map(OCIRuntime.standard) != .crun else { throw Absent(program: OCIRuntime.crun.rawValue) }
        return "not installed; needed only for this: apt-get install crun"
    }

    struct Absent: ExitStatusError, CustomStringConvertible {
        let program: String
        var description: String { "\(program) is not on PATH\n    Run ./setup." }

        var exitStatus: ExitStatus { .fault }
    }
}
