import Synchronization

/// What media work is ended by from outside.
final class MediaLeash: Sendable {
    /// The work was given up: ``reason`` says why.
    struct Cut: Error {}

    /// Why work is given up.
    enum Reason: Sendable, Hashable {
        /// Its clip was removed, or its lease was lost: it is nobody's business any more.
        case lost
        /// The process stops; somebody else may go on.
        case stopping
    }

    private struct State {
        var reason: Reason?
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    /// Whether the work is given up, and why.
    var reason: Reason? { state.withLock(\.reason) }
    var isCut: Bool { reason != nil }

    /// Gives the work up and ends what runs for it.
    func cut(_ reason: Reason) {
        state.withLock { $0.reason = $0.reason ?? reason }
        wake()
    }

    /// Does a part of the work, one at a time, which is cancelled when the work is given up.
    ///
    /// - Throws: ``Cut``, or what the part throws; it has ended then.
    func hold(_ part: @escaping @Sendable () async throws -> Void) async throws {
        guard !isCut else { throw Cut() }
        try await withThrowingTaskGroup { group in
            group.addTask { try await part() }
            group.addTask { if await self.wait() { throw Cut() } }
            // The other is cancelled, and waited for.
            defer { group.cancelAll() }
            try await group.next()
        }
        try Task.checkCancellation()
    }

    /// Waits until the work is given up; `false` when the task is cancelled before.
    private func wait() async -> Bool {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    precondition(state.waiter == nil, "two parts are done on one leash")
                    guard state.reason == nil, !Task.isCancelled else { return true }
                    state.waiter = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            wake()
        }
        return isCut
    }

    private func wake() {
        let waiter = state.withLock { state in
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }
}
