import ArgumentParser
import Building
import ExitCodes
import FileSystem
import FoundationEssentials
import Host
import Model
import Nightly
import Publishing
import Report
import Runs
import Store
import SystemPackage

/// The forms in which a result is written in addition to the terminal's.
struct ReportOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Write a report of static HTML pages to this folder.", valueName: "dir"), completion: .directory) var html:
        String?
    @Option(help: ArgumentHelp("Write the HTML report as one file, to send to somebody.", valueName: "file"), completion: .file())
    var singleFile: String?
    @Option(help: ArgumentHelp("Write a JUnit report, for the test views of CI systems.", valueName: "file"), completion: .file())
    var junit: String?
    @Option(
        help: ArgumentHelp("Write a report in Markdown, for a pull request; '-' writes it to standard output.", valueName: "file"),
        completion: .file())
    var markdown: String?
    @Flag(
        help: ArgumentHelp(
            "Write annotations for GitHub Actions to standard output, and a summary to the file that $GITHUB_STEP_SUMMARY names."))
    var github = false

    /// Whether any form was asked for.
    var isAsked: Bool { html != nil || singleFile != nil || junit != nil || markdown != nil || github }

    func validate() throws {
        let names = [html, singleFile, junit, markdown].compactMap(\.self)
        guard Set(names).count == names.count else { throw ValidationError("two reports cannot have the same path") }
        guard ![html, singleFile, junit].contains(""), markdown != "" else { throw ValidationError("a report's path cannot be empty") }
    }

    /// Whether the text for people would get mixed with a report on standard output.
    var ownsOutput: Bool { github || markdown == "-" }

    /// Throws an error if a document is to be written to standard output although a report is.
    func refuse(_ format: OutputFormat) throws {
        guard ownsOutput, format != .table else { return }
        throw ValidationError(
            "\(github ? "--github" : "--markdown -") writes to standard output, so --json and -o cannot be used with it\(github ? "" : "; give --markdown a file")"
        )
    }
}

extension CommandContext {
    /// Writes a report in the requested forms.
    ///
    /// - Throws: `FileError` if a file cannot be written.
    func publish(_ document: ReportDocument, as options: ReportOptions) throws {
        if let folder = options.html { try write(HTMLReport(document).files, to: FilePath(folder)) }
        if let file = options.singleFile { try write(HTMLReport(document).singleFile, to: FilePath(file)) }
        if let file = options.junit { try write(JUnitReport(document).xml, to: FilePath(file)) }
        if let file = options.markdown {
            let text = MarkdownReport(document).text
            if file == "-" { report.lines(text) } else { try write(Array(text.utf8), to: FilePath(file)) }
        }
        if options.github { try annotate(GitHubReport(document)) }
    }

    private func annotate(_ github: GitHubReport) throws {
        report.commands(github.annotations)
        guard let path = host.environment["GITHUB_STEP_SUMMARY"], !path.isEmpty else { return }
        // Other steps of the job may have written to it.
        try OutputFile.append(Array(github.summary.utf8), to: FilePath(path))
    }

    /// Writes a folder of files. Files of an earlier report are replaced; others are left alone.
    private func write(_ files: [String: [UInt8]], to folder: FilePath) throws {
        for (name, bytes) in files { try write(bytes, to: folder.pushing(FilePath(name))) }
    }

    private func write(_ bytes: [UInt8], to file: FilePath) throws {
        let folder = file.removingLastComponent()
        if !folder.string.isEmpty { try Files.makeDirectory(folder) }
        try OutputFile.write(bytes, to: file)
    }

    /// Writes the report on the runs of one command, if any form was asked for.
    ///
    /// - Throws: `LedgerError`; `FileError`.
    func publish(_ runs: [Run], title: String, as options: ReportOptions) throws {
        guard options.isAsked else { return }
        let builder = ReportBuilder(try ledger(), registry: try catalogue.registry())
        try publish(try builder.document(of: runs, title: title), as: options)
    }

    /// Writes the report on a matrix, if any form was asked for.
    ///
    /// - Throws: `LedgerError`; `FileError`.
    func publish(_ matrix: Matrix, title: String, as options: ReportOptions) throws {
        guard options.isAsked else { return }
        let ledger = try ledger()
        let runs = try matrix.cells.flatMap { cell in try (cell.runs + (cell.setAside ?? [])).map { try ledger.run($0.id) } }
        try publish(runs, title: title, as: options)
    }

    /// The ledger of the workspace.
    ///
    /// - Throws: `LedgerError`; `FileError`.
    func ledger() throws -> Ledger { try Ledger(Workspace(host)) { [events] in events(.note($0)) } }
}
