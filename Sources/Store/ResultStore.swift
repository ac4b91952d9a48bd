import FileSystem
import FoundationEssentials
import Glibc
import Host
import Model
import SystemPackage

/// The results of steps, stored in `store/STEP/KEY/`. A folder with such a name is always complete: it was created elsewhere and renamed.
package struct ResultStore: Sendable {
    private let workspace: Workspace

    package init(_ workspace: Workspace) { self.workspace = workspace }

    /// The stored result of a step; nil if there is no complete one.
    package func result<S: Step>(of step: S, key: Digest) -> S.Output? {
        let place = self.place(step, key)
        guard let bytes = try? Files.read(place.appending("result.json")),
            let output = try? JSONDecoder().decode(S.Output.self, from: Data(bytes)), step.isWhole(output, in: place, workspace: workspace)
        else { return nil }
        renew(place)
        return output
    }

    /// Sets the time of last use, which `ninepin gc` reads. In a workspace that may only be read the time stays, and then nothing is removed.
    private func renew(_ place: FilePath) { _ = utimensat(AT_FDCWD, place.string, nil, AT_SYMLINK_NOFOLLOW) }

    /// Stores a result whose files are in `folder`.
    package func keep<S: Step>(_ output: S.Output, of step: S, key: Digest, folder: FilePath, scratch: Scratch) throws {
        try Files.write(try JSONDocument.bytes(of: output), to: folder.appending("result.json"))
        let place = self.place(step, key)
        try Files.makeDirectory(place.removingLastComponent())
        // An existing folder here is incomplete, or it would have been used. Move it away first, because rename cannot replace a directory
        // that is not empty.
        if Files.exists(place) { try Files.rename(place, to: scratch.place("spoilt")) }
        try Files.rename(folder, to: place)
    }

    /// The folder of a step's result, whether or not it exists.
    package func place<S: Step>(_ step: S, _ key: Digest) -> FilePath { workspace.store.appending(S.name).appending(key.hex) }
}
