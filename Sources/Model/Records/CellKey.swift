/// What is measured again and again: a series of a recipe, in a layout, up to a level. Runs with the same key are comparable, whatever
/// version of the source they booted.
package struct CellKey: Hashable, Codable, Sendable {
    /// The recipe's name; empty for a binary that no recipe built.
    package let recipe: String
    /// The line of releases that the cell follows, such as `1.36`; nil if it follows the recipe's own version.
    package let line: String?
    /// The patches, in order.
    package let series: [PatchName]
    package let layout: RunLayout
    package let level: Level
    /// The probe that is run at level `component`; nil if a node is booted.
    package let probe: PatchName?

    package init(recipe: String, line: String? = nil, series: [PatchName], layout: RunLayout, level: Level, probe: PatchName? = nil) {
        self.recipe = recipe
        self.line = line
        self.series = series
        self.layout = layout
        self.level = level
        self.probe = probe
    }

    /// The series in command-line notation, with the patches' full names: `none`, or names with commas.
    package var seriesText: String { series.isEmpty ? "none" : series.map(\.description).joined(separator: ",") }
}

extension CellKey: CustomStringConvertible {
    /// The key on one line: `kubelet 1.36, libcontainer/percpu, root-9p, boot`. Two different keys have different texts.
    package var description: String {
        let source = [recipe, line ?? ""].filter { !$0.isEmpty }.joined(separator: " ")
        return ([source, seriesText, layout.rawValue, level.rawValue] + (probe.map { ["probe \($0)"] } ?? [])).joined(separator: ", ")
    }
}
