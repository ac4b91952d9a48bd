import Paths

/// What a user or a project sets for all commands, in a configuration file.
///
/// An option of the command line comes first, then an environment variable, then the project's `ninepin.yaml`, then the user's own file.
package struct Settings: Hashable, Sendable {
    /// Whose file it is. A project comes from somebody else, so its file cannot choose which program runs as the user.
    package enum Owner: Sendable {
        case user, project
    }

    /// The workspace's folder. A relative path begins at the file's folder.
    package var workspace: String?
    /// More folders with recipes and patches, beside the project's own.
    package var projects: [String] = []
    /// The runsc to use.
    package var runsc: String?
    /// Addresses to fetch from instead: what an address begins with, and what replaces it.
    package var mirrors = Mirrors()
    /// The number of concurrent boots.
    package var jobs: Jobs?
    /// How many times slower this machine is than most.
    package var patience: Double?
    /// How long `ninepin gc` keeps a result after its last use, in seconds.
    package var keep: Double?
    /// The size in bytes that `ninepin gc` brings a workspace down to.
    package var cacheLimit: Int64?

    package init() {}

    /// Reads a configuration file.
    ///
    /// - Throws: `Diagnostic` with the position of the first error; also for a key that a project may not set.
    package init(yaml text: String, file: String, owner: Owner) throws(Diagnostic) {
        // A file with nothing but comments is a configuration without settings.
        let isEmpty = text.split(separator: "\n").allSatisfy {
            $0.allSatisfy(\.isWhitespace) || $0.drop(while: \.isWhitespace).hasPrefix("#")
        }
        guard !isEmpty else { return }
        let map = try YamlMap.parse(text, file: file, schema: Schema.file)
        for key in ["workspace", "projects", "runsc"] where map.has(key) {
            let paths = key == "projects" ? try map.values(key, as: String.self, expected: "a folder") : [try map.text(key)]
            guard !paths.contains(where: { $0.hasPrefix("~") }) else {
                throw map.complaint(key, "'~' stands for no folder here; give the whole path, such as /home/NAME/…")
            }
        }
        if map.has("workspace") { workspace = try Self.place("workspace", in: map, owner) }
        if map.has("projects") { projects = try map.values("projects", as: String.self, expected: "a folder") }
        if map.has("runsc") {
            guard owner == .user else {
                throw map.complaint(
                    "runsc",
                    "a project cannot choose a program to run as you; set it in your own configuration, in NINEPIN_RUNSC or with --runsc")
            }
            runsc = try map.text("runsc")
        }
        if map.has("mirrors") { mirrors = try Mirrors(map) }
        if map.has("jobs") { jobs = try map.value("jobs", expected: "'auto' or a number from 1 to 100") }
        if map.has("patience") {
            let factor = try map.value("patience", as: Double.self, expected: "a number from 1 to 100")
            guard Deadlines.allowed.contains(factor) else { throw map.complaint("patience", "expected a number from 1 to 100") }
            patience = factor
        }
        if map.has("gc") {
            let gc = try map.map("gc", schema: Schema.gc)
            if gc.has("keep") {
                keep = try gc.value("keep", as: Retention.self, expected: "a duration of at least an hour, such as '720h'").seconds
            }
            if gc.has("limit") { cacheLimit = try gc.value("limit", as: ByteCount.self, expected: "a size such as '20g'").bytes }
        }
    }

    /// A project's workspace lies within the project, so that its file cannot have anything written elsewhere.
    private static func place(_ key: String, in map: YamlMap, _ owner: Owner) throws(Diagnostic) -> String {
        owner == .user ? try map.text(key) : try map.path(key).description
    }

    /// These settings, with those of another file for what these do not set.
    package func over(_ other: Settings) -> Settings {
        var settings = self
        settings.workspace = workspace ?? other.workspace
        settings.projects = projects + other.projects.filter { !projects.contains($0) }
        settings.runsc = runsc ?? other.runsc
        settings.mirrors = mirrors.over(other.mirrors)
        settings.jobs = jobs ?? other.jobs
        settings.patience = patience ?? other.patience
        settings.keep = keep ?? other.keep
        settings.cacheLimit = cacheLimit ?? other.cacheLimit
        return settings
    }

    /// The keys of a configuration file.
    package enum Schema {
        package static let file = YamlSection(
            path: "",
            fields: [
                YamlField(
                    "workspace", "path", required: false,
                    "the folder for fetched sources, builds, and results (`--workspace`, `NINEPIN_WORKSPACE`); a project's lies within the project"
                ),
                YamlField(
                    "projects", "list of paths", required: false,
                    "more folders with recipes/ and patches/ beside the project's own; `shipped` is the folder that came with the program"),
                YamlField(
                    "runsc", "path", required: false,
                    "the runsc to use (`--runsc`, `NINEPIN_RUNSC`); only in the user's own file, because a project cannot choose a program that runs as you"
                ),
                YamlField(
                    "mirrors", "mapping", required: false,
                    "addresses to fetch from instead: what an address begins with, and what replaces it. `debian` is the mirror of Debian's packages"
                ),
                YamlField("jobs", "number", required: false, "the number of concurrent boots, or `auto` (`--jobs`, `NINEPIN_JOBS`)"),
                YamlField(
                    "patience", "number", required: false,
                    "how many times slower this machine is than most, from 1 to 100 (`--patience`, `NINEPIN_PATIENCE`)"),
                YamlField("gc", "mapping", required: false, "the limits of `ninepin gc`"),
            ])
        package static let gc = YamlSection(
            path: "gc",
            fields: [
                YamlField("keep", "duration", required: false, "how long results stay after their last use: at least `1h` (`gc --keep`)"),
                YamlField(
                    "limit", "size", required: false,
                    "the size to bring the workspace down to, such as `20g`, by removing what was used least recently (`gc --limit`)"),
            ])
        package static let all = [file, gc]
    }
}

