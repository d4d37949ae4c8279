import Synchronization
import Testing

/// Has few tests use the server at the same time: it takes 100 connections, and a test may open twenty.
struct SharedServer: SuiteTrait, TestTrait, TestScoping {
    private enum Bounds {
        static let tests = 4
    }

    private struct State {
        var running = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private static let state = Mutex(State())

    var isRecursive: Bool { true }

    func scopeProvider(for test: Test, testCase: Test.Case?) -> Self? { testCase == nil ? nil : self }

    @concurrent func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        await Self.enter()
        defer { Self.leave() }
        try await function()
    }

    private static func enter() async {
        await withCheckedContinuation { continuation in
            let mayRun = state.withLock { state in
                if state.running < Bounds.tests {
                    state.running += 1
                    return true
                }
                state.waiting.append(continuation)
                return false
            }
            if mayRun { continuation.resume() }
        }
    }

    private static func leave() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if state.waiting.isEmpty {
                state.running -= 1
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume()
    }
}

extension Trait where Self == SharedServer {
    /// Runs with few others.
    static var sharedServer: SharedServer { SharedServer() }
}
