/// Tree entry names that git reserves, in every spelling that some file system considers equal. Applies git's own rules on every machine.
package enum GitName {
    /// Whether git considers a name equal to `.git`: in any case, in a spelling of NTFS or HFS+, or after a backslash (`is_ntfs_dotgit` in
    /// path.c, `is_hfs_dotgit` in utf8.c, `fsck_tree` in fsck.c; with `core.protectNTFS` and `core.protectHFS` set).
    package static func isReserved(_ name: some Collection<UInt8>) -> Bool {
        let name = Array(name)
        return isOnHFS(name, ".git") || partsOnNTFS(name).contains(where: isGitOnNTFS)
    }

    /// Whether git considers a name equal to `.gitmodules`, which must not be a symbolic link (`is_ntfs_dotgitmodules`,
    /// `is_hfs_dotgitmodules`, `FSCK_MSG_GITMODULES_SYMLINK`): readers would read another file.
    package static func isModules(_ name: some Collection<UInt8>) -> Bool {
        let name = Array(name)
        return isOnHFS(name, ".gitmodules") || partsOnNTFS(name).contains { isModulesOnNTFS(Array($0)) }
    }

    /// The name, and the rest after each backslash in it: on NTFS those are separate names.
    private static func partsOnNTFS(_ name: [UInt8]) -> [ArraySlice<UInt8>] {
        [name[...]] + name.indices.filter { name[$0] == UInt8(ascii: "\\") }.map { name[($0 + 1)...] }
    }

    /// `.git` or its short name `git~1`, followed by blanks and dots, which NTFS ignores, or by a stream name.
    private static func isGitOnNTFS(_ name: ArraySlice<UInt8>) -> Bool {
        for spelling in [".git", "git~1"] where lowercased(name.prefix(spelling.utf8.count)).elementsEqual(spelling.utf8) {
            let rest = name.dropFirst(spelling.utf8.count).drop { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: " ") }
            if rest.first.map({ ":\\/".utf8.contains($0) }) ?? true { return true }
        }
        return false
    }

    private static func isModulesOnNTFS(_ name: [UInt8]) -> Bool {
        let lower = lowercased(name[...])
        if lower.starts(with: ".gitmodules".utf8), endsOnNTFS(lower.dropFirst(11)) { return true }
        guard lower.count >= 8 else { return false }
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        if lower.starts(with: "gitmod~".utf8), (UInt8(ascii: "1")...UInt8(ascii: "4")).contains(lower[7]), endsOnNTFS(lower.dropFirst(8)) {
            return true
        }
        // The short name in a directory in which the four plain ones are taken: letters of a hash, a tilde, a number.
        guard let tilde = lower.prefix(7).firstIndex(of: UInt8(ascii: "~")), "gi7eba".utf8.starts(with: lower[..<tilde]) else {
            return false
        }
        let number = lower[(tilde + 1)..<8]
        return number.first != UInt8(ascii: "0") && number.allSatisfy(digits.contains) && endsOnNTFS(lower.dropFirst(8))
    }

    private static func endsOnNTFS(_ rest: some Collection<UInt8>) -> Bool {
        rest.first { $0 != UInt8(ascii: ".") && $0 != UInt8(ascii: " ") }.map { $0 == UInt8(ascii: ":") } ?? true
    }

    private static func lowercased(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        bytes.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 + 32 : $0 }
    }

    /// Whether HFS+ considers two names equal: without the characters that it ignores, in any case. git stops at bytes that are not UTF-8.
    private static func isOnHFS(_ name: [UInt8], _ wanted: String) -> Bool {
        var letters: [UInt8] = []
        var decoder = UTF8()
        var bytes = name.makeIterator()
        decoding: while letters.count <= wanted.utf8.count {
            switch decoder.decode(&bytes) {
            case .scalarValue(let scalar) where isIgnored(scalar): continue
            case .scalarValue(let scalar):
                guard let letter = UInt8(exactly: scalar.value), letter < 128 else { return false }
                letters.append(letter)
            case .emptyInput, .error: break decoding
            }
        }
        return lowercased(letters[...]).elementsEqual(wanted.utf8)
    }

    /// The characters that HFS+ ignores (`next_hfs_char` in utf8.c).
    private static func isIgnored(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x200C...0x200F, 0x202A...0x202E, 0x206A...0x206F, 0xFEFF: true
        default: false
        }
    }
}
