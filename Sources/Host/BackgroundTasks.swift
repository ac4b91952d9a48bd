/// Runs background tasks while some work runs. When the work ends, the tasks are canceled; when a task throws, the work is canceled.
///
/// - Throws: the first error of the tasks or the work; `CancellationError`.
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
