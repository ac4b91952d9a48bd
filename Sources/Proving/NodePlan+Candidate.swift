import Building
import FoundationEssentials
import Host
import Model
import Supervisor

extension NodePlan {
    /// A plan to keep a candidate running.
    ///
    /// - Throws: `NoControlPlane` if the candidate joins none.
    package init(_ candidate: Candidate, name: String, layout: RunLayout, runsc: String? = nil) throws(NoControlPlane) {
        guard let plane = candidate.plane else { throw NoControlPlane(recipe: candidate.recipe) }
        self.init(
            name: name, recipe: candidate.recipe, series: candidate.series, layout: layout,
            node: candidate.node,
            artifact: candidate.artifact, controlPlane: plane, since: Date.now.formatted(.iso8601),
            notes: candidate.notes.isEmpty ? nil : candidate.notes, runsc: runsc)
    }
}
