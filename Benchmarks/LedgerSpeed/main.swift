// Measures how long a run takes to be recorded: `ledger-speed WORKSPACE FOLDER COUNT`. FOLDER is a recorded run's, which is recorded again under other names.
// Writes the median and the slowest in seconds, as JSON. Benchmarks/nights calls it.

import FileSystem
import Foundation
import Host
import Model
import Runs
import Store
import SystemPackage

/// The numbers that are written.
struct Speeds: Encodable {
    let median: Double
    let slowest: Double
}

/// A recorded run under a new name, and a folder with its logs in the workspace.
func copy(of document: [String: Any], from folder: URL, in workspace: Workspace) throws -> (run: Run, logs: FilePath) {
    var document = document
    document["id"] = Ledger.newName()
    let run = try JSONDecoder().decode(Run.self, from: try JSONSerialization.data(withJSONObject: document))
    let logs = workspace.unfinished.appending(UUID().uuidString)
    try Files.makeDirectory(logs)
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) where name.hasSuffix(".log") {
        try FileManager.default.copyItem(atPath: folder.appending(path: name).path, toPath: logs.appending(name).string)
    }
    return (run, logs)
}

let words = CommandLine.arguments
guard words.count == 4, let count = Int(words[3]), count > 0 else {
    FileHandle.standardError.write(Data("usage: ledger-speed WORKSPACE FOLDER COUNT\n".utf8))
    exit(64)
}
let path = FilePath(words[1])
let folder = URL(filePath: words[2])
let workspace = Workspace(Host(environment: [:], workspace: path, project: path, isRoot: false))
let record = try Data(contentsOf: folder.appending(path: "run.json"))
guard let document = try JSONSerialization.jsonObject(with: record) as? [String: Any] else { fatalError("run.json is not an object") }
let ledger = try Ledger(workspace)
let seconds = try (0..<count).map { _ in
    let (run, logs) = try copy(of: document, from: folder, in: workspace)
    let start = ContinuousClock.now
    _ = try ledger.record(run, logs: logs)
    return start.duration(to: .now) / .seconds(1)
}.sorted()
print(String(decoding: try JSONEncoder().encode(Speeds(median: seconds[count / 2], slowest: seconds[count - 1])), as: UTF8.self))
