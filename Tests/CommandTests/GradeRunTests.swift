import Foundation
import Model
import Testing

@Suite("The runs of a node in a log, on the command line")
struct GradeRunTests {
    /// A node that crashes until it has its configuration, and then stays up.
    private static let lines: [String] = [
        "Nov 23 14:54:17 node systemd[1]: Started kubelet: The Kubernetes Node Agent.",
        "Nov 23 14:54:17 node kubelet[740]: F1123 14:54:17.896232     740 server.go:196] failed to load Kubelet config file /var/lib/kubelet/config.yaml",
        "Nov 23 14:54:17 node systemd[1]: kubelet.service: Main process exited, code=exited, status=255/EXCEPTION",
        "Nov 23 14:54:27 node systemd[1]: Started kubelet: The Kubernetes Node Agent.",
        "Nov 23 14:54:27 node kubelet[760]: I1123 14:54:27.496232     760 server.go:410] Version: v1.20.2",
        "Nov 23 14:54:28 node kubelet[760]: I1123 14:54:28.101000     760 server.go:773] Started kubelet",
    ]

    private func graded(_ arguments: [String], _ lines: [String] = lines) async throws -> Tool.Outcome {
        let place = try ProjectFixture()
        let log = try place.write("kubelet.log", lines.joined(separator: "\n") + "\n")
        return try await place.tool.ran(["grade", log] + arguments)
    }

    @Test("the last run is graded, and a note tells of the earlier ones")
    func last() async throws {
        for arguments in [[], ["--run", "last"], ["--run", "2"]] {
            let found = try await graded(arguments)
            #expect(found.status == 1 && found.output.hasPrefix("inconclusive: no fault occurred"), "\(found)")
            #expect(found.output.contains("earlier run of the node") == (arguments.last != "2"), "\(found)")
        }
    }

    @Test("a run that is asked for by its number is shown with its evidence")
    func number() async throws {
        let found = try await graded(["--run", "1"])
        #expect(found.status == 1 && found.output.hasPrefix("fatal: the node exited"), "\(found)")
        #expect(found.output.contains("line 2") && found.output.contains("status=255"), "\(found)")
        let document = try await graded(["--run", "1", "--json"]).json()
        #expect((document["verdict"] as? [String: Any])?["grade"] as? String == "fatal" && document["lines"] as? Int == 6)
    }

    @Test("all runs are shown, a line each, and as a list in JSON")
    func all() async throws {
        let found = try await graded(["--run", "all"])
        let shown = found.output.split(separator: "\n")
        #expect(found.status == 1 && shown.count == 2, "\(found)")
        #expect(
            shown.first?.hasPrefix("run 1, line 2: fatal: ") == true
                && shown.last?.hasPrefix("run 2, lines 5 to 6: inconclusive: ") == true, "\(found)")
        let written = try await graded(["--run", "all", "--json"]).output
        let list = try #require(try JSONSerialization.jsonObject(with: Data(written.utf8)) as? [[String: Any]])
        #expect(list.map { $0["run"] as? Int } == [1, 2] && list.map { $0["firstLine"] as? Int } == [2, 5])
        #expect(list.map { ($0["verdict"] as? [String: Any])?["grade"] as? String } == ["fatal", "inconclusive"])
        let none = try await graded(["--run", "all"], ["hello"])
        #expect(none.status == 1 && none.output == "the log contains no run of a node\n", "\(none)")
    }

    @Test("a run that is not there is a usage error that tells how many there are", arguments: ["3", "0", "-1", "first", "1.5"])
    func missing(_ run: String) async throws {
        let found = try await graded(["--run", run])
        #expect(found.status == 64 && found.output.isEmpty, "\(found)")
        if run == "3" { #expect(found.errors.contains("--run 3 is out of range: the log contains 2 runs of a node"), "\(found)") }
    }
}
