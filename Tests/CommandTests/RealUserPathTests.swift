import Foundation
import Testing

/// The five paths of the README. What their pages tell a user to type is run as it is written, from an empty folder.
@Suite("The user paths of the README", .real(minutes: 2))
struct RealUserPathTests {
    /// A page, what must be in the output, and how many of its blocks are run, or need what a test does not have.
    struct Path: Sendable, CustomTestStringConvertible {
        let page: String
        let run: Int
        let left: Int
        let says: [String]

        var testDescription: String { page }
    }

    private static let inside = Path(
        page: "gvisor-ide", run: 8, left: 0,
        says: [
            "sandbox           gvisor", "#!/bin/sh", "clean: the node runs", "fatal, memory cache: the node exited", " Ready ", "/healthz",
        ])

    private static let outside = [
        Path(
            page: "first-pull-request", run: 4, left: 2,
            says: ["+++ b/fs/cpuacct.go", "fatal, percpu", "PULL_REQUEST.md", "0001-"]),
        Path(
            page: "ci", run: 7, left: 1,
            says: ["cpuacct.usage_percpu", "recorded: ", "All 2 cells are as expected.", "fatal, memory cache"]),
        Path(
            page: "own-patches", run: 5, left: 1,
            says: ["cadvisor/fuse", "percpu,memory-usage,9p-source,fuse", "clean: all 3 probes answer"]),
        Path(
            page: "other-systems", run: 5, left: 2,
            says: ["kubelet-1.20", "fatal, memory cache", "platform   ubuntu-24.04", "platform   fedora-44"]),
    ]

    @Test("the README has five paths, and each is walked by a test")
    func five() throws {
        let section = try #require(try Page("README.md").text.components(separatedBy: "\n## Which of these are you?\n").last)
        let pages = section.components(separatedBy: "\n## ")[0].matches(of: /docs\/how-to\/([a-z-]+)\.md/).map { String($0.1) }
        #expect(pages.sorted() == (Self.outside + [Self.inside]).map(\.page).sorted())
    }

    @Test("each command of the page does what the page says", arguments: outside)
    func walked(_ path: Path) async throws {
        let place = try await RealWorkspace.linked()
        let walk = try Walk(path.page)
        let home = URL(filePath: place.path)
        try Self.install(in: home)
        for folder in ["home", "work"] {
            try FileManager.default.createDirectory(at: home.appending(path: folder), withIntermediateDirectories: true)
        }
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = [try place.write("walk.sh", try walk.script)]
        process.currentDirectoryURL = home.appending(path: "work")
        process.environment = [
            "PATH": "\(place.path)/opt/ninepin/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "\(place.path)/home", "NINEPIN_WORKSPACE": place.tool.workspace, "LC_ALL": "C.UTF-8", "CLONE": Tool.project.path,
        ]
        let done = try await Computing.inTurn(minutes: 2) {
            let output = URL(filePath: try place.write("output", ""))
            let handle = try FileHandle(forWritingTo: output)
            process.standardInput = FileHandle.nullDevice
            process.standardOutput = handle
            process.standardError = handle
            try process.run()
            process.waitUntilExit()
            return try String(contentsOf: output, encoding: .utf8)
        }
        walk.check(path, status: process.terminationStatus, output: done)
        place.tool.expectNothingRuns()
    }

    @Test("in gVisor each command of its page does what the page says")
    func walkedInside() async throws {
        _ = try await RealWorkspace.withControlPlane()
        // In the sandbox a link into the shared workspace leads to another mount; what is cached there is made anew.
        let place = try await RealWorkspace.linked(["store", "mirrors", "tools"])
        _ = try await RealWorkspace.build(place.tool, "kubelet-1.20", ["--series", "none"])
        let room = try await SandboxFixture(place)
        try await room.builtProgram()
        try await room.nodePrograms()
        try await room.programs([
            "ip": "/usr/sbin/ip", "nsenter": "/usr/bin/nsenter", "openssl": "/usr/bin/openssl", "etcd": "/usr/bin/etcd", "tar": "/bin/tar",
            "kubectl": "/usr/bin/kubectl",
        ])
        for file in ["/etc/hosts", "/etc/passwd"] { try room.copy(file, as: file) }
        let walk = try Walk(Self.inside.page)
        let script = try walk.script
        let start = "export PATH=/opt/ninepin/bin:$PATH NINEPIN_WORKSPACE='\(place.tool.workspace)'\nmkdir /root/work\ncd /root/work\n"
        let folders = [place.tool.workspace, try await RealWorkspace.path(), "/usr/lib/go-1.19", "/usr/share/go-1.19"]
        let done = try await Joining.scenario {
            try await room.run(["/bin/sh", "-c", "exec 2>&1\n" + start + script], in: .root9p, seeing: folders)
        }
        walk.check(Self.inside, status: done.status, output: done.output + done.errors)
    }

    /// Ninepin as the archive of a release has it.
    private static func install(in folder: URL) throws {
        let target = folder.appending(path: "opt/ninepin")
        try FileManager.default.createDirectory(at: target.appending(path: "bin"), withIntermediateDirectories: true)
        try FileManager.default.linkItem(at: try Tool.program, to: target.appending(path: "bin/ninepin"))
        for name in ["recipes", "patches", "approaches"] {
            try FileManager.default.copyItem(at: Tool.project.appending(path: name), to: target.appending(path: name))
        }
    }
}

/// What a page tells a user to type.
private struct Walk {
    private let page: String
    private let blocks: [Page.Block]

    init(_ name: String) throws {
        page = "docs/how-to/\(name).md"
        blocks = try Page(page).blocks.filter { $0.language == "sh" }
    }

    private static func reason(_ block: Page.Block) -> String? {
        block.mark.flatMap { $0.wholeMatch(of: /needs (.+: .+)/).map { String($0.1) } }
    }

    /// One shell types all blocks, so that a later one sees the folders and variables of an earlier one. It ends at the first failure.
    var script: String {
        get throws {
            "set -eu\n"
                + (try blocks.filter { Self.reason($0) == nil }.map { "echo '== line \($0.line)'\n" + (try Self.typed($0)) }.joined())
        }
    }

    private static func typed(_ block: Page.Block) throws -> String {
        switch block.mark?.wholeMatch(of: /exit: (\d+)/) {
        case .some(let found):
            return "set +e\n\(block.text)status=$?\nset -e\n[ $status = \(found.1) ] || { echo \"exit status $status\"; exit 99; }\n"
        case nil:
            if block.mark == "in the clone" { return "(\ncd \"$CLONE\"\n\(block.text))\n" }
            try #require(block.mark == nil, "an unknown mark: \(block.mark ?? "")")
            return block.text
        }
    }

    func check(_ path: RealUserPathTests.Path, status: Int32, output: String) {
        let left = blocks.compactMap(Self.reason)
        print("\(page): \(blocks.count - left.count) blocks run, \(left.count) not: \(left.joined(separator: "; "))")
        let place = output.components(separatedBy: "== line ").last?.prefix { $0.isNumber } ?? ""
        #expect(status == 0, "\(page): the block at line \(place) fails: \(output.suffix(3000))")
        for words in path.says { #expect(output.contains(words), "\(page): nothing says '\(words)': \(output.suffix(3000))") }
        #expect(blocks.count - left.count == path.run && left.count == path.left, "\(page) has other blocks than its test expects")
    }
}
