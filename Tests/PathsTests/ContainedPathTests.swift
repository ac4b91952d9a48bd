import Foundation
import Paths
import Testing
import TestInputs

@Suite("Paths that come from data")
struct ContainedPathTests {
    @Test(
        "what would lead elsewhere, or is git's own, is no path",
        arguments: [
            "", "/", "/etc/passwd", "..", "../x", "a/..", "a/../b", "a//b", "a/", "./a", "a/.", "a/./b", "a\u{0}b", "a/.git", ".git/hooks",
            "x/GIT~1",
            ".git ", ".git::$INDEX_ALLOCATION", "a/.g\u{200C}it/b", "b\\.git", String(repeating: "n", count: 256),
            String(repeating: "d/", count: 128) + "x", String(repeating: "name/", count: 900) + "x",
        ])
    func refuses(text: String) {
        #expect(ContainedPath(text) == nil)
        #expect(throws: (any Error).self) { try JSONDecoder().decode([ContainedPath].self, from: JSONEncoder().encode([text])) }
    }

    @Test(
        "what stays below its folder is taken as it is, also in JSON",
        arguments: ["a", "a/b", "...", "..a", "a../b", ".gitignore", ".github/x", "vendor/k8s.io/api", "a b", "ä", "-x", "git~2", "."])
    func takes(text: String) throws {
        let path = try #require(ContainedPath(text))
        #expect(path.description == text)
        #expect(try JSONEncoder().encode([path]) == JSONEncoder().encode([text]))
        #expect(try JSONDecoder().decode([ContainedPath].self, from: JSONEncoder().encode([text])) == [path])
    }

    @Test("a path that is a key in JSON is written as one")
    func keys() throws {
        let (key, value) = (try #require(ContainedPath("bin/x")), try #require(ContainedPath("src/x")))
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        #expect(String(decoding: try encoder.encode([key: value]), as: UTF8.self) == #"{"bin/x":"src/x"}"#)
        let read = try JSONDecoder().decode([ContainedPath: ContainedPath].self, from: Data(#"{"bin/x":"src/x"}"#.utf8))
        #expect(read == [key: value])
        #expect(throws: (any Error).self) { try JSONDecoder().decode([ContainedPath: Int].self, from: Data(#"{"../x":1}"#.utf8)) }
    }

    @Test("a name is one part, and no folder itself", arguments: ["a/b", ".", "..", "q/../x", "", "/"])
    func names(text: String) {
        #expect(throws: PathFault.self) { try ContainedPath(name: Array(text.utf8)) }
    }

    @Test("an archive's way of writing is taken to the same parts, and leads out as little")
    func archived() throws {
        #expect(try ContainedPath(archived: Array("./a//b/.".utf8)) == ContainedPath("a/b"))
        #expect(try ContainedPath(archived: Array("./".utf8)) == .top)
        #expect(throws: PathFault.upwards) { try ContainedPath(archived: Array("./a/../../b".utf8)) }
        #expect(throws: PathFault.absolute) { try ContainedPath(archived: Array("//a".utf8)) }
        #expect(throws: PathFault.reserved) { try ContainedPath(archived: Array("a/./.GiT/".utf8)) }
    }

    @Test("paths that are put together stay paths, and cannot come to lie too deep")
    func appending() throws {
        let path = try #require(ContainedPath(Array(repeating: "d", count: 100).joined(separator: "/")))
        #expect(try path.appending(try #require(ContainedPath("x"))).parts.count == 101)
        #expect(throws: PathFault.deep) { try path.appending(path) }
        #expect(try ContainedPath.top.appending(path) == path)
    }

    @Test("any bytes either are no path, or give back the same parts: each good, none that leads upwards")
    func generated() async throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix(seed)
        let pieces =
            [".", "..", "/", "git", "GIT", "~1", ".git", "\\", ":", " ", "a", "\u{200C}", "\u{FEFF}", "\0", "\u{FF}", "x/y"].map {
                Array($0.utf8)
            } + [[0xFF], [0xC3]]
        let end = ContinuousClock.now + .seconds(2)
        while ContinuousClock.now < end {
            await Task.yield()
            let bytes = (0..<Int.random(in: 0...8, using: &random)).flatMap { _ in pieces.randomElement(using: &random) ?? [] }
            for isArchived in [false, true] {
                let made = isArchived ? try? ContainedPath(archived: bytes) : try? ContainedPath(bytes)
                guard let path = made else { continue }
                for part in path.parts {
                    let text = String(decoding: part, as: UTF8.self).lowercased().unicodeScalars.filter {
                        ![0x200C, 0xFEFF].contains($0.value)
                    }.map(String.init).joined()
                    let isGood =
                        !part.isEmpty && part != Array(".".utf8) && part != Array("..".utf8) && !part.contains(0) && !part.contains(0x2F)
                    #expect(
                        isGood && text != ".git" && String(decoding: part, as: UTF8.self).lowercased() != "git~1", "seed \(seed): \(bytes)")
                }
                #expect(try ContainedPath(path.bytes) == path, "seed \(seed): \(bytes)")
            }
        }
    }
}
