import FileSystem
import FoundationEssentials
import Glibc
import Model
import SystemPackage

/// The environment variables that set what a configuration file can set. An empty variable counts as unset.
package enum SettingsVariable: String, CaseIterable, Sendable {
    case workspace = "NINEPIN_WORKSPACE"
    case project = "NINEPIN_PROJECT"
    case runsc = "NINEPIN_RUNSC"
    case debianMirror = "NINEPIN_DEBIAN_MIRROR"
    case debianKeyring = "NINEPIN_DEBIAN_KEYRING"
    case jobs = "NINEPIN_JOBS"
    case patience = "NINEPIN_PATIENCE"
    case config = "NINEPIN_CONFIG"

    /// What it sets, for the help and the man pages.
    package var about: String {
        switch self {
        case .workspace: "The workspace, as with --workspace."
        case .project: "The folders with recipes/ and patches/, separated by colons, as with --project."
        case .runsc: "The runsc to use, as with --runsc."
        case .debianMirror: "The mirror of Debian's packages. Default: the one in apt's own configuration."
        case .debianKeyring: "The file with the keys of Debian's archive. Default: the platform's own."
        case .jobs: "The number of concurrent boots, as with --jobs."
        case .patience: "How many times slower this machine is than most, as with --patience."
        case .config: "Your configuration file. Default: $XDG_CONFIG_HOME/ninepin/config.yaml, or ~/.config/ninepin/config.yaml."
        }
    }

    func value(in environment: [String: String]) -> String? { environment[rawValue].flatMap { $0.isEmpty ? nil : $0 } }
}

/// What a command line names for all commands; nil or empty where it names nothing.
package struct HostOptions: Sendable {
    package var workspace: String?
    package var projects: [String] = []
    package var patience: Double?

    package init(workspace: String? = nil, projects: [String] = [], patience: Double? = nil) {
        self.workspace = workspace
        self.projects = projects
        self.patience = patience
    }
}

extension Host {
    /// The name of a project's configuration file.
    package static let configurationName = "ninepin.yaml"

    /// The machine that this process runs on, with the settings of its user and of the project.
    ///
    /// - Parameters:
    ///   - options: what the command line names; it comes first.
    ///   - environment: the environment variables.
    ///   - directory: the current directory.
    ///   - program: the directory of the program itself; nil if unknown.
    /// - Throws: `Diagnostic` for an invalid configuration file or variable; `FileError` if a configuration file cannot be read.
    package static func current(
        _ options: HostOptions = HostOptions(), environment: [String: String] = ProcessInfo.processInfo.environment,
        in directory: FilePath = FilePath(FileManager.default.currentDirectoryPath), program: FilePath? = programFolder
    ) throws -> Host {
        let named =
            options.projects.isEmpty
            ? (SettingsVariable.project.value(in: environment)?.split(separator: ":").map(String.init) ?? []) : options.projects
        let shipped = program.flatMap(Self.shipped)
        let found =
            named.isEmpty ? [Self.search(upFrom: directory) ?? shipped].compactMap(\.self) : named.map { directory.pushing(FilePath($0)) }
        let own = try Self.settings(of: found.first, .project)
        let user = try Self.userFile(environment).map {
            try Self.settings(at: $0, .user, isRequired: SettingsVariable.config.value(in: environment) != nil)
        }
        // Folders named on the command line are the only ones, besides those that the first of them names.
        var settings = try Self.settings(environment).over(own).over(user ?? Settings())
        if !options.projects.isEmpty { settings.projects = own.projects }
        let more = try settings.projects.map { try Self.folder($0, shipped) }
        let projects = Self.withoutRepetition((found + more).map { $0.lexicallyNormalized() })
        let chosen = (options.workspace ?? settings.workspace).map { directory.pushing(FilePath($0)) }
        let workspace = (chosen ?? Self.standardWorkspace(of: projects.first, shipped, environment, directory)).lexicallyNormalized()
        // A workspace that the project chose, by its file or by a link in the place of the usual folder.
        if let project = found.first, chosen == nil || options.workspace == nil && settings.workspace == own.workspace {
            try Self.checkInside(workspace, project)
        }
        return Host(
            environment: environment, workspace: workspace,
            project: projects.first ?? directory, projects: projects, isRoot: geteuid() == 0,
            deadlines: Deadlines(patience: options.patience ?? settings.patience ?? 1), settings: settings)
    }

    /// The folders, each once: two names of one folder, as with a symbolic link, are one.
    private static func withoutRepetition(_ folders: [FilePath]) -> [FilePath] {
        var seen: Set<FilePath> = []
        // A folder that does not exist is an error later, when it is needed.
        return folders.filter { seen.insert((try? Files.realPath($0)) ?? $0).inserted }
    }

    /// The directory of the running program.
    package static var programFolder: FilePath? {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")).map { FilePath($0).removingLastComponent() }
    }

    /// The project that came with the program: beside it, as in an unpacked archive, or in `share/ninepin` of its prefix, as
    /// `make install` puts it.
    private static func shipped(with program: FilePath) -> FilePath? {
        let installed = program.removingLastComponent().appending("share/ninepin")
        return isProject(installed) ? installed : search(upFrom: program)
    }

