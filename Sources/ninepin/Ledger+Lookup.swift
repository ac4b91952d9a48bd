import ArgumentParser
import Runs

extension Ledger {
    /// The ID of the only run that begins with a text.
    ///
    /// - Throws: `ValidationError` if there is none or more than one; `LedgerError`; `FileError`.
    func id(beginningWith text: String) throws -> String {
        let most = 5
        let found = try ids(beginningWith: text, limit: most + 1)
        guard let first = found.first else {
            throw ValidationError("no recorded run begins with '\(text)'; 'ninepin history' lists them")
        }
        guard found.count > 1 else { return first }
        let shown = found.prefix(most).joined(separator: ", ") + (found.count > most ? ", …" : "")
        throw ValidationError("'\(text)' is the beginning of several runs: \(shown); give more of the ID")
    }
}
