import Foundation
import Testing

/// What shells complete, in bash itself.
@Suite("Completion")
struct CompletionTests {
    private let place: ProjectFixture

    init() throws {
        place = try ProjectFixture()
        for name in ["kubelet", "kubelet-1.20", "mine", "a b", "$(touch gone)", "-x", "nightly"] {
            _ = try place.write("project/recipes/\(name).yaml", "")
        }
        for name in ["chroot", "initial", "`id`"] { _ = try place.write("project/approaches/\(name).yaml", "") }
        for name in ["up/one", "up/two", "up/same", "other/same", "up/bad name", "up/`id`"] {
            _ = try place.write("project/patches/\(name)/patch.yaml", "")
        }
        _ = try place.write("project/patches/up/no-patch/README", "")
        for name in ["20261127T081500-1a2b", "20261128T081500-3c", "half.new"] { _ = try place.write("work/runs/\(name)/run.json", "") }
        for name in ["a", "stock"] { _ = try place.write("work/nodes/\(name)/plan.json", "") }
    }

    /// The program's script for a shell.
    private func script(_ shell: String) throws -> String {
        let made = try outcome(of: Tool.program.path, ["--generate-completion-script", shell])
        try #require(made.status == 0)
        return try place.write("completion.\(shell)", made.output)
    }

    /// What bash offers for a line whose last word is to be completed, and what is written besides.
    private func offered(_ line: String, in folder: String? = nil) throws -> [String] {
        let code = """
            cd '\(folder ?? "\(place.path)/project")' && PATH='\(try Tool.program.deletingLastPathComponent().path)':$PATH && . '\(try script("bash"))' || exit
            export NINEPIN_WORKSPACE='\(place.path)/work'
            COMP_LINE='\(line)' COMP_POINT=${#COMP_LINE} COMP_TYPE=9 COMP_KEY=9
            read -ra COMP_WORDS <<< "$COMP_LINE"
            case "$COMP_LINE" in *' ') COMP_WORDS+=('') ;; esac
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            _ninepin ninepin "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}" && printf '%s\\n' "${COMPREPLY[@]}"
            """
        return try outcome(of: "/bin/bash", ["--norc", "-c", code]).output.split(separator: "\n").map(String.init).sorted()
    }

    @Test("recipes, patches, layouts, runs and nodes are completed, and names that a shell could run are not offered")
    func names() throws {
        #expect(try offered("ninepin recipes show ") == ["kubelet", "kubelet-1.20", "mine"])
        #expect(try offered("ninepin recipes show k") == ["kubelet", "kubelet-1.20"])
        #expect(try offered("ninepin patches show ") == ["one", "other/same", "two", "up/same"])
        #expect(try offered("ninepin run --layout ") == ["root-9p", "root-overlay", "volume-9p"])
        #expect(try offered("ninepin runs show ") == ["20261127T081500-1a2b", "20261128T081500-3c"])
        #expect(try offered("ninepin runs show 20261128") == ["20261128T081500-3c"])
        #expect(try offered("ninepin down ") == ["a", "stock"])
        #expect(try offered("ninepin matrix --approaches --approach ") == ["chroot", "initial"])
        #expect(try offered("ninepin patches check o") == ["one", "other/same"])
        #expect(try offered("ninepin pr one --upstream c") == ["cadvisor", "cgroups"])
        #expect(try offered("ninepin patc") == ["patch", "patches"])
    }

    @Test("a series is completed patch by patch, each once")
    func series() throws {
        #expect(try offered("ninepin run --series ") == ["none", "one", "other/same", "two", "up/same"])
        #expect(try offered("ninepin run --series one,") == ["one,other/same", "one,two", "one,up/same"])
        #expect(try offered("ninepin run --series two,o") == ["two,one", "two,other/same"])
    }

    @Test("every option and argument that names a file or a folder completes files")
    func paths() throws {
        let dump = try outcome(of: Tool.program.path, ["--experimental-dump-help"])
        let root = try #require(try JSONSerialization.jsonObject(with: Data(dump.output.utf8)) as? [String: Any])
        let arguments = Self.arguments(try #require(root["command"] as? [String: Any]))
        let paths = arguments.filter { $0["kind"] as? String != "flag" }.filter {
            ["file", "path", "dir", "folder", "log", "binary"].contains($0["valueName"] as? String ?? "")
        }
        #expect(paths.count > 30)
        for argument in paths {
            let kind = (argument["completionKind"] as? [String: Any])?.keys.first
            #expect(kind == "file" || kind == "directory", "\(argument["abstract"] ?? ""): \(kind ?? "none")")
        }
    }

    /// The arguments of a command and of its subcommands.
    private static func arguments(_ command: [String: Any]) -> [[String: Any]] {
        (command["arguments"] as? [[String: Any]] ?? [])
            + (command["subcommands"] as? [[String: Any]] ?? []).flatMap { arguments($0) }
    }

    @Test("where there is no project, an invalid configuration, or no workspace, nothing is offered and nothing is written")
    func quiet() throws {
        _ = try place.write("broken/recipes/x.yaml", "")
        _ = try place.write("broken/patches/README", "")
        _ = try place.write("broken/ninepin.yaml", "jobs: [")
        #expect(try offered("ninepin recipes show ", in: "\(place.path)/broken").isEmpty)
        #expect(try offered("ninepin recipes show --project /nowhere ").isEmpty)
        #expect(try offered("ninepin down --workspace /nowhere ").isEmpty)
    }

    @Test("each shell can read its script", arguments: ["bash", "zsh", "fish"])
    func syntax(_ shell: String) throws {
        let program = "/usr/bin/\(shell)"
        // zsh and fish are not prerequisites.
        guard shell == "bash" || FileManager.default.isExecutableFile(atPath: program) else { return }
        let checked = try outcome(of: program, ["-n", try script(shell)])
        #expect(checked.status == 0 && checked.output.isEmpty, "\(checked.output)")
    }

    @Test("each command of docs/cli.md has a manual page that mandoc(1) has nothing against")
    func manual() throws {
        let made = try outcome(of: Tool.program.path, ["reference", "man", "\(place.path)/man", "--date", "2026-11-27"])
        try #require(made.status == 0, "\(made.output)")
        let pages = try FileManager.default.contentsOfDirectory(atPath: "\(place.path)/man").sorted()
        let commands = try Page("docs/cli.md").text.split(separator: "\n").filter { $0.hasPrefix("## `") }.map {
            $0.dropFirst(4).dropLast().split(separator: " ").joined(separator: "-") + ".1"
        }
        #expect(pages == commands.sorted() && pages.count > 30)
        for page in pages {
            let text = try String(contentsOfFile: "\(place.path)/man/\(page)", encoding: .utf8)
            #expect(text.contains(".SH NAME\n") && text.contains(".SH EXIT STATUS\n") && text.contains("NINEPIN_WORKSPACE"), "\(page)")
        }
        guard FileManager.default.isExecutableFile(atPath: "/usr/bin/mandoc") else { return }
        let checked = try outcome(of: "/usr/bin/mandoc", ["-Tlint", "-Wwarning"] + pages.map { "\(place.path)/man/\($0)" })
        #expect(checked.status == 0 && checked.output.isEmpty, "\(checked.output.prefix(2000))")
    }
}
