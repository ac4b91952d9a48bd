import Foundation
import Fuzzing
import Git
import GitHistory
import Synchronization
import UnifiedDiff

@testable import GitRemote

extension FuzzTarget {
    /// Lists of references, as git prints a server's answer, and a name to look up in them.
    static let references = FuzzTarget(
        "references", limit: 1 << 13,
        words: ["\trefs/tags/", "\trefs/heads/", "^{}", "ref: ", "\tHEAD\n", "same", String(repeating: "1", count: 40), "%2B", "+"],
        seeds: {
            let id = String(repeating: "0123456789", count: 4)
            return bytes([
                "ref: refs/heads/same\tHEAD\n\(id)\tHEAD\n\(id)\trefs/heads/same\n",
                "\(id)\trefs/tags/same\n\(String(id.reversed()))\trefs/tags/same^{}\n\(id)\trefs/heads/same\n",
                "\(id)\(id.prefix(24))\tHEAD\n",
            ])
        }
    ) {
        { input in
            let read = try reading("references", throwing: { $0 is FetchError }) { try GitProgram.references(in: input, of: "x") }
            guard let list = read.value else { return read.words }
            for name in ["same", "HEAD"] {
                guard let found = Found(name, among: list) else { continue }
                try hold(list.contains { $0.id == found.commit }, "\(name) is \(found.commit), which is in no line")
            }
            let id = String(repeating: "1", count: 40)
            if let found = Found(id, among: list) { try hold(found.commit.description == id, "an id stands for \(found.commit)") }
            return "\(min(list.count, 6)) references, \(Found("same", among: list)?.reference.prefix(12) ?? "none")"
        }
    }

    /// Patches with a message in front: mails, DEP-3, `git show`, `hg export`. What is read and written again is the same.
    static let message = FuzzTarget(
        "message", limit: 1 << 12,
        words: [
            "From ", "From: ", "Author: ", "Date: ", "Subject: ", "Description: ", "Origin: ", "Signed-off-by: ",
            "Last-Update: 2026-11-26\n",
            "Content-Type: text/plain; charset=", "Content-Transfer-Encoding: ", "base64", "format=flowed", "multipart/mixed", "=?UTF-8?q?",
            "=?gb2312?B?", "=?iso-2022-jp?B?", "?=", "=C3=A9", "windows-1252", "iso-8859-1", "commit ", "# HG changeset patch\n", "# User ",
            "[PATCH 1/2] ", "---\n", " <a@b>", "(x)", "\"", "\u{1B}$B", "Thu, 26 Nov 2026 10:00:00 +0100", "-- >8 --\n", ">From ", "\n\n",
        ],
        seeds: {
            let diff = "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\n"
            return bytes(
                [
                    "From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\nFrom: =?UTF-8?q?=C3=A9?= <a@b>\n"
                        + "Date: Thu, 26 Nov 2026 10:00:00 +0100\nSubject: [PATCH] s\n\nFrom: C <c@d>\n\nBody.\n---\n",
                    "From a@b Thu Nov 26 10:00:00 2026\nFrom: \"=?gb2312?B?0MLOxQ==?=\" <a@b> (x)\n"
                        + "Content-Type: text/plain; charset=windows-1252\nSubject: s\n t\n\nB\n---\n",
                    "Description: d\n long\n .\n more\nAuthor: A <a@b>\nAuthor: C <c@d>\nOrigin: o\nLast-Update: 2026-11-26\n---\n",
                    "Words.\n\nFrom: A <a@b>\n\nMore.\n\n",
                    "commit 0123456789012345678901234567890123456789\nAuthor: A <a@b>\nDate:   Thu Nov 26 10:00:00 2026 +0100\n\n    s\n\n    b\n\n",
                    "# HG changeset patch\n# User A <a@b>\n# Date 1700000000 -3600\ns\n\nb\n\n",
                ].map { $0 + diff })
        }
    ) {
        { input in
            let isOwn = { (error: any Error) in error is PatchMessageError }
            let read = try reading("message", throwing: isOwn) { try PatchMessage(of: input) }
            _ = try reading("messages", throwing: { $0 is PatchError }) { try Patch.messages(in: input) }
            guard let value = read.value, let message = value else { return read.words }
            guard let author = message.author, let date = message.date, let subject = message.subject else { return "a part of a message" }
            let box = try reading("mailbox", throwing: { $0 is MailboxError }) {
                try Mailbox(author: author, date: date, subject: "x \(subject)", body: message.body)
            }
            guard let mailbox = box.value else { return box.words }
            let again = try PatchMessage(of: mailbox.plain(diff: Array("diff --git a/f b/f\n".utf8), signature: "1"))
            try hold(again?.author == author && again?.date == date, "an author or a date that is written is read as another one")
            return "a message"
        }
    }

