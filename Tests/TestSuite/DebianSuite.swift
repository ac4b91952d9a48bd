import FileSystem
import FoundationEssentials
import Host
import Synchronization
import SystemPackage
import TestServers

/// A Debian suite with one source package, one built package with the same code, and one package with containerd's programs. It is signed
/// with its own key and served on the loopback interface. Includes a machine whose apt is configured for it.
package final class DebianSuite: Sendable {
    /// The suite's name.
    package static let name = "teststable"
    /// The content of both packages.
    package static let files = [
        "go.mod": "module example.org/thing\n", "thing.go": "package thing\n", "debian/source/format": "3.0 (native)\n",
    ]

    private let path: FilePath
    /// Replacements for files of the site; nil for 404.
    private let instead = Mutex<[String: [UInt8]?]>([:])

    /// Creates a suite with version 1.0 in the folder `pool/a`.
    package static func make() async throws -> DebianSuite {
        let suite = try DebianSuite()
        try await suite.run(Self.key)
        try await suite.publish()
        return suite
    }

    private init() throws {
        path = FilePath(FileManager.default.temporaryDirectory.appending(path: "ninepin-suite-\(UUID())").path)
        for (name, text) in Self.files {
            let file = path.appending("code").appending(name)
            try Files.makeDirectory(file.removingLastComponent())
            try Files.write(text, to: file)
        }
    }

    /// Removes everything. The test must call this, because the server's threads may keep this value alive until the process ends.
    package func remove() throws { try Files.remove(path) }

    /// The folder with the code of both packages.
    package var code: FilePath { path.appending("code") }

    /// The machine's folder, with the suite at an address.
    ///
    /// - Parameter user: the part before the host, including its `@`.
    package func machine(_ server: LoopbackServer, user: String = "") throws -> FilePath {
        let etc = path.appending("machine-\(server.port)/etc")
        try Files.makeDirectory(etc.appending("apt"))
        try Files.write("ID=debian\nVERSION_CODENAME=\(Self.name)\n", to: etc.appending("os-release"))
        let address = server.address("/debian").replacing("://", with: "://\(user)")
        let line = "deb [signed-by=\(path)/keyring.gpg] \(address) \(Self.name) main\n"
        try Files.write(line, to: etc.appending("apt/sources.list"))
        return path.appending("machine-\(server.port)")
    }

    /// Recreates both packages with a version in a folder of the pool, and signs the index; files in other folders are removed.
    package func publish(version: String = "1.0", in pool: String = "pool/a") async throws {
        instead.withLock { $0 = [:] }
        try await run(Self.packages, version, pool)
        try await sign()
    }

    /// Changes the programs of containerd's package with a shell script, whose first argument is their folder, from the next `publish` on.
    package func changeContainerd(_ script: String) throws { try Files.write(script, to: path.appending("containerd.sh")) }

    /// Signs the current index with the known key, or with an unknown one.
    package func sign(with key: String = "tester") async throws { try await run(Self.signature, key) }

    /// The bytes of a file of the site.
    package func published(_ file: String) throws -> [UInt8] { try Files.read(path.appending("site").appending(file)) }

    /// Replaces a file of the site, or removes it if `bytes` is nil.
    package func serve(_ bytes: [UInt8]?, as file: String) { instead.withLock { $0[file] = .some(bytes) } }

    package func answer(_ request: Request) -> Reply {
        let file = String(request.target.dropFirst("/debian/".count))
        if let other = instead.withLock({ $0[file] }) { return other.map { .file($0, request) } ?? .status(404) }
        guard !file.contains(".."), let bytes = try? Files.read(path.appending("site").appending(file)) else { return .status(404) }
        return .file(bytes, request)
    }

    private func run(_ script: String, _ arguments: String...) async throws {
        let host = Host.plain(path)
        _ = try await Command(
            "/bin/sh", ["-euc", script, "sh", path.string] + arguments,
            environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": path.string, "LC_ALL": "C"], directory: path, on: host
        ).output()
    }

    /// Two keys, one of which the machine knows. The agent must not outlive the test.
    private static let key = """
        mkdir -m 700 "$1/gnupg" && cd "$1"
        gpg="gpg --homedir $1/gnupg --batch --quiet --pinentry-mode loopback --passphrase"
        for name in tester stranger; do $gpg '' --quick-generate-key "$name" ed25519 sign never; done
        $gpg '' --export tester > keyring.gpg
        gpgconf --homedir "$1/gnupg" --kill gpg-agent
        """

    private static let packages = """
        machine=$(dpkg --print-architecture); version=$2; pool=$3; site=$1/site; work=$1/work
        export SOURCE_DATE_EPOCH=0
        rm -rf "$site" "$work"; mkdir -p "$site/$pool" "$work"
        cp -r "$1/code" "$work/thing-$version"
        [ "$version" = 1.0 ] || echo "// $version" >> "$work/thing-$version/thing.go"
        tar -C "$work" --sort=name --mtime=@0 --owner=0 --group=0 -czf "$site/$pool/thing_$version.tar.gz" "thing-$version"
        cd "$site/$pool"
        entry() { echo " $($1 "$2" | cut -d ' ' -f 1) $(stat -c %s "$2") $2"; }
        head="Maintainer: T <t@example.org>\\nArchitecture: all\\nVersion: $version"
        printf "Format: 3.0 (native)\\nSource: thing\\nBinary: golang-thing-dev\\n$head\\n" > "thing_$version.dsc"
        { echo Checksums-Sha256:; entry sha256sum "thing_$version.tar.gz"; echo Files:; entry md5sum "thing_$version.tar.gz"; } >> "thing_$version.dsc"
        src=$work/deb/usr/share/gocode/src/example.org
        mkdir -p "$src" "$work/deb/DEBIAN" && cp -r "$work/thing-$version" "$src/thing"
        printf "Package: golang-thing-dev\\n$head\\nDescription: d\\n" > "$work/deb/DEBIAN/control"
        deb=golang-thing-dev_${version}_all.deb
        dpkg-deb --build --root-owner-group "$work/deb" "$deb" > /dev/null
        # Each program tells its name and version.
        newer=2.0.${version#*.}-1
        bin=$work/containerd/usr/bin
        mkdir -p "$bin" "$work/containerd/DEBIAN"
        for name in containerd containerd-shim-runc-v2 ctr other; do
            printf '#!/bin/sh\\necho "%s x %s"\\n' "$name" "$newer" > "$bin/$name"; chmod 755 "$bin/$name"
        done
        [ ! -f "$1/containerd.sh" ] || sh -eu "$1/containerd.sh" "$bin"
        printf "Package: containerd\\nMaintainer: T <t@example.org>\\nArchitecture: $machine\\nVersion: $newer\\nDescription: d\\n" \\
            > "$work/containerd/DEBIAN/control"
        dpkg-deb --build --root-owner-group "$work/containerd" "containerd_${newer}_$machine.deb" > /dev/null
        index=$site/dists/teststable/main
        mkdir -p "$index/source" "$index/binary-$machine"
        {
            printf "Package: thing\\nBinary: golang-thing-dev\\n$head\\nFormat: 3.0 (native)\\nDirectory: $pool\\n"
            for sum in Checksums-Sha256:sha256sum Files:md5sum; do
                echo "${sum%:*}:"; for file in thing_*; do entry "${sum#*:}" "$file"; done
            done
        } > "$index/source/Sources"
        {
            cat "$work/deb/DEBIAN/control"
            echo "Filename: $pool/$deb"; echo "Size: $(stat -c %s "$deb")"
            echo "SHA256: $(sha256sum "$deb" | cut -d ' ' -f 1)"
            echo; cat "$work/containerd/DEBIAN/control"
            deb=containerd_${newer}_$machine.deb
            echo "Filename: $pool/$deb"; echo "Size: $(stat -c %s "$deb")"
            echo "SHA256: $(sha256sum "$deb" | cut -d ' ' -f 1)"
        } > "$index/binary-$machine/Packages"
        cd "$site/dists/teststable"
        printf "Origin: T\\nSuite: teststable\\nCodename: teststable\\nArchitectures: $machine all\\nComponents: main\\nDate: $(date -Ru)\\nSHA256:\\n" > "$1/Release"
        for file in main/*/*; do entry sha256sum "$file"; done >> "$1/Release"
        """

    private static let signature = """
        gpg --homedir "$1/gnupg" --batch --quiet --yes --pinentry-mode loopback --passphrase '' --local-user "$2" --clearsign \\
            --output "$1/site/dists/teststable/InRelease" "$1/Release"
        gpgconf --homedir "$1/gnupg" --kill gpg-agent
        """
}

extension Host {
    /// A host without root and settings, whose workspace and project are a folder.
    package static func plain(_ path: FilePath, machine: FilePath = "/") -> Host {
        Host(environment: ["PATH": "/usr/bin:/bin"], workspace: path, project: path, isRoot: false, machine: machine)
    }
}
