extension Command {
    /// Runs the program beside some work: the work begins when the program has said that it is ready, and its end is the program's.
    ///
    /// - Parameters:
    ///   - ready: makes of the first fitting line of standard output what the work needs; nil for a line that says nothing of it.
    ///   - body: the work.
    /// - Throws: `CommandError` when the program ends before it is ready; what the work throws; `CancellationError`.
    package func beside<Value: Sendable, Ready: Sendable>(
        _ ready: @escaping @Sendable ([UInt8]) -> Ready?, body: @escaping @Sendable (Ready) async throws -> Value
    ) async throws -> Value {
        let (signs, continuation) = AsyncThrowingStream<Ready, any Error>.makeStream()
        let program: @Sendable () async throws -> Void = {
            do {
                let (heard, ended) = try await watch(HeardBeside()) { heard, event, _ in
                    guard case .line(let stream, let line) = event else { return .proceed }
                    heard.last.append(String(decoding: line, as: UTF8.self))
                    if stream == .output, !heard.isReady, let sign = ready(line) {
                        heard.isReady = true
                        continuation.yield(sign)
                    }
                    return .proceed
                }
                continuation.finish(throwing: failure(ended, heard.last.lines))
            } catch { continuation.finish(throwing: error) }
        }
        return try await withBackgroundTasks([program]) {
            for try await sign in signs { return try await body(sign) }
            throw CancellationError()
        }
    }
}

/// What a program has said that runs beside some work.
private struct HeardBeside: Sendable {
    var isReady = false
    var last = RecentLines()
}