    /// Unified diffs, parsed and applied to files and to a tree.
    static let diff = FuzzTarget(
        "diff", limit: 1 << 14,
        words: [
            "--- a/", "+++ b/", "--- /dev/null\n", "+++ /dev/null\n", "@@ -1,3 +1,4 @@\n", "@@ -0,0 +1 @@\n",
            "\\ No newline at end of file\n", "-- \n",
            "diff --git a/f b/f\n", "new file mode 100755\n", "deleted file mode 100644\n", "rename from x\n", "GIT binary patch\n", "../",
            ".git/", "\t2020\n",
            "text.go", "repeated", "folder/inner", "empty", "windows", "old mode 100644\nnew mode 100755\n", "\r\n",
            "new file mode 120000\n", "deleted file mode 120000\n", "rename to y\n", "copy from text.go\ncopy to y\n",
            "similarity index 100%\n", "index 1..2 100644\n", "index 1..2 120000\n", "literal 3\n", "delta 15\n", "\"a/\\303\\251\"",
            "\\\"",
            "i/", "w/", "\t1970-01-01 00:00:00 +0000\n", "Binary files a/x and b/x differ\n", "160000", "diff --cc f\n", "link", "run",
            "binary",
            "From 0123456789012345678901234567890123456789 Mon\n", "From a@b Thu Nov 26 10:00:00 2026\n", "From: A <a@b>\n", "---\n",
        ],
        seeds: {
            try ownFiles(below: "patches") { $0.hasSuffix(".patch") }
                + bytes([
                    "--- a/text.go\n+++ b/text.go\n@@ -1,3 +1,4 @@\n package a\n \n+// x\n func b() {\n",
                    "From a@b Thu Nov 26 10:00:00 2026\nFrom: A <a@b>\nSubject: s\n\n@@ -1 +1 @@\n---\n--- a/empty\n+++ b/empty\n@@ -0,0 +1 @@\n+x\n",
                    "--- a/repeated\n+++ b/repeated\n@@ -3,2 +3,2 @@\n x\n-y\n+z\n@@ -9 +9 @@\n-x\n+w\n",
                    "--- /dev/null\n+++ b/folder/new\n@@ -0,0 +1,2 @@\n+a\n+b\n\\ No newline at end of file\n",
                    "--- a/open\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-one\n-two\n\\ No newline at end of file\n",
                    "--- a/windows\n+++ b/windows\n@@ -1,2 +1,2 @@\n-a\r\n+b\r\n c\r\n", "--- a/empty\n+++ b/empty\n@@ -0,0 +1 @@\n+x\n",
                    "diff --git a/run b/run\nold mode 100755\nnew mode 100644\ndiff --git a/empty b/empty\ndeleted file mode 100644\nindex e69de29..0000000\n",
                    "diff --git a/link b/link\ndeleted file mode 120000\n--- a/link\n+++ /dev/null\n@@ -1 +0,0 @@\n-folder/inner\n\\ No newline at end of file\n"
                        + "diff --git a/link b/link\nnew file mode 100644\n--- /dev/null\n+++ b/link\n@@ -0,0 +1 @@\n+x\n",
                    "diff --git a/text.go b/t\nsimilarity index 90%\nrename from text.go\nrename to t\nindex 1..2 100644\n--- a/text.go\n+++ b/t\n@@ -1,2 +1,2 @@\n-package a\n+package b\n \n",
                    "diff --git a/folder/inner b/c\nsimilarity index 100%\ncopy from folder/inner\ncopy to c\n",
                    "diff --git \"a/caf\\303\\251\" \"b/caf\\303\\251\"\nnew file mode 100755\n--- /dev/null\n+++ \"b/caf\\303\\251\"\n@@ -0,0 +1 @@\n+x\n",
                    "--- old/text.go\t2026-11-26 10:00:00 +0000\n+++ new/text.go\t2026-11-26 10:00:00 +0000\n@@ -4 +4 @@\n-\tc()\n+\td()\n"
                        + "--- old/n\t1970-01-01 00:00:00.0 +0000\n+++ new/n\t2026-11-26 10:00:00 +0000\n@@ -0,0 +1 @@\n+x\n",
                    "diff --git a/binary b/binary\nindex 7841bc7f8917a37e91ce8d0739ab27211b818941..42c983596450a2d482f19dfaf34656b7386a6e7f 100644\n"
                        + "GIT binary patch\ndelta 15\nWcmZo<X=0g>!otYJ%(5|k79#*2MgzeB\n\ndelta 14\nVcmZo-X=Is@GC7rT?qViJMgSwh1U&!%\n\n",
                    "diff --git a/fresh b/fresh\nnew file mode 100644\n"
                        + "index 0000000000000000000000000000000000000000..8352675d67aed6625ece79af41c27fdb4ee2e867\n"
                        + "GIT binary patch\nliteral 3\nKcmZQzWC8#H2LJ>B\n\nliteral 0\nHcmV?d00001\n\n",
                ])
        }
    ) {
        let folder = try FuzzFolder()
        let files: [String: String] = [
            "text.go": "package a\n\nfunc b() {\n\tc()\n}\n", "repeated": String(repeating: "x\ny\n", count: 8), "folder/inner": "in\n",
            "empty": "", "open": "one\ntwo", "windows": "a\r\nc\r\n",
        ]
        for (name, text) in files { try folder.write(text.utf8, to: "base/\(name)") }
        try folder.write([0xFF, 0x0A, 0x80, 0x0A], to: "base/bytes")
        try folder.write((0..<513).map { UInt8(truncatingIfNeeded: $0) }, to: "base/binary")
        try folder.write("#!/bin/sh\n".utf8, to: "base/run")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.place("base/run"))
        try FileManager.default.createSymbolicLink(atPath: folder.place("base/link"), withDestinationPath: "folder/inner")
        let store = folder.place("trees.git")
        let tree = try Repository.openOrCreateBare(at: store).importTree(from: folder.place("base")) { _ in }
        return { input in
            let read = try reading("diff", throwing: { $0 is PatchError }) { try Patch(input, name: "x") }
            guard let patch = read.value else { return read.words }
            return try Self.check(patch, on: tree, in: try Repository.open(at: store), folder)
        }
    }

    private static func check(_ patch: Patch, on tree: ObjectID, in repository: Repository, _ folder: FuzzFolder) throws -> String {
        for path in patch.paths {
            try hold(
                !path.hasPrefix("/") && !path.split(separator: "/").contains { $0 == ".." || $0 == ".git" }, "a path leads out: \(path)")
        }
        let standing: Lookup = { try repository.standing(at: $0, of: tree) }
        let written = try Patch(patch.text { $0 }, name: "x")
        try hold(
            written.paths == patch.paths && written.files.map(\.change) == patch.files.map(\.change)
                && written.files.map(\.newMode) == patch.files.map(\.newMode)
                && written.files.map(\.isBinary) == patch.files.map(\.isBinary)
                && written.files.map { $0.hunks.map(\.lines) } == patch.files.map { $0.hunks.map(\.lines) },
            "a patch that is written out and read again is another")
        let match = try patch.match(standing)
        try hold(match.matched <= match.wanted, "\(match.matched) of \(match.wanted) lines are there")
        let inMemory = try reading("application", throwing: { $0 is ApplyError }) { try patch.applied(to: standing) }
        let inTree = try reading("application to a tree", throwing: { $0 is ApplyError }) {
            try repository.apply(patch, to: tree, under: ".")
        }
        try hold((match.state == .applies) == (inMemory.value != nil), "the fit says \(match.state), and the patch \(inMemory.words)")
        try hold(
            (inTree.value != nil) == (inMemory.value != nil),
            "a patch applies to a tree or to its files and not to both: \(inTree.words), \(inMemory.words)")
        guard let changed = inTree.value, let files = inMemory.value else { return inTree.words }
        try hold(try repository.apply(written, to: tree, under: ".") == changed, "a patch that is written out makes another tree")
        let made = Set(files.compactMap { $0.after == nil ? nil : Array($0.file.path.utf8) })
        for file in files {
            if let after = file.after {
                try hold(
                    try repository.standing(at: file.file.path, of: changed).file == after,
                    "\(file.file.path) is another in the tree than in memory")
            }
            let old = file.file.oldPath
            if file.after == nil || file.file.change == .renamed, !made.contains(Array(old.utf8)) {
                try hold(try repository.standing(at: old, of: changed).file == nil, "\(old) is still there")
            }
        }
        try repository.check(changed)
        let touched = Set(try repository.changedPaths(from: tree, to: changed))
        try hold(touched.isSubset(of: patch.paths), "\(touched.sorted()) changed, and the patch names \(patch.paths)")
        return "applied: \(patch.files.map { "\($0.change)" })"
    }

    /// Trees from a git server, written out to a folder.
    static let tree = FuzzTarget(
        "tree", limit: 400,
        seeds: {
            // One byte each: the number of entries, and for each entry the pieces of its name and its type.
            bytes([
                "\u{3}\u{2}ab\u{0}\u{1}c\u{1}\u{2}de\u{2}\u{1}x\u{0}", "\u{1}\u{1}\u{0}\u{0}",
                "\u{4}\u{1}a\u{2}\u{1}b\u{2}\u{1}c\u{2}\u{1}d\u{3}",
            ])
        }
    ) {
        let folder = try FuzzFolder()
        let store = folder.place("trees.git")
        _ = try Repository.openOrCreateBare(at: store)
        let objects = WrittenObjects(folder: "trees.git/objects", in: folder)
        for name in ["outer/kept", "outer/inner/kept"] { try folder.write("kept".utf8, to: name) }
        let before = try folder.names(without: ["trees.git"])
        let written = Mutex(0)
        return { input in
            // Each object is a file, so remove them before there are too many.
            if written.withLock({
                $0 += 1; return $0 % 500 == 0
            }) {
                try folder.remove("trees.git/objects")
            }
            try folder.write([], to: "trees.git/objects/info/none")
            for name in ["outer/inner/work", "note"] { try folder.remove(name) }
            var draw = Draw(input)
            let (first, made) = (try objects.base(), try objects.tree(&draw, depth: 0))
            let repository = try Repository.open(at: store)
            let work = WorkTree(directory: folder.place("outer/inner/work"), note: folder.place("note"))
            try hold(work.holds(try work.checkOut(first, from: repository) { _ in }), "a harmless tree is not written as it is")
            let read = try reading("tree", throwing: { $0 is TreeFault || $0 is GitError }) {
                try work.checkOut(made.id, from: repository) { _ in }
            }
            if let claim = read.value {
                try hold(work.holds(claim), "the folder is not what was written")
                if made.isPlain {
                    let again = try repository.importTree(from: folder.place("outer/inner/work")) { _ in }
                    try hold(again == made.id, "the folder that was written of \(made.id) is the tree \(again)")
                }
            }
            let around = try folder.names(without: ["trees.git", "note"]).filter { !$0.hasPrefix("outer/inner/work") }
            try hold(around == before, "around the folder there is now \(around)")
            try hold(!FileManager.default.fileExists(atPath: "\(folder.path)-evil"), "something was written beside the test's folder")
            return read.value == nil ? read.words : "written: \(made.isPlain)"
        }
    }

    /// A whole untrusted repository to fetch from.
    static let repository = FuzzTarget(
        "repository", limit: 1 << 13,
        words: [
            "ref: refs/heads/main\n", "refs/heads/main", "refs/tags/v1", "^", "# pack-refs with: peeled fully-peeled sorted \n", "[core]\n",
            "bare = true\n", "repositoryformatversion = 1\n", "[extensions]\n", "worktree = ../../..\n",
            "[include]\n\tpath = /etc/passwd\n", "40000 ", "100644 ",
            "120000 ", "160000 ", "tree ", "parent ", "author A <a@b> 1 +0000\n", "object ", "type commit\n", "tag v1\n", "../",
        ],
        seeds: { try WrittenRepository.seeds() }
    ) {
        let folder = try FuzzFolder()
        return { input in
            try folder.remove("remote.git")
            try folder.remove("mirror.git")
            let name = try WrittenRepository.write(input, to: "remote.git", in: folder)
            let before = try folder.names(without: ["mirror.git"])
            let mirror = Mirror(at: folder.place("mirror.git"), patience: .seconds(30))
            var said = "nothing"
            do {
                let found = try await mirror.fetch(
                    reference: name, from: folder.place("remote.git"),
                    environment: [
                        "PATH": "/usr/bin:/bin", "HOME": folder.path, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null",
                    ])
                let repository = try Repository.open(at: mirror.path)
                try hold(repository.contains(found.tree), "a tree that was fetched is not there")
                let work = WorkTree(directory: folder.place("work"), note: folder.place("work.note"))
                said = try reading("tree", throwing: { $0 is TreeFault || $0 is GitError }) {
                    try work.checkOutWhole(found.tree, from: repository) { _ in }
                }.words
                try folder.remove("work")
                try folder.remove("work.note")
            } catch let broken as Broken { throw broken } catch {
                said = try reading("fetch", throwing: { $0 is FetchError || $0 is TreeFault || $0 is GitError }) { throw error }.words
            }
            let after = try folder.names(without: ["mirror.git", "work", "work.note"])
            try hold(after == before, "around the mirror there is now \(after.filter { !before.contains($0) })")
            return said
        }
    }
}