/// Addresses that are replaced when something is fetched. What a lock or a record says does not change, and neither does what is accepted:
/// a commit, a digest or a signature decides that.
package struct Mirrors: Hashable, Sendable {
    /// The mirror of Debian's packages; nil for the one in apt's own configuration.
    package var debian: String?
    private var prefixes: [String: String] = [:]

    package init() {}

    init(_ map: YamlMap) throws(Diagnostic) {
        for pair in try map.placedPairs("mirrors") {
            guard !pair.text.contains(where: \.isWhitespace), !pair.text.hasPrefix("-") else {
                throw pair.place.complaint("'mirrors': expected an address, found '\(pair.text.prefix(100))'")
            }
            if pair.name == "debian" {
                debian = pair.text
            } else {
                guard pair.name.contains(":") else {
                    throw pair.place.complaint(
                        "'mirrors': expected 'debian' or the beginning of an address, such as 'https://example.org/', found '\(pair.name.prefix(100))'"
                    )
                }
                prefixes[pair.name] = pair.text
            }
        }
    }

    /// Creates the replacements from pairs.
    package init(debian: String? = nil, _ prefixes: [String: String]) {
        self.debian = debian
        self.prefixes = prefixes
    }

    func over(_ other: Mirrors) -> Mirrors {
        Mirrors(debian: debian ?? other.debian, prefixes.merging(other.prefixes) { own, _ in own })
    }

    /// The address to fetch from: the longest matching beginning is replaced, as with git's `url.*.insteadOf` (git-config(1)).
    package func address(for address: String) -> String {
        let match = prefixes.filter { address.hasPrefix($0.key) }.max { $0.key.utf8.count < $1.key.utf8.count }
        guard let match else { return address }
        return match.value + address.dropFirst(match.key.count)
    }
}

/// How long something stays after its last use: a duration such as `720h`, of at least an hour and at most a hundred years.
package struct Retention: Hashable, Sendable, LosslessStringConvertible {
    package let seconds: Double
    private let text: String

    /// The shortest, in seconds. A process may use a result for a moment before it says so.
    package static let shortest = 3600.0
    /// What is used where nothing else is said, in seconds: thirty days.
    package static let usual = 720 * 3600.0

    package init?(_ text: String) {
        // Dates can be computed with what is at most a hundred years.
        guard let seconds = YamlMap.seconds(of: text), (Self.shortest...3.2e9).contains(seconds) else { return nil }
        self.seconds = seconds
        self.text = text
    }

    /// As it was written.
    package var description: String { text }
}

/// A number of bytes such as `20g`: a number with `k`, `m`, `g` or `t` for powers of 1024.
package struct ByteCount: Hashable, Sendable, LosslessStringConvertible {
    package let bytes: Int64

    package init?(_ text: String) {
        let powers: [Character: Int64] = ["k": 10, "m": 20, "g": 30, "t": 40]
        let power = text.lowercased().last.flatMap { powers[$0] }
        let digits = power == nil ? text[...] : text.dropLast()
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }), let count = Int64(digits), count > 0 else { return nil }
        let (bytes, isTooLarge) = count.multipliedReportingOverflow(by: 1 << (power ?? 0))
        guard !isTooLarge else { return nil }
        self.bytes = bytes
    }

    package var description: String {
        for (power, unit) in [(40, "t"), (30, "g"), (20, "m"), (10, "k")] as [(Int64, String)] where bytes % (1 << power) == 0 {
            return "\(bytes >> power)\(unit)"
        }
        return "\(bytes)"
    }
}
