import Foundation
import Model
import Testing

@Suite("Layouts")
struct LayoutTests {
    @Test("what stands in the records of today is read and written as it stands there")
    func present() throws {
        for (text, layout) in [
            ("root-9p", Layout.root9p), ("root-overlay", .rootOverlay), ("volume-9p", .volume9p),
        ] {
            #expect(layout.rawValue == text && Layout(rawValue: text) == layout)
            #expect(try JSONEncoder().encode([layout]) == Data("[\"\(text)\"]".utf8))
            #expect(layout.cgroup == .v1 && layout.overlaySize == nil)
        }
    }

    @Test("cgroups and size are parts of the text, and come back from it")
    func chosen() throws {
        let size = try #require(OverlaySize("20g"))
        for (layout, text) in [
            (Layout(.root9p, cgroup: .v2), "root-9p+v2"), (Layout(.rootOverlay, cgroup: .v2, overlaySize: size), "root-overlay+v2+20g"),
            (Layout(.rootOverlay, overlaySize: size), "root-overlay+20g"), (Layout(.volume9p, cgroup: .v2), "volume-9p+v2"),
        ] {
            #expect(layout.rawValue == text)
            #expect(try JSONDecoder().decode([Layout].self, from: Data("[\"\(text)\"]".utf8)) == [layout])
        }
    }

    @Test("a size is left out where no overlay is")
    func meaningless() throws {
        let size = try #require(OverlaySize("20g"))
        #expect(Layout(.volume9p, overlaySize: size) == .volume9p)
    }

    @Test(
        "a run records a sandbox by its layout's text, and the environment of Ninepin itself as here; a sandbox cannot be asked to be that")
    func recorded() throws {
        for (text, layout) in [("root-9p+v2", RunLayout.sandbox(Layout(.root9p, cgroup: .v2))), ("here", .here)] {
            #expect(layout.rawValue == text && RunLayout(rawValue: text) == layout)
            #expect(try JSONEncoder().encode([layout]) == Data("[\"\(text)\"]".utf8))
            #expect(try JSONDecoder().decode([RunLayout].self, from: Data("[\"\(text)\"]".utf8)) == [layout])
        }
        #expect(Layout(rawValue: "here") == nil && RunLayout(rawValue: "there") == nil)
        #expect(throws: DecodingError.self) { try JSONDecoder().decode([RunLayout].self, from: Data(#"["here+v2"]"#.utf8)) }
    }

    @Test(
        "one layout has one text",
        arguments: [
            "", "root", "root-9p+", "root-9p+v1", "root-9p+v2+20g", "root-overlay+20g+v2", "root-overlay+v3", "root-9p+v2+v2", "+v2",
        ])
    func otherSpellings(_ text: String) {
        #expect(Layout(rawValue: text) == nil)
    }

    @Test("a size is a number and a unit, and nothing that a flag of runsc would read otherwise")
    func sizes() {
        for text in ["1k", "512m", "20g", "999999999t"] { #expect(OverlaySize(text)?.description == text) }
        for text in ["", "g", "0g", "020g", "20", "20G", "20gb", "2.5g", "-1g", "20g,x=y", "20g:", "1234567890g", "２０g", "20 g"] {
            #expect(OverlaySize(text) == nil, "\(text)")
        }
    }

    @Test("runc starts pods on cgroup v1, crun on v2, and whatever the recipe says on both")
    func runtimes() {
        let node = NodeSpec(profile: .kubelet)
        #expect(node.runtime(on: .v1) == .runc && node.runtime(on: .v2) == .crun)
        let other = NodeSpec(profile: .kubelet, runtime: .runc)
        #expect(other.runtime(on: .v2) == .runc && other.stretched(by: Deadlines(patience: 2)).runtime == .runc)
    }
}
