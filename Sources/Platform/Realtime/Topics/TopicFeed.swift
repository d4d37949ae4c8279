import Base
import Synchronization

/// A topic on this node: the machine, and on which event loops somebody listens.
///
/// What the machine says is put onto the loops while its lock is held, so that each loop is told in the machine's order.
final class TopicFeed: Sendable {
    enum Bounds {
        /// How long a topic is kept in memory to which nobody listens, for those who come back.
        static let linger = Duration.seconds(60)
    }

    private struct Pending {
        var line: Line
        var ticket: Line.Ticket
    }

    private struct State {
        var machine = TopicMachine()
        var pending: [UInt64: Pending] = [:]
        var lastID: UInt64 = 0
        var live: [ObjectIdentifier: (shard: LoopShard, count: Int)] = [:]
        var quietSince: Duration?
        var isRetired = false
    }

    let key: TopicKey
    let kind: TopicKind
    private let clock: any WallClock
    private let load: @Sendable (TopicFeed, TopicMachine.Depth) -> Bool
    private let state = Mutex(State())

    init(
        _ key: TopicKey, _ kind: TopicKind, clock: any WallClock,
        load: @escaping @Sendable (TopicFeed, TopicMachine.Depth) -> Bool
    ) {
        self.key = key
        self.kind = kind
        self.clock = clock
        self.load = load
    }

    /// Joins a connection; `false` when the feed is no longer used.
    func join(_ line: Line, _ ticket: Line.Ticket, from position: TopicPosition?) -> Bool {
        state.withLock { state in
            guard !state.isRetired else { return false }
            state.lastID += 1
            state.quietSince = nil
            state.pending[state.lastID] = Pending(line: line, ticket: ticket)
            perform(state.machine.subscribe(state.lastID, from: position, at: clock.now()), &state)
            return true
        }
    }

    /// A connection of the loop no longer listens.
    func left(_ shard: LoopShard) {
        state.withLock { state in
            let id = ObjectIdentifier(shard)
            guard let count = state.live[id]?.count else { return }
            if count > 1 { state.live[id]?.count = count - 1 } else { state.live[id] = nil }
        }
    }

    func heard(_ position: TopicPosition, _ frame: SharedFrame?) {
        state.withLock { state in
            perform(state.machine.heard(epoch: position.epoch, offset: position.offset, frame: frame), &state)
        }
    }

    func heard(head: TopicPosition) { state.withLock { perform($0.machine.heard(head: head), &$0) } }

    func missed() { state.withLock { perform($0.machine.missed(), &$0) } }

    func loaded(_ snapshot: TopicSnapshot) {
        state.withLock { perform($0.machine.loaded(snapshot, at: clock.now()), &$0) }
    }

    func loadFailed() { state.withLock { perform($0.machine.loadFailed(), &$0) } }

    /// Tells everybody who listens something that has no number.
    func tell(_ frame: SharedFrame) {
        state.withLock { state in
            for (shard, _) in state.live.values { shard.tell(self, frame) }
        }
    }

    /// Whether a connection of this node listens, or is just joining.
    var isHeard: Bool { state.withLock { !$0.live.isEmpty || !$0.pending.isEmpty } }

    /// Whether nobody has listened for so long that the feed may go; it is then used no more.
    func retireIfQuiet(at time: Duration) -> Bool {
        state.withLock { state in
            guard state.live.isEmpty, state.pending.isEmpty, !state.machine.isWaitedFor else {
                state.quietSince = nil
                return false
            }
            let since = state.quietSince ?? time
            state.quietSince = since
            state.isRetired = time - since >= Bounds.linger
            return state.isRetired
        }
    }

    private func perform(_ actions: [TopicMachine.Action], _ state: inout State) {
        for action in actions {
            switch action {
            case .load(let depth):
                guard load(self, depth) else {
                    perform(state.machine.loadFailed(), &state)
                    continue
                }
            case .accept(let id, let acceptance):
                guard let pending = state.pending.removeValue(forKey: id) else { continue }
                let shard = pending.line.shard
                state.live[ObjectIdentifier(shard), default: (shard, 0)].count += 1
                shard.accept(self, pending.line, pending.ticket, acceptance)
            case .refuse(let id):
                guard let pending = state.pending.removeValue(forKey: id) else { continue }
                let error = RealtimeError(
                    .busy, "The messages of \(key.name) could not be read; try again.", retryAfter: .seconds(2))
                pending.line.shard.refuse(pending.line, pending.ticket, error)
            case .deliver(let messages):
                for (shard, _) in state.live.values { shard.deliver(self, messages) }
            case .reset(let head):
                for (shard, _) in state.live.values { shard.reset(self, head) }
            }
        }
    }
}
