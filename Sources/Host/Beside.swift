/// Works, with other work going on beside it that ends when the work ends. What the others throw ends the work too.
///
/// - Throws: the first error of any of them; `CancellationError`.
public func working<Value: Sendable>(
    beside others: [@Sendable () async throws -> Void], _ body: @escaping @Sendable () async throws -> Value
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
