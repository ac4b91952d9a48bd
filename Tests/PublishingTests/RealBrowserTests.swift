import Foundation
import Model
import Publishing
import TestReports
import Testing

/// A headless Chromium opens reports and looks for faults (`Tests/Browser/look.py`).
@Suite("A browser and the report", .serialized, .timeLimit(.minutes(3)))
struct RealBrowserTests {
    @Test(
        """
        no error, no violated policy, no dead link, no sideways scrolling at 360 and 1280 px, contrast AA in light and dark, a cell opened by \
        keys alone, everything shown without scripts
        """, arguments: [Written.night, .hostile], [false, true])
    func flawless(_ written: Written, asOneFile: Bool) throws {
        let folder = try Folder()
        let report = HTMLReport(written.document)
        if asOneFile { try folder.write("one.html", report.singleFile) } else { try folder.write(report.files) }
        let found = try look(asOneFile ? "\(folder.path)/one.html" : folder.path)
        #expect(found.isEmpty, "\(found.joined(separator: "\n"))")
    }

    @Test("the browser notices a handler, a foreign image, a dead link, a faint text and one that is too wide")
    func planted() throws {
        let folder = try Folder()
        var files = HTMLReport(WrittenNight.quiet).files
        let fault = """
            <p onclick="x()" class="planted">planted</p><a href="cells/none.html">dead</a><img src="https://example.invalid/x.png" alt="">
            """
        let index = String(decoding: try #require(files["index.html"]), as: UTF8.self)
        files["index.html"] = Array(index.replacingOccurrences(of: "<h2 id=\"cells\">", with: "\(fault)<h2 id=\"cells\">").utf8)
        files["report.css"] = try #require(files["report.css"]) + Array(".planted { color: #ccc; width: 2000px }".utf8)
        try folder.write(files)
        let found = try look(folder.path)
        for sign in ["inline event handler", "Loading the image", "dead link", "contrast 1.", "scrolls sideways"] {
            #expect(found.contains { $0.contains(sign) }, "\(sign) in \(found)")
        }
    }

    private func look(_ path: String) throws -> [String] {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let process = Process()
        let (output, errors) = (Pipe(), Pipe())
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", tests.appending(path: "Browser/look.py").path, path]
        (process.standardOutput, process.standardError) = (output, errors)
        try process.run()
        let answer = output.fileHandleForReading.readDataToEndOfFile()
        let trouble = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(trouble)")
        return try JSONDecoder().decode([String].self, from: answer)
    }
}

/// A folder for a test's report.
private final class Folder {
    let path = FileManager.default.temporaryDirectory.appending(path: "ninepin-report-\(UUID())").path

    init() throws { try FileManager.default.createDirectory(atPath: "\(path)/cells", withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ bytes: [UInt8]) throws { try Data(bytes).write(to: URL(filePath: "\(path)/\(name)")) }

    func write(_ files: [String: [UInt8]]) throws { for (name, bytes) in files { try write(name, bytes) } }
}
