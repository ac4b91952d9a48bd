import FileSystem
import FoundationEssentials
import Model
import Sources
import Store
import SystemPackage

extension SourceBuilder {
    /// The lock of a recipe's source, as the suite or the repository has it now.
    ///
    /// - Parameter seconds: how old a stored answer about a suite may be. A repository is asked every time, because that takes a fraction of
    ///   a second.
    /// - Throws: `SourceError`, `FetchError`, `TransferError`, `FileError`, `CancellationError`.
    package func currentLock(of recipe: Recipe, notOlderThan seconds: Double) async throws -> Lock {
        let step = ResolveStep(source: recipe.source, libraries: recipe.libraries)
        let answer = runner.store.place(step, try step.key()).appending("result.json")
        let isRecent = FileStamp(of: answer).map { Date.now.timeIntervalSince1970 - Double($0.modified) <= seconds } ?? false
        var isFresh = true
        switch recipe.source {
        case .debian: isFresh = !isRecent
        case .git: break
        case .archive: isFresh = false
        }
        return try await resolve(recipe, isFresh: isFresh).0.lock
    }

    /// Builds a binary again from the same inputs, and compares the result with the stored one. The stored one stays.
    ///
    /// - Returns: the digest of the new binary.
    /// - Throws: as ``build(_:_:)``.
    package func rebuilt(_ source: PreparedSource, _ patched: PatchedTree) async throws -> Digest {
        guard let target = source.recipe.target else { throw NoTarget(recipe: source.recipe.name) }
        let step = buildStep(target, of: source, patched, touched: patched.touched)
        let context = runner.context(of: BuildStep.name)
        return try await context.inPlace(of: "rebuilt") { folder in
            try Files.makeDirectory(folder)
            return try await step.run(in: context, folder: folder).digest
        }
    }
}
