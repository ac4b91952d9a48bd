/// Runs background tasks for as long as some work takes. The tasks are canceled when the work ends; an error of a task ends the work.
///
/// - Throws: the first error of any of them; `CancellationError`.
package func withBackgroundTasks<Value: Sendable>(
    _ others: [@Sendable () async throws -> Void], _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value?.self) { group in
        for other in others {
            group.addTask {
                try await other()
                return nil
            }
        }
        group.addTask { try await body() }
        defer { group.cancelAll() }
        while let value = try await group.next() { if let value { return value } }
        throw CancellationError()
    }
}
