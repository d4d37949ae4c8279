import Base
import Synchronization

/// The reader's end of one subscription: a bounded queue that a back end fills and one task empties.
///
/// When it is full everything in it is dropped and the reader is told ``BusEvent/missed`` once: a slow reader costs a
/// fixed amount of memory.
public final class BusSubscription: Sendable {
    private struct State {
        var queue: BoundedQueue<[UInt8]>
        var hasMissed = false
        var isClosed = false
        var reader: CheckedContinuation<BusEvent?, Never>?
    }

    private let state: Mutex<State>
    private let onClose: @Sendable () -> Void

    /// Makes the queue; for back ends.
    ///
    /// - Parameters:
    ///   - capacity: messages that may wait. Defaults to 1,024; at least 1.
    ///   - onClose: called once when the reader no longer listens.
    public init(capacity: Int = 1_024, onClose: @escaping @Sendable () -> Void = {}) {
        state = Mutex(State(queue: BoundedQueue(capacity: capacity)))
        self.onClose = onClose
    }

    deinit { close() }

    /// Waits for the next event; `nil` when the subscription is closed or the task is cancelled.
    ///
    /// Only one task may read.
    public func next() async -> BusEvent? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let event = state.withLock { state -> BusEvent?? in
                    precondition(state.reader == nil, "two tasks read one bus subscription; it has one reader")
                    if let event = Self.take(&state) { return .some(event) }
                    if state.isClosed || Task.isCancelled { return .some(nil) }
                    state.reader = continuation
                    return nil
                }
                if let event { continuation.resume(returning: event) }
            }
        } onCancel: {
            resume(with: nil)
        }
    }

    /// Hands over a message; for back ends.
    public func deliver(_ payload: [UInt8]) {
        notify { state in
            guard !state.queue.append(payload) else { return }
            while state.queue.popFirst() != nil {}
            state.hasMissed = true
            _ = state.queue.append(payload)
        }
    }

    /// Tells the reader that messages may have been lost; for back ends after a reconnect.
    public func reportMissed() {
        notify { state in
            while state.queue.popFirst() != nil {}
            state.hasMissed = true
        }
    }

    /// Stops listening.
    ///
    /// Events that wait are dropped.
    public func close() {
        let isFirst = state.withLock { state in
            defer { state.isClosed = true }
            while state.queue.popFirst() != nil {}
            state.hasMissed = false
            return !state.isClosed
        }
        guard isFirst else { return }
        resume(with: nil)
        onClose()
    }

    private func notify(_ change: (inout State) -> Void) {
        let (reader, event) = state.withLock { state -> (CheckedContinuation<BusEvent?, Never>?, BusEvent?) in
            guard !state.isClosed else { return (nil, nil) }
            change(&state)
            guard let reader = state.reader, let event = Self.take(&state) else { return (nil, nil) }
            state.reader = nil
            return (reader, event)
        }
        reader?.resume(returning: event)
    }

    private func resume(with event: BusEvent?) {
        let reader = state.withLock { state in
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume(returning: event)
    }

    private static func take(_ state: inout State) -> BusEvent? {
        if state.hasMissed {
            state.hasMissed = false
            return .missed
        }
        return state.queue.popFirst().map(BusEvent.message)
    }
}
