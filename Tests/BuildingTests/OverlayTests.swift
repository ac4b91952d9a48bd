import FileSystem
import FoundationEssentials
import Host
import Model
import Patches
import SystemPackage
import Testing
import UnifiedDiff

@testable import Building

/// Several project folders side by side.
final class OverlayTests {
    private let folder = FilePath(FileManager.default.temporaryDirectory.appending(path: "ninepin-overlay-\(UUID())").path)

    deinit { try? FileManager.default.removeItem(atPath: folder.string) }

    private static let shipped = FilePath(
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path)

    private func catalogue(_ projects: [FilePath]) -> Catalogue {
        Catalogue(Host(environment: [:], workspace: folder, project: projects.first ?? folder, projects: projects, isRoot: false))
    }

    private func patch(_ name: String) throws {
        try Files.makeDirectory(folder.appending("patches/\(name)"))
        try Files.write(
            """
            title: one of the company's own
            why: a reason
            upstream: \(name.prefix { $0 != "/" })
            versions: '>=0.1'
            variants: [{name: all, versions: '>=0.1'}]
            evidence: none yet
            status: local

            """, to: folder.appending("patches/\(name)/patch.yaml"))
        try Files.write(
            "--- a/machine/info.go\n+++ b/machine/info.go\n@@ -1 +1 @@\n-package one\n+package two\n",
            to: folder.appending("patches/\(name)/all.patch"))
    }

    @Test(
        "a recipe and a manifest of nights are not read through a link that leads out of their project; one within its folder is followed")
    func links() throws {
        for part in ["recipes", "patches"] { try Files.makeDirectory(folder.appending("own/\(part)")) }
        let text =
            "title: t\nversion: 1.0.0\nsource: {git: {url: 'https://example.org/x', ref: HEAD}}\nupstreams: {up: {path: up}}\ntoolchain: '*'\n"
        for (place, name) in [("own/recipes/r.yaml", "inside"), ("outside.yaml", "outside"), ("outside.yaml", "nightly")] {
            try Files.write(text, to: folder.appending(FilePath(place).components))
            try Files.link(folder.appending("own/recipes/\(name).yaml"), to: folder.appending(FilePath(place).components).string)
        }
        let catalogue = catalogue([folder.appending("own")])
        #expect(try catalogue.recipe("inside").title == "t")
        for error in [
            #expect(throws: FileError.self) { try catalogue.recipe("outside") },
            #expect(throws: FileError.self) { try catalogue.nightlyManifest() },
        ] { #expect(error?.description.contains("a symbolic link leads out of") == true, "\(String(describing: error))") }
    }

    @Test("a company's recipe extends a shipped one and names its own patch, without a copy of anything")
    func beside() throws {
        try patch("cadvisor/company")
        try Files.makeDirectory(folder.appending("recipes"))
        try Files.write(
            "title: ours\nextends: kubelet-1.20\nseries: [libcontainer/percpu, cadvisor/company]\n",
            to: folder.appending("recipes/ours.yaml"))
        let catalogue = catalogue([folder, Self.shipped])
        #expect(try catalogue.recipeNames.contains("ours"))
        #expect(try catalogue.recipeNames.contains("kubelet-1.20"))
        #expect(try catalogue.recipe("ours").series.map(\.description) == ["libcontainer/percpu", "cadvisor/company"])
        let registry = try catalogue.registry()
        let own = try registry.entry(named: "company")
        #expect(try registry.patch(own.variants[0], of: own).paths == ["machine/info.go"])
        #expect(try registry.entry(named: "percpu").name.description == "libcontainer/percpu")
        #expect(registry.upstreams["cadvisor"] != nil)
        #expect(registry.place(of: own.name) == folder.appending("patches/cadvisor/company"))
    }

    @Test("a name in two folders is an error that tells both, whichever comes first", arguments: [false, true])
    func twice(_ isTurned: Bool) throws {
        try patch("libcontainer/percpu")
        try Files.makeDirectory(folder.appending("recipes"))
        try Files.write("title: another\nextends: kubelet\n", to: folder.appending("recipes/kubelet-1.20.yaml"))
        let catalogue = catalogue(isTurned ? [Self.shipped, folder] : [folder, Self.shipped])
        #expect(throws: Catalogue.NameTwice.self) { try catalogue.recipe("kubelet-1.20") }
        let error = #expect(throws: Diagnostic.self) { try catalogue.registry() }
        #expect(error?.message.contains("'libcontainer/percpu'") == true)
    }

    @Test("without a project, and with a folder that is none, the error says what to do")
    func none() throws {
        let missing = #expect(throws: Catalogue.NoProject.self) { try catalogue([]).recipeNames }
        #expect(missing?.description == "no recipes/ found here or above. Change to the project folder, or pass --project DIR.")
        let named = #expect(throws: Catalogue.NoProject.self) { try catalogue([folder.appending("nothing")]).registry() }
        #expect(named?.description.contains("neither recipes/ nor patches/") == true)
    }
}
