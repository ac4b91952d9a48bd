/// A release of a distribution on an architecture, and what is known of Ninepin on it.
package struct Platform: Hashable, Codable, Sendable {
    /// What is known.
    package enum Status: String, Hashable, Codable, Sendable, CaseIterable {
        /// `setup` and real boots were run there.
        case tried
        /// Its packages are known; nothing was run there.
        case planned
        /// It cannot work.
        case refused
        /// It is not in the table.
        case unknown
    }

    /// The distribution, as in os-release(5); `unknown` if it is not told.
    package let id: String
    /// The release; empty if it is not told.
    package let version: String
    /// The architecture, in Debian's words.
    package let architecture: String
    package let status: Status
    /// Why it has this status.
    package let why: String

    /// Whether `setup` works there, as far as that is known.
    package var isSupported: Bool { status == .tried || status == .planned }

    /// The program that installs the platform's packages.
    package var packageManager: String { id == "fedora" ? "dnf" : "apt-get" }

    /// A line such as `debian 13 on amd64: supported, tried: …`.
    package var description: String {
        "\(id)\(version.isEmpty ? "" : " \(version)") on \(architecture): \(isSupported ? "supported, \(status.rawValue)" : "not supported"): \(why)"
    }
}

/// Packages of a Debian suite for a platform that has none of its own for something.
package struct BorrowedPackages: Hashable, Sendable {
    /// What they are for, such as `go-1.19`.
    package let what: String
    /// The suite's code name, such as `bookworm`.
    package let suite: String
    package let packages: [String]
}

/// The table that `setup` reads too: `Resources/platforms.tsv`.
package struct PlatformTable: Sendable {
    private let rows: [[Substring]]

    /// The table that is built in.
    package static let standard = PlatformTable(String(decoding: PackageResources.platforms_tsv, as: UTF8.self))

    package init(_ text: String) {
        rows = text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { $0.split(separator: "\t", omittingEmptySubsequences: false) }
    }

    /// What the table says of a release on an architecture: its first row that fits.
    package func platform(_ release: OSRelease, architecture: String) -> Platform {
        let id = release.id.isEmpty ? "unknown" : release.id
        func fits(_ pattern: Substring, _ value: String) -> Bool { pattern == "*" || pattern == value }
        let row = rows.first {
            $0.count == 7 && $0[0] == "platform" && fits($0[1], id) && fits($0[2], release.version) && fits($0[4], architecture)
        }
        guard let row, let status = Platform.Status(rawValue: String(row[5])) else {
            let name = "\(id) \(release.version.isEmpty ? "without a version" : release.version)"
            return Platform(
                id: id, version: release.version, architecture: architecture, status: .unknown,
                why: "'\(name)' on \(architecture) is not in the table of platforms (docs/platforms.md)")
        }
        return Platform(id: id, version: release.version, architecture: architecture, status: status, why: String(row[6]))
    }

    /// The packages of the platform's own package manager that are needed for something, such as `go`.
    package func packages(of need: String, on platform: Platform) -> [String] {
        rows("packages", on: platform).filter { $0[2] == need }.flatMap { $0[3...].map(String.init) }
    }

    /// What a platform lacks and a suite of Debian has.
    package func borrowed(on platform: Platform) -> [BorrowedPackages] {
        rows("borrowed", on: platform).filter { $0.count > 4 }.map {
            BorrowedPackages(what: String($0[2]), suite: String($0[3]), packages: $0[4...].map(String.init))
        }
    }

    /// The rows of a kind whose second field is a list with this platform in it.
    private func rows(_ kind: Substring, on platform: Platform) -> [[Substring]] {
        let places: Set<Substring> = ["*", "\(platform.id)-*", "\(platform.id)-\(platform.version)"]
        return rows.filter { $0.count > 3 && $0[0] == kind && $0[1].split(separator: ",").contains(where: places.contains) }
    }

    /// The releases of the table, with their architectures: `ID-VERSION` and the rest of their row.
    package var platforms: [Platform] {
        rows.filter { $0.count == 7 && $0[0] == "platform" }.compactMap { row in
            Platform.Status(rawValue: String(row[5])).map {
                Platform(id: String(row[1]), version: String(row[2]), architecture: String(row[4]), status: $0, why: String(row[6]))
            }
        }
    }
}
