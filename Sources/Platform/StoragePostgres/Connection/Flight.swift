/// What a connection has been sent and not answered, in order, and what each answer means.
///
/// Between two syncs all statements are one implicit transaction: when one fails, PostgreSQL skips those behind it until
/// the next sync. They are not to blame and are sent again.
struct Flight<Item: Equatable> {
    /// One message of which the answer is awaited.
    enum Step: Equatable {
        /// The driver's own: scope, begin, deallocate.
        case control
        /// The preparation of an item's statement.
        case preparation(Item)
        /// An item's statement.
        case statement(Item)
        /// The driver's own commit of a write whose rows were counted.
        case commit
        /// The end of an implicit transaction.
        case sync
    }

    /// What libpq reports.
    enum Event: Equatable {
        /// A result without error.
        case completed
        /// A result with an error.
        case failed
        /// A statement was skipped.
        case skipped
        /// No more results of this step.
        case ended
        /// A sync was reached.
        case synced
    }

    /// What follows.
    enum Action: Equatable {
        /// Nothing.
        case none
        /// The item's statement gave a result.
        case succeeded(Item)
        /// The item failed by its own fault, in preparation or execution.
        case failed(Item, wasPreparing: Bool)
        /// The item's preparation was skipped: the connection does not know the statement.
        case unprepared(Item)
        /// The item was skipped for another's fault.
        case skipped(Item)
        /// The driver's own statement failed.
        case controlFailed
        /// The transaction could not be committed.
        case commitFailed
        /// All up to the sync are committed, or undone.
        case synced
        /// The answer fits nothing that was sent: the connection cannot be trusted any more.
        case nonsense
    }

    private var steps: [Step] = []
    private var head = 0
    private var headIsAnswered = false
    private var culprit: Item?
    private(set) var statementCount = 0
    private(set) var syncCount = 0

    var isEmpty: Bool { head == steps.count }

    /// The items whose statements are not answered, in order.
    var items: [Item] {
        steps[head...].enumerated().compactMap { offset, step in
            if case .statement(let item) = step, !(offset == 0 && headIsAnswered) { item } else { nil }
        }
    }

    /// The item whose statement is the next to be answered.
    var first: Item? {
        for step in steps[head...] { if case .statement(let item) = step { return item } }
        return nil
    }

    mutating func sent(_ step: Step) {
        steps.append(step)
        if case .statement = step { statementCount += 1 }
        if case .sync = step { syncCount += 1 }
    }

    mutating func receive(_ event: Event) -> Action {
        // libpq leaves out the end of a result when a sync was sent between the two.
        if headIsAnswered, event != .ended { pop() }
        guard head < steps.count else { return event == .ended ? .none : .nonsense }
        switch (event, steps[head]) {
        case (.ended, .sync): return .none
        case (.ended, _):
            if headIsAnswered { pop() }
            return .none
        case (.synced, .sync):
            pop()
            syncCount -= 1
            culprit = nil
            return .synced
        case (.synced, _): return .nonsense
        case (.failed, .sync): return .commitFailed
        case (_, .sync): return .nonsense
        default: break
        }
        headIsAnswered = true
        return answer(event, to: steps[head])
    }

    private mutating func answer(_ event: Event, to step: Step) -> Action {
        switch (event, step) {
        case (.completed, .statement(let item)): return .succeeded(item)
        case (.completed, _): return .none
        case (.failed, .statement(let item)):
            culprit = item
            return .failed(item, wasPreparing: false)
        case (.failed, .preparation(let item)):
            culprit = item
            return .failed(item, wasPreparing: true)
        case (.failed, .commit): return .commitFailed
        case (.failed, _): return .controlFailed
        case (_, .preparation(let item)): return .unprepared(item)
        case (_, .statement(let item)): return item == culprit ? .none : .skipped(item)
        default: return .none
        }
    }

    private mutating func pop() {
        if case .statement = steps[head] { statementCount -= 1 }
        head += 1
        headIsAnswered = false
        if head == steps.count {
            steps.removeAll(keepingCapacity: true)
            head = 0
        } else if head > 1_024, head * 2 > steps.count {
            steps.removeFirst(head)
            head = 0
        }
    }
}
