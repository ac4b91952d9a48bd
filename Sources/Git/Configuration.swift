import CLibgit2
import Glibc
import UnifiedDiff

/// git's system and user configuration, found as git(1) finds it (git-config(1), "FILES" and "ENVIRONMENT"), without any repository's.
///
/// The environment is a parameter here: libgit2 itself would use the process's environment and ignores `GIT_CONFIG_GLOBAL`.
package struct Configuration: Sendable {
    /// The existing files, from lowest to highest priority.
    private let files: [File]

    private struct File: Sendable {
        let path: String
        let level: git_config_level_t
    }

    /// The configuration that git reads with this environment.
    package init(environment: [String: String]) {
        var files: [File] = []
        let set = { (name: String) in environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        if !["1", "true", "yes", "on"].contains(environment["GIT_CONFIG_NOSYSTEM"]?.lowercased() ?? "") {
            files.append(File(path: set("GIT_CONFIG_SYSTEM") ?? "/etc/gitconfig", level: GIT_CONFIG_LEVEL_SYSTEM))
        }
        if let global = environment["GIT_CONFIG_GLOBAL"] {
            files.append(File(path: global, level: GIT_CONFIG_LEVEL_GLOBAL))
        } else {
            let home = set("HOME")
            if let folder = set("XDG_CONFIG_HOME") ?? home.map({ "\($0)/.config" }) {
                files.append(File(path: "\(folder)/git/config", level: GIT_CONFIG_LEVEL_XDG))
            }
            if let home { files.append(File(path: "\(home)/.gitconfig", level: GIT_CONFIG_LEVEL_GLOBAL)) }
        }
        self.files = files.filter { Self.isFile($0.path) }
    }

    /// The value of a setting; nil if no file sets it.
    ///
    /// - Throws: `GitError` if one of the files is not a valid git configuration.
    package func value(of name: String) throws(GitError) -> String? {
        let settings = try open()
        defer { git_config_free(settings) }
        var value = git_buf()
        let code = git_config_get_string_buf(&value, settings, name)
        if code == GIT_ENOTFOUND.rawValue { return nil }
        try GitError.check(code, "read setting", name)
        defer { git_buf_dispose(&value) }
        return value.ptr.map { String(cString: $0) }
    }

    /// The configuration as a libgit2 object, which the caller must free.
    ///
    /// - Parameter local: a repository's own configuration file, which overrides all others.
    package func open(with local: String? = nil) throws(GitError) -> OpaquePointer {
        _ = Libgit2.started
        var handle: OpaquePointer?
        try GitError.check(git_config_new(&handle), "open", "git's settings")
        guard let handle else { throw GitError("open", "git's settings", "libgit2 returned nothing") }
        let all = files + (local.map { [File(path: $0, level: GIT_CONFIG_LEVEL_LOCAL)] } ?? [])
        for file in all {
            do {
                try GitError.check(git_config_add_file_ondisk(handle, file.path, file.level, nil, 0), "read git's settings", file.path)
            } catch {
                git_config_free(handle)
                throw error
            }
        }
        return handle
    }

    /// Users write `/dev/null` for "none", which libgit2 does not accept as a file.
    private static func isFile(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, R_OK) == 0
    }
}
