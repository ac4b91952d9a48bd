import Building
import Host
import Model
import Store

extension SourceBuilder {
    /// A builder with its own workspace.
    static func opened(_ host: Host, events: @escaping EventSink) async throws -> SourceBuilder {
        SourceBuilder(try await StepRunner(host, events: events))
    }
}
