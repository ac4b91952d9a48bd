import Foundation
import Model
import Testing

/// A workspace that is itself on an overlay, as in many containers: a second overlay cannot be mounted on it.
@Suite("The real thing: a node where its programs cannot be shared", .real())
struct RealSharingTests {
    @Test("the programs are copied, it is said why, and the node's program is asked all the same")
    func copied() throws {
        let place = try ProjectFixture()
        for folder in ["lower", "upper", "work", "workspace"] {
            try FileManager.default.createDirectory(atPath: "\(place.path)/\(folder)", withIntermediateDirectories: true)
        }
        // Use a separate mount namespace; the overlay disappears with its last process.
        let script = """
            cd "$0" && mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work overlay workspace && ln -s "$1" workspace/tools &&
            exec "$2" verify --binary /bin/ls --workspace "$0/workspace" --project "$3" --json
            """
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/unshare")
        let tools = Tool.project.appending(path: "Workspace/tools").path
        process.arguments = ["--mount", "sh", "-c", script, place.path, tools, try Tool.program.path, Tool.project.path]
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let document = try JSONSerialization.jsonObject(with: output.fileHandleForReading.readDataToEndOfFile()) as? [String: Any]
        let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(said.contains("the node's programs are copied, because an overlay cannot be mounted here: "), "\(said)")
        #expect(!FileManager.default.fileExists(atPath: "\(place.path)/upper/cache/roots"))
        let verdict = try #require(document?["verdict"] as? [String: Any])
        #expect((verdict["summary"] as? String)?.contains("'--version' prints 'ls") == true, "\(verdict)")
    }
}
