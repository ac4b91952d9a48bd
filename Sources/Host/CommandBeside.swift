extension Command {
    /// Runs the program while some work runs. The work begins when the program reports that it is ready, and the program is ended when the
    /// work ends.
    ///
    /// - Parameters:
    ///   - ready: converts the first matching line of standard output into the input for the work; returns nil for other lines.
    ///   - body: the work.
    /// - Throws: `CommandError` if the program ends before it is ready; errors thrown by the work; `CancellationError`.
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

/// The output so far of a program that runs during some work.
private struct HeardBeside: Sendable {
    var isReady = false
    var last = RecentLines()
}
