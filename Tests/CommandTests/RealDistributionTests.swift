import Foundation
import Model
import Testing

/// The output of `make dist`.
@Suite("One program", .real(minutes: 8))
struct RealDistributionTests {
    @Test("one program, for machines that have the C library and nothing else: it says so, and runs in gVisor from any folder")
    func distribution() async throws {
        let place = try await RealWorkspace.linked(["tools"])
        let archive = try await Made.archive()
        let unpacked = try outcome(of: "/usr/bin/tar", ["-x", "-C", place.path, "-f", archive])
        #expect(unpacked.status == 0)
        let name = try #require(try FileManager.default.contentsOfDirectory(atPath: place.path).first { $0.hasPrefix("ninepin-") })
        let program = "\(place.path)/\(name)/bin/ninepin"
        let parts = [
            "recipes/kubelet-1.20.yaml", "patches/libcontainer/percpu/rc92.patch", "LICENSE", "README.md", "licenses/curl",
            "systemd/ninepin-nightly.service", "systemd/say-result", "ci/github-nightly.yml", "ci/gitlab-nightly.yml",
            "share/man/man1/ninepin-patches-add.1", "share/bash-completion/completions/ninepin",
        ]
        for part in parts {
            #expect(FileManager.default.fileExists(atPath: "\(place.path)/\(name)/\(part)"), "\(part)")
        }
        let libraries = try outcome(of: "/usr/bin/ldd", [program]).output.split(separator: "\n").compactMap { line in
            line.split(whereSeparator: \.isWhitespace).first.map { $0.split(separator: "/").last.map(String.init) ?? "" }
        }
        #expect(Set(libraries.map { $0.prefix { $0 != "." && $0 != "-" } }) == ["linux", "libc", "libm", "ld"], "\(libraries)")
        let room = try await SandboxFixture(place)
        try room.copy(program, as: "/opt/ninepin/bin/ninepin")
        for library in ["libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2"] {
            let line = try #require(try outcome(of: "/usr/bin/ldd", [program]).output.split(separator: "\n").first { $0.contains(library) })
            let path = try #require(line.split(whereSeparator: \.isWhitespace).first { $0.hasPrefix("/") })
            try room.copy(String(path), as: String(path))
        }
        for kind in [SandboxFixture.Kind.root9p, .rootOverlay] {
            let found = try await room.run(["/bin/sh", "-c", "cd /tmp && /opt/ninepin/bin/ninepin preflight --json"], in: kind)
            #expect(found.status == 0, "\(found.errors)")
            #expect((try found.json()["sandbox"] as? [String: Any])?["kind"] as? String == "gvisor")
        }
        // It finds the recipes next to itself, starts programs, and ends properly.
        let recipes = try await room.run(["/opt/ninepin/bin/ninepin", "recipes", "list"], in: .root9p)
        #expect(recipes.status == 0, "\(recipes.errors)")
        #expect(recipes.output.contains("kubelet-1.20"))
        let doctor = try await room.run(["/opt/ninepin/bin/ninepin", "doctor"], in: .root9p)
        #expect(doctor.status == 69, "\(doctor.output)\(doctor.errors)")
        try checkInstallation(of: program, in: "\(place.path)/installed")
        try await checkPackage(in: "\(place.path)/package")
    }

