import FileSystem
import Foundation
import Host
import Model
import SystemPackage
import Testing

@testable import Sandbox

/// A fake runsc: it prints its release and its flags, and creates no sandbox.
private struct StandIn {
    let folder: Folder
    let program: FilePath

    /// - Parameter flags: its description of flags, in the format of Go's `flag.PrintDefaults`, on standard error.
    init(_ release: String, flags: String = "", flagsCommand: String = "flags", flagsStatus: Int = 0) throws {
        folder = try Folder()
        try Files.write(flags, to: folder.path.appending("flags.txt"))
        program = try folder.program(
            "runsc",
            """
            #!/bin/sh
            case "$1" in
              --version) echo "runsc version \(release)"; echo "spec: 1.2.0" ;;
              \(flagsCommand)) cat "\(folder.path)/flags.txt" >&2; exit \(flagsStatus) ;;
              *) echo "unknown command $1" >&2; exit 1 ;;
            esac
            """)
    }

    func find(_ layouts: [Layout]) async throws -> Runsc { try await Runsc.find(on: folder.host, named: program, for: layouts) }
}

@Suite("runsc of any release")
struct RunscTests {
    private static let old = """
          -ignore-cgroups
            \tdon't configure cgroups.
          -overlay2 value
            \twrap mounts with overlayfs. Format is {mount}:{medium}, where 'mount' can be 'root' or 'all'. (default root:self)
        """
    private static let summer = """
          -mount-cgroup-v2
            \tmount cgroup v2.
          -overlay2 value
            \twrap mounts with overlayfs. Format is
            \t* {mount}:{medium}[,size={size}], where
            \t    'size' overrides the default
            \t (default root:self)
        """
    private static let autumn = """
          -in-sandbox-cgroup string
            \tthe version that the sandbox has: v1, v2 (default "v1")
          -mount-cgroup-v2
            \tDEPRECATED: use in-sandbox-cgroup=v2
          -overlay2 value
            \t* {mount}:{medium}[,size={size}]
        """
    private static let v2 = Layout.root9p.with(cgroup: .v2)

    @Test(
        "cgroup v2 is asked for by the flag that runsc itself names, the newer one where it has both",
        arguments: [(summer, "--mount-cgroup-v2"), (autumn, "--in-sandbox-cgroup=v2")])
    func cgroupFlag(_ help: String, _ flag: String) async throws {
        let runsc = try await StandIn("release-20260817.0", flags: help).find([Self.v2])
        #expect(runsc.version == "release-20260817.0")
        #expect(
            try runsc.arguments(for: Self.v2, isNetworked: false)
                == ["--platform=systrap", "--network=none", "--ignore-cgroups", "--overlay2=none", flag])
    }

    @Test("flags are read from help as well, where there is no command that tells them")
    func help() async throws {
        for command in ["--help", "help"] {
            let runsc = try await StandIn("release-20260817.0", flags: Self.autumn, flagsCommand: command).find([Self.v2])
            #expect(runsc.flags.cgroupV2 == "--in-sandbox-cgroup=v2")
        }
        let failing = try StandIn("release-20260817.0", flags: Self.autumn, flagsCommand: "flags", flagsStatus: 2)
        #expect(try await failing.find([Self.v2]).flags.cgroupV2 == "--in-sandbox-cgroup=v2")
    }

    @Test("a runsc without either flag says so, and what to do, before anything is booted")
    func noCgroup() async throws {
        let old = try StandIn("0.0~20240729.0", flags: Self.old)
        let error = try await #require(throws: RunscLacks.self) { try await old.find([.root9p, Self.v2]) }
        #expect(error.description.contains("neither --in-sandbox-cgroup nor --mount-cgroup-v2"), "\(error)")
        #expect(error.description.contains("20240729.0") && error.description.contains("--runsc PATH"))
        #expect(error.layout == Self.v2)
    }

    @Test("an overlay gets a size where --overlay2 takes one, and an error says so where it does not")
    func overlaySize() async throws {
        let layout = Layout.rootOverlay.with(cgroup: .v1, overlaySize: OverlaySize("20g"))
        let runsc = try await StandIn("release-20260817.0", flags: Self.autumn).find([layout])
        #expect(try runsc.arguments(for: layout, isNetworked: true).last == "--overlay2=root:self,size=20g")
        let old = try StandIn("20240729.0", flags: Self.old)
        let error = try await #require(throws: RunscLacks.self) { try await old.find([layout]) }
        #expect(error.description.contains("does not support 'size='") && error.description.contains("--overlay-size"), "\(error)")
    }

    @Test("layouts that every runsc can make have the flags that they always had, and no flags are asked for")
    func present() async throws {
        let runsc = try await StandIn("0.0~20240729.0", flagsCommand: "never").find(Layout.allCases)
        #expect(runsc.version == "20240729.0")
        let common = ["--platform=systrap", "--network=none", "--ignore-cgroups"]
        #expect(try runsc.arguments(for: .root9p, isNetworked: false) == common + ["--overlay2=none"])
        #expect(try runsc.arguments(for: .volume9p, isNetworked: false) == common + ["--overlay2=none"])
        #expect(try runsc.arguments(for: .rootOverlay, isNetworked: false) == common)
        #expect(try runsc.arguments(for: .rootOverlay, isNetworked: true)[1] == "--network=host")
    }

    @Test("one that is named may be built from source and have no release, but not be too old, absent, or no runsc")
    func named() async throws {
        #expect(try await StandIn("VERSION_MISSING", flags: Self.autumn).find([Self.v2]).version == "VERSION_MISSING")
        for release in ["release-20221219.0", "\u{1B}[2J"] {
            let stand = try StandIn(release)
            let error = try await #require(throws: RunscMissing.self) { try await stand.find([]) }
            #expect(error.description.contains("--runsc"), "\(error)")
        }
        let folder = try Folder()
        await #expect(throws: RunscMissing.self) { try await Runsc.find(on: folder.host, named: folder.path.appending("none")) }
        let mute = try folder.program("mute", "#!/bin/sh\nexit 0\n")
        await #expect(throws: RunscMissing.self) { try await Runsc.find(on: folder.host, named: mute) }
    }

    @Test("one that writes without end is stopped, and not taken")
    func endless() async throws {
        let folder = try Folder()
        let endless = try folder.program("endless", "#!/bin/sh\nwhile :; do echo runsc version release-20260817.0; done\n")
        let error = try await #require(throws: RunscMissing.self) { try await Runsc.find(on: folder.host, named: endless) }
        #expect(error.description.contains("it writes more than"), "\(error)")
    }

    @Test("a flag that is only spoken of, or is said to do nothing, is none")
    func spokenOf() {
        let flags = RunscFlags(
            help: """
                Usage: runsc <flags>
                  -debug
                    \tenable what --in-sandbox-cgroup=v2 does not
                  -mount-cgroup-v2
                    \tDEPRECATED: this flag has no effect.
                  -overlay2 value
                    \twrap mounts.
                """)
        #expect(flags.cgroupV2 == nil && !flags.overlayTakesSize && flags.has("debug") && !flags.isEmpty)
        #expect(RunscFlags(help: "nothing of the kind\n").isEmpty)
    }
}