    private static func isProject(_ folder: FilePath) -> Bool {
        Files.isDirectory(folder.appending("recipes")) && Files.isDirectory(folder.appending("patches"))
    }

    private static func search(upFrom directory: FilePath) -> FilePath? {
        var folder = directory
        while true {
            if isProject(folder) { return folder }
            guard folder.removeLastComponent() else { return nil }
        }
    }

    /// A folder of the settings: `shipped`, or an absolute path.
    private static func folder(_ text: String, _ shipped: FilePath?) throws(Diagnostic) -> FilePath {
        guard text == "shipped" else { return FilePath(text) }
        guard let shipped else { throw Diagnostic(file: configurationName, message: "'projects': no folder came with this program") }
        return shipped
    }

    /// The workspace if none is named: in the project, or in the user's cache folder if the project is installed for all users or if
    /// there is none (XDG Base Directory Specification).
    private static func standardWorkspace(
        of project: FilePath?, _ shipped: FilePath?, _ environment: [String: String], _ directory: FilePath
    ) -> FilePath {
        if let project, !project.ends(with: "share/ninepin") { return project.appending("Workspace") }
        if let cache = environment["XDG_CACHE_HOME"], cache.hasPrefix("/") { return FilePath(cache).appending("ninepin") }
        if let home = environment["HOME"], home.hasPrefix("/") { return FilePath(home).appending(".cache/ninepin") }
        return (project ?? directory).appending("Workspace")
    }
}

extension Host {
    /// The user's own configuration file; nil if the environment names no home.
    private static func userFile(_ environment: [String: String]) -> FilePath? {
        if let named = SettingsVariable.config.value(in: environment) { return FilePath(named) }
        if let folder = environment["XDG_CONFIG_HOME"], folder.hasPrefix("/") { return FilePath(folder).appending("ninepin/config.yaml") }
        if let home = environment["HOME"], home.hasPrefix("/") { return FilePath(home).appending(".config/ninepin/config.yaml") }
        return nil
    }

    private static func settings(of project: FilePath?, _ owner: Settings.Owner) throws -> Settings {
        guard let project else { return Settings() }
        return try settings(at: project.appending(configurationName), owner, isRequired: false)
    }

    /// The settings of a file. Its relative paths begin at its folder.
    private static func settings(at file: FilePath, _ owner: Settings.Owner, isRequired: Bool) throws -> Settings {
        guard isRequired || Files.exists(file) else { return Settings() }
        // A project comes from somebody else. Its file is not a link to one of the user's, whose words would be in an error.
        let text = try Files.readYaml(owner == .user ? file : try Files.confined(file, to: file.removingLastComponent()))
        var settings = try Settings(yaml: text, file: file.string, owner: owner)
        let folder = file.removingLastComponent()
        settings.workspace = settings.workspace.map { folder.pushing(FilePath($0)).string }
        settings.projects = settings.projects.map { $0 == "shipped" ? $0 : folder.pushing(FilePath($0)).string }
        settings.runsc = settings.runsc.map { folder.pushing(FilePath($0)).string }
        return settings
    }

    /// Checks that a workspace lies in its project also when all symbolic links are followed. The workspace need not exist.
    private static func checkInside(_ workspace: FilePath, _ project: FilePath) throws {
        // The user's cache folder, for a project that all users have.
        guard workspace.starts(with: project.lexicallyNormalized()) else { return }
        var folder = workspace
        while !Files.exists(folder), folder.removeLastComponent() {}
        do { _ = try Files.confined(folder, to: project) } catch {
            throw Diagnostic(
                file: workspace.string,
                message: """
                    a symbolic link leads out of the project, and a project cannot choose a workspace outside of it
                        If you want it there, name the folder with --workspace DIR or NINEPIN_WORKSPACE.
                    """)
        }
    }

    /// The settings of the environment variables.
    private static func settings(_ environment: [String: String]) throws(Diagnostic) -> Settings {
        var settings = Settings()
        settings.workspace = SettingsVariable.workspace.value(in: environment)
        settings.runsc = SettingsVariable.runsc.value(in: environment)
        settings.mirrors = Mirrors(debian: SettingsVariable.debianMirror.value(in: environment), [:])
        if let text = SettingsVariable.jobs.value(in: environment) {
            guard let jobs = Jobs(text) else { throw invalid(.jobs, "expected 'auto' or a number from 1 to 100", text) }
            settings.jobs = jobs
        }
        if let text = SettingsVariable.patience.value(in: environment) {
            guard let factor = Double(text), Deadlines.allowed.contains(factor) else {
                throw invalid(.patience, "expected a number from 1 to 100", text)
            }
            settings.patience = factor
        }
        return settings
    }

    private static func invalid(_ variable: SettingsVariable, _ expected: String, _ text: String) -> Diagnostic {
        Diagnostic(file: variable.rawValue, message: "\(expected), found '\(text.prefix(50))'")
    }
}