    @Test(
        "the container image has all that run needs on a Debian 13 with either form of apt's sources; its probes answer in gVisor; and without its Go, doctor says what to type"
    )
    func image() async throws {
        _ = try await Made.package()
        let image = ContainerImage()
        let built = try await Computing.inTurn { try image.script(["build"]) }
        try #require(built.status == 0, "\(built.output.suffix(3000))")
        let version = try image.script(["run", "version"])
        #expect(version.status == 0 && version.output.contains("ninepin \(Ninepin.version) linux/"), "\(version.output)")
        let recipes = try image.script(["run", "recipes", "list"])
        #expect(recipes.status == 0 && recipes.output.contains("kubelet-1.20") && recipes.output.contains("runc "), "\(recipes.output)")
        let doctor = try image.doctor()
        #expect(doctor.status == 0 && doctor.isSupported, "\(doctor.findings)")
        let missing = doctor.findings.filter { !$0.isHere && $0.need != "approaches" }
        #expect(missing.isEmpty && doctor.findings.count > 15, "\(missing)")
        let probed = try await Computing.inTurn {
            try image.script(["run", "run", "runc@1.1.5", "--level", "component", "--layout", "root-9p"])
        }
        #expect(probed.status == 0 && probed.output.contains("clean: all 2 probes answer"), "\(probed.output.suffix(3000))")
        let typed = try image.script(["shell", Self.withoutGo])
        #expect(typed.status == 0, "\(typed.output.suffix(3000))")
        let lines = typed.output.split(separator: "\n")
        #expect(lines.contains { $0.hasPrefix("MISSING") && $0.contains("Go for kubelet-1.20") }, "\(typed.output.suffix(3000))")
        #expect(
            lines.last?.hasPrefix("ok") == true && lines.last?.contains("1.19.8 in /usr/lib/go-1.19") == true,
            "\(typed.output.suffix(3000))")
    }

    /// Takes Go 1.19 and Debian 12 out of the image, types what `doctor` then says, and shows the doctor's line before and after.
    private static let withoutGo = """
        set -e
        apt-get -y -qq purge golang-1.19-go golang-1.19-src > /dev/null 2>&1
        rm -r /etc/apt/sources.list.d/bookworm* /etc/apt/preferences.d/bookworm
        echo 'APT::Get::Assume-Yes "true";' > /etc/apt/apt.conf.d/yes
        ninepin doctor | grep 'Go for kubelet-1.20'
        ninepin doctor --json > /tmp/before || [ $? = 69 ]
        python3 - > /tmp/commands <<'END'
        import json
        [found] = [one for one in json.load(open("/tmp/before"))["findings"] if one["name"] == "Go for kubelet-1.20"]
        lines = [line.strip() for line in found["detail"].split("\\n")]
        print("\\n".join(lines[lines.index("As root:") + 1:]))
        END
        cat /tmp/commands
        DEBIAN_FRONTEND=noninteractive sh -e /tmp/commands > /tmp/log 2>&1 || { cat /tmp/log; exit 1; }
        ninepin doctor | grep 'Go for kubelet-1.20'
        """

    /// The files below a folder.
    private func files(_ folder: String) throws -> [String] {
        try outcome(of: "/usr/bin/find", [folder, "-type", "f", "-printf", "%P\n"]).output.split(separator: "\n").map(String.init)
    }

    private func checkInstallation(of program: String, in root: String) throws {
        let settings = ["PROGRAM=\(program)", "PREFIX=/usr/local", "DESTDIR=\(root)"]
        let installed = try Process.make("install", settings)
        #expect(installed.status == 0, "\(installed.output)")
        let all = try files(root)
        let parts = [
            "bin/ninepin", "share/ninepin/recipes/kubelet-1.20.yaml", "share/ninepin/patches/libcontainer/percpu/rc92.patch",
            "share/man/man1/ninepin.1", "share/man/man1/ninepin-run.1", "share/bash-completion/completions/ninepin",
            "share/zsh/site-functions/_ninepin", "share/fish/vendor_completions.d/ninepin.fish", "share/doc/ninepin/docs/install.md",
        ]
        for part in parts { #expect(all.contains("usr/local/\(part)"), "\(part)") }
        // It finds its own recipes and patches, and bash completes them.
        let code = """
            cd / && PATH='\(root)/usr/local/bin':$PATH && . '\(root)/usr/local/share/bash-completion/completions/ninepin' || exit
            unset NINEPIN_PROJECT
            for line in 'ninepin run k3s' 'ninepin run --series perc'; do
                COMP_LINE=$line COMP_POINT=${#line} COMP_WORDS=($line) COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMPREPLY=()
                _ninepin ninepin "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}" && printf '%s\\n' "${COMPREPLY[@]}"
            done
            """
        let completed = try outcome(of: "/bin/bash", ["--norc", "-c", code]).output.split(separator: "\n")
        #expect(completed.contains("k3s") && completed.contains("percpu"), "\(completed)")
        let removed = try Process.make("uninstall", settings)
        #expect(removed.status == 0, "\(removed.output)")
        #expect(try files(root).isEmpty)
    }

    private func checkPackage(in root: String) async throws {
        let package = try await Made.package()
        #expect(package.first == package.second, "the same input gave two packages")
        let path = package.path
        let depends = try outcome(of: "/usr/bin/dpkg-deb", ["--field", path, "Depends"]).output
        #expect(depends.wholeMatch(of: /libc6 \(>= 2\.[0-9]+\)\n/) != nil, "\(depends)")
        #expect(try outcome(of: "/usr/bin/dpkg-deb", ["--field", path, "Recommends"]).output.contains("containerd"))
        #expect(try outcome(of: "/usr/bin/dpkg-deb", ["--extract", path, root]).status == 0)
        let all = try files(root)
        let parts = [
            "usr/bin/ninepin", "usr/share/ninepin/recipes/kubelet-1.20.yaml", "usr/share/man/man1/ninepin.1.gz",
            "usr/share/zsh/vendor-completions/_ninepin", "usr/share/doc/ninepin/copyright", "usr/share/doc/ninepin/licenses/curl",
        ]
        for part in parts { #expect(all.contains(part), "\(part)") }
        // A prerequisite on Debian and Ubuntu only.
        guard FileManager.default.isExecutableFile(atPath: "/usr/bin/lintian") else { return }
        let checked = try outcome(of: "/usr/bin/lintian", ["--allow-root", "--fail-on", "error,warning", path])
        #expect(checked.status == 0 && !checked.output.contains("W:") && !checked.output.contains("E:"), "\(checked.output)")
    }
}

/// What `make dist` and `packaging/deb` write, once for all tests.
private enum Made {
    struct Package: Sendable {
        let path: String
        /// The bytes of two packages from the same archive.
        let first, second: Data
    }

    private static let archiveOnce = Once<String>()
    private static let packageOnce = Once<Package>()

    /// The path of the archive.
    static func archive() async throws -> String {
        try await archiveOnce.value {
            let made = try await Computing.inTurn { try Process.make("dist") }
            try #require(made.status == 0, "\(made.output.suffix(2000))")
            let line = made.output.split(separator: "\n").last { $0.hasPrefix("dist/ninepin-") && $0.hasSuffix(".tar.gz") }
            return Tool.project.appending(path: String(try #require(line))).path
        }
    }

    static func package() async throws -> Package {
        let archive = try await archive()
        return try await packageOnce.value {
            var made: [Data] = []
            var path = ""
            for _ in 1...2 {
                let package = try outcome(of: Tool.project.appending(path: "packaging/deb").path, [archive])
                try #require(package.status == 0, "\(package.output)")
                path = Tool.project.appending(path: try #require(package.output.split(separator: "\n").last.map(String.init))).path
                made.append(try Data(contentsOf: URL(filePath: path)))
            }
            return Package(path: path, first: made[0], second: made[1])
        }
    }
}

/// The image of the Containerfile, on a base that stays beside the package's other products.
private struct ContainerImage {
    struct Finding {
        let name, need: String
        let isHere: Bool
    }

    func script(_ arguments: [String]) throws -> (status: Int32, output: String) {
        try outcome(
            of: Tool.project.appending(path: "packaging/try-image").path, [Tool.project.appending(path: ".build/image").path] + arguments)
    }

    /// What `doctor --json` says in the image.
    func doctor() throws -> (status: Int32, isSupported: Bool, findings: [Finding]) {
        let (status, output) = try script(["run", "doctor", "--json"])
        let text = output.drop { $0 != "{" }
        let document = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any], "\(output)")
        let findings = try #require(document["findings"] as? [[String: Any]]).map { one in
            Finding(
                name: try #require(one["name"] as? String), need: try #require(one["need"] as? String),
                isHere: one["isHere"] as? Bool == true)
        }
        return (status, document["isSupported"] as? Bool == true, findings)
    }
}

extension Process {
    /// Runs a Makefile target.
    fileprivate static func make(_ target: String, _ settings: [String] = []) throws -> (status: Int32, output: String) {
        try outcome(of: "/usr/bin/make", ["-C", Tool.project.path, "--no-print-directory", target] + settings)
    }
}
