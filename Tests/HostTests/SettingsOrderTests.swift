import FileSystem
import FoundationEssentials
import Model
import SystemPackage
import Testing

@testable import Host

/// Where the settings of a command come from.
final class SettingsOrderTests {
    private let folder = FilePath(FileManager.default.temporaryDirectory.appending(path: "ninepin-settings-\(UUID())").path)

    deinit { try? FileManager.default.removeItem(atPath: folder.string) }

    /// A project folder with a configuration file, unless it is empty.
    private func project(_ name: String, _ configuration: String = "") throws -> FilePath {
        let place = folder.appending(name)
        for part in ["recipes", "patches"] { try Files.makeDirectory(place.appending(part)) }
        if !configuration.isEmpty { try Files.write(configuration, to: place.appending("ninepin.yaml")) }
        return place
    }

    private func user(_ configuration: String) throws -> [String: String] {
        try Files.makeDirectory(folder.appending("home/ninepin"))
        try Files.write(configuration, to: folder.appending("home/ninepin/config.yaml"))
        return ["XDG_CONFIG_HOME": folder.appending("home").string]
    }

    @Test("an option comes before a variable, the variable before the project's file, and that before the user's own")
    func order() throws {
        let place = try project("p", "jobs: 3\npatience: 3\nworkspace: inside\n")
        let home = try user("jobs: 4\npatience: 4\nworkspace: /own\nrunsc: /own/runsc\n")
        func host(_ options: HostOptions, _ more: [String: String]) throws -> Host {
            try Host.current(options, environment: home.merging(more) { $1 }, in: place, program: nil)
        }
        let plain = try host(HostOptions(), [:])
        #expect(plain.settings.jobs == .count(3))
        #expect(plain.deadlines.patience == 3)
        #expect(plain.workspace == place.appending("inside"))
        #expect(plain.settings.runsc == "/own/runsc")
        let variables = try host(
            HostOptions(), ["NINEPIN_JOBS": "2", "NINEPIN_PATIENCE": "2", "NINEPIN_WORKSPACE": "/v", "NINEPIN_RUNSC": "/v/runsc"])
        #expect(variables.settings.jobs == .count(2))
        #expect(variables.deadlines.patience == 2)
        #expect(variables.workspace == "/v")
        #expect(variables.settings.runsc == "/v/runsc")
        let options = try host(HostOptions(workspace: "w", patience: 5), ["NINEPIN_PATIENCE": "2", "NINEPIN_WORKSPACE": "/v"])
        #expect(options.deadlines.patience == 5)
        #expect(options.workspace == place.appending("w"))
    }

    @Test(
        "a link in the project that leads out of it is no workspace of it, and no settings are read through one; a user may name the folder"
    )
    func links() throws {
        func host(_ place: FilePath, _ options: HostOptions = HostOptions(), _ environment: [String: String] = [:]) throws -> Host {
            try Host.current(options, environment: environment, in: place, program: nil)
        }
        let outside = folder.appending("outside")
        try Files.makeDirectory(outside.appending("below"))
        try Files.write("secret: words\n", to: outside.appending("ninepin.yaml"))
        for (name, configuration, link) in [
            ("usual", "jobs: 2\n", "Workspace"), ("named", "workspace: w\n", "w"), ("below", "workspace: w/below/new\n", "w"),
        ] {
            let place = try project(name, configuration)
            try Files.link(place.appending(link), to: outside.string)
            let error = #expect(throws: Diagnostic.self) { try host(place) }
            #expect(error?.description.contains("a symbolic link leads out of the project") == true)
            #expect(try host(place, HostOptions(workspace: link)).workspace == place.appending(link))
            #expect(try host(place, HostOptions(), ["NINEPIN_WORKSPACE": "/w"]).workspace == "/w")
        }
        let inside = try project("inside", "workspace: w\n")
        try Files.makeDirectory(inside.appending("large"))
        try Files.link(inside.appending("w"), to: "large")
        #expect(try host(inside).workspace == inside.appending("w"))
        let read = try project("read")
        try Files.link(read.appending("ninepin.yaml"), to: outside.appending("ninepin.yaml").string)
        let error = #expect(throws: FileError.self) { try host(read) }
        #expect(error?.description.contains("a symbolic link leads out of") == true && error?.description.contains("secret") == false)
    }

    @Test("folders on the command line replace the variable's and the user's, but not those that the first of them names")
    func projects() throws {
        let (one, two, company) = (try project("one", "projects: [../company]\n"), try project("two"), try project("company"))
        var environment = try user("projects: [/elsewhere]\n")
        environment["NINEPIN_PROJECT"] = "\(two):\(one)"
        let named = try Host.current(HostOptions(projects: [one.string, "two"]), environment: environment, in: folder, program: nil)
        #expect(named.projects == [one, two, company])
        #expect(named.project == one)
        let variable = try Host.current(environment: environment, in: folder, program: nil)
        #expect(variable.projects == [two, one, "/elsewhere"])
    }

    @Test("an installed program finds what came with it, and its workspace is in the user's cache")
    func installed() throws {
        let prefix = folder.appending("usr")
        _ = try project("usr/share/ninepin")
        let host = try Host.current(
            environment: ["XDG_CACHE_HOME": "/c"], in: "/", program: prefix.appending("bin"))
        #expect(host.projects == [prefix.appending("share/ninepin")])
        #expect(host.workspace == "/c/ninepin")
        let own = try project("own", "projects: [shipped]\n")
        let both = try Host.current(environment: [:], in: own, program: prefix.appending("bin"))
        #expect(both.projects == [own, prefix.appending("share/ninepin")])
        #expect(both.workspace == own.appending("Workspace"))
    }

    @Test("an invalid variable and a named file that is not there are errors, and an absent usual file is none")
    func invalid() throws {
        let place = try project("p")
        #expect(throws: Diagnostic.self) { try Host.current(environment: ["NINEPIN_JOBS": "0"], in: place, program: nil) }
        #expect(throws: FileError.self) { try Host.current(environment: ["NINEPIN_CONFIG": "/nowhere"], in: place, program: nil) }
        #expect(try Host.current(environment: ["XDG_CONFIG_HOME": "/nowhere"], in: place, program: nil).settings == Settings())
    }

    @Test("without a project anywhere there is none, and that is no error yet")
    func none() throws {
        try Files.makeDirectory(folder)
        let host = try Host.current(environment: ["HOME": "/h"], in: folder, program: nil)
        #expect(host.projects.isEmpty)
        #expect(host.workspace == "/h/.cache/ninepin")
    }
}
