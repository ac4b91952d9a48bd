import FoundationEssentials
import Host
import Model
import SystemPackage

/// The results of steps, each in `store/STEP/KEY/`. A folder that has its name is whole: it was made elsewhere and renamed.
package struct ResultStore: Sendable {
    private let workspace: Workspace

    package init(_ workspace: Workspace) { self.workspace = workspace }

    /// A result that is there.
    package func result<S: Step>(of step: S, key: Digest) -> S.Output? {
        let place = self.place(step, key)
        guard let bytes = try? Files.read(place.appending("result.json")),
            let output = try? JSONDecoder().decode(S.Output.self, from: Data(bytes)), step.isWhole(output, in: place, workspace: workspace)
        else { return nil }
        return output
    }

    /// Keeps a result whose files are in `folder`.
    package func keep<S: Step>(_ output: S.Output, of step: S, key: Digest, folder: FilePath, scratch: Scratch) throws {
        try Files.write(try JSONDocument.bytes(of: output), to: folder.appending("result.json"))
        let place = self.place(step, key)
        try Files.makeDirectory(place.removingLastComponent())
        // What stands there is not whole, or would have been taken: out of the way first, since a full directory is not renamed over.
        if Files.exists(place) { try Files.rename(place, to: scratch.place("spoilt")) }
        try Files.rename(folder, to: place)
    }

    /// Where a step's result is, or will be.
    package func place<S: Step>(_ step: S, _ key: Digest) -> FilePath { workspace.store.appending(S.name).appending(key.hex) }
}
