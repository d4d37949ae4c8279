import Base

/// What a node knows of one topic, and what follows from what it hears: pure, so that losses, reorderings and restarts
/// are tested by the thousand.
///
/// The truth is the topic's log in the database. The bus brings messages sooner; a number that is left out, a head
/// that lies ahead or word of a gap has the log read from where this node stands. Whoever listens is given each number
/// once and in order, or is told that it could not be done.
struct TopicMachine: Sendable {
    enum Bounds {
        /// Messages that are held in memory, so that those who come back need no statement.
        static let tailMessages = 64
        /// Bytes of them.
        static let tailBytes = 65_536
    }

    /// How much of the log is read.
    enum Depth: Sendable, Hashable {
        /// What is newer than this node's head, or the newest of a topic that it does not know.
        case news(after: Int64?)
        /// The whole history.
        case history
    }

    enum Action: Sendable, Hashable {
        /// Read the log, then say ``TopicMachine/loaded(_:at:)`` or ``TopicMachine/loadFailed()``.
        case load(Depth)
        /// Somebody listens from now on, beginning with these.
        case accept(UInt64, Acceptance)
        /// The log could not be read for somebody.
        case refuse(UInt64)
        /// Everybody who listens is given these.
        case deliver([TopicMessage])
        /// Everybody who listens is told that messages are lost, and goes on from here.
        case reset(TopicPosition)
    }

    struct Acceptance: Sendable, Hashable {
        var head: TopicPosition
        /// Whether `missed` is everything since the position that was given; `nil` when none was.
        var isRecovered: Bool?
        var missed: [TopicMessage]
    }

    private struct Waiter: Sendable {
        var id: UInt64
        var position: TopicPosition?
        /// The first load that was begun after this one came: only that can say that something is not there.
        var round: Int
    }

    private(set) var head: TopicPosition?
    /// The newest messages without a hole, up to the head's.
    private(set) var tail: [TopicMessage] = []
    private var tailBytes = 0
    private var waiters: [Waiter] = []
    /// The load that is under way.
    private var loading: Depth?
    private var round = 0
    /// The furthest position that was heard of.
    private var ahead: TopicPosition?
    /// The furthest position that was heard of when the load began, which it must have reached.
    private var sought: TopicPosition?
    /// Whether word may have been lost since the load began.
    private var mustLook = false

    var isWaitedFor: Bool { !waiters.isEmpty }

    // MARK: Those who listen

    /// Somebody wants to listen: from now on, or from a position.
    mutating func subscribe(_ id: UInt64, from position: TopicPosition?, at time: Timestamp) -> [Action] {
        if let acceptance = acceptance(for: position, log: tail, isComplete: false, at: time) {
            return [.accept(id, acceptance)]
        }
        waiters.append(Waiter(id: id, position: position, round: round + 1))
        return loadIfNeeded()
    }

    /// Somebody no longer waits.
    mutating func leave(_ id: UInt64) { waiters.removeAll { $0.id == id } }

    // MARK: What is heard

    /// A message has come over the bus; without its frame only its place is known.
    mutating func heard(epoch: Int64, offset: Int64, frame: SharedFrame?) -> [Action] {
        guard let head else {
            look(at: TopicPosition(epoch: epoch, offset: offset))
            return []
        }
        let isBirth = head.isUnborn && offset == 1
        guard epoch == head.epoch || isBirth else { return looked(at: TopicPosition(epoch: epoch, offset: offset)) }
        if offset <= head.offset { return [] }
        guard offset == head.offset + 1, let frame else {
            return looked(at: TopicPosition(epoch: epoch, offset: offset))
        }
        let message = TopicMessage(offset: offset, frame: frame)
        self.head = TopicPosition(epoch: epoch, offset: offset)
        append([message])
        return [.deliver([message])]
    }

    /// The log's head was looked up.
    mutating func heard(head found: TopicPosition) -> [Action] {
        guard head != nil else { return [] }
        return looked(at: found)
    }

    /// Word may have been lost: the log is read again where somebody listens.
    mutating func missed() -> [Action] {
        if loading != nil { mustLook = true }
        guard let head, loading == nil else { return [] }
        return begin(.news(after: head.offset))
    }

    private mutating func looked(at position: TopicPosition) -> [Action] {
        look(at: position)
        return loadIfNeeded()
    }

    private mutating func look(at position: TopicPosition) {
        if let ahead, ahead.epoch == position.epoch, ahead.offset >= position.offset { return }
        ahead = position
    }

    // MARK: Reading the log

    /// What was asked for by ``Action/load(_:)`` has been read.
    mutating func loaded(_ snapshot: TopicSnapshot, at time: Timestamp) -> [Action] {
        let depth = loading
        loading = nil
        var actions = advance(to: snapshot, at: time)
        // What was heard of before is either reached now or was no truth.
        if ahead == sought { ahead = nil }
        let log = joined(snapshot)
        var still: [Waiter] = []
        for waiter in waiters {
            let isComplete = depth == .history && waiter.round <= round
            if let acceptance = acceptance(for: waiter.position, log: log, isComplete: isComplete, at: time) {
                actions.append(.accept(waiter.id, acceptance))
            } else {
                still.append(waiter)
            }
        }
        waiters = still
        return actions + loadIfNeeded()
    }

    /// The log could not be read: those who wait are told, and the next look tries again.
    mutating func loadFailed() -> [Action] {
        loading = nil
        defer { waiters = [] }
        return waiters.map { .refuse($0.id) }
    }

    private mutating func loadIfNeeded() -> [Action] {
        guard loading == nil else { return [] }
        if waiters.contains(where: { $0.position != nil }) { return begin(.history) }
        if !waiters.isEmpty { return begin(.news(after: head?.offset)) }
        guard let head else { return [] }
        if let ahead, ahead.epoch == head.epoch, ahead.offset <= head.offset { self.ahead = nil }
        return mustLook || ahead != nil ? begin(.news(after: head.offset)) : []
    }

    private mutating func begin(_ depth: Depth) -> [Action] {
        loading = depth
        sought = ahead
        mustLook = false
        round += 1
        return [.load(depth)]
    }

    /// Brings the head up to what was read, and those who listen with it.
    private mutating func advance(to snapshot: TopicSnapshot, at time: Timestamp) -> [Action] {
        let found = snapshot.head ?? TopicPosition(unbornAt: time)
        guard let head else {
            restart(at: found, snapshot.messages)
            return []
        }
        // Older than what the bus has brought meanwhile.
        if found.isUnborn || found.epoch == head.epoch && found.offset <= head.offset { return [] }
        let news = snapshot.messages.filter { $0.offset > head.offset }
        let isGapless = news.first?.offset == head.offset + 1
        guard isGapless, head.isUnborn || found.epoch == head.epoch else {
            restart(at: found, snapshot.messages)
            return [.reset(found)]
        }
        self.head = found
        append(news)
        return [.deliver(news)]
    }

    private mutating func restart(at head: TopicPosition, _ messages: [TopicMessage]) {
        self.head = head
        tail = []
        tailBytes = 0
        append(messages)
    }

    private mutating func append(_ messages: [TopicMessage]) {
        tail += messages
        tailBytes += messages.reduce(0) { $0 + $1.frame.count }
        var surplus = 0
        while surplus < tail.count, tail.count - surplus > Bounds.tailMessages || tailBytes > Bounds.tailBytes {
            tailBytes -= tail[surplus].frame.count
            surplus += 1
        }
        tail.removeFirst(surplus)
    }

    /// Everything that is known without a hole up to the head.
    private func joined(_ snapshot: TopicSnapshot) -> [TopicMessage] {
        guard let head, snapshot.head?.epoch == head.epoch, let first = snapshot.messages.first,
            let last = snapshot.messages.last
        else { return tail }
        if let oldest = tail.first?.offset {
            guard first.offset < oldest else { return tail }
            guard last.offset >= oldest - 1 else { return tail }
            return snapshot.messages.filter { $0.offset < oldest } + tail
        }
        return last.offset == head.offset ? snapshot.messages : []
    }

    /// What somebody at `position` is told; `nil` when the log must be read first.
    private func acceptance(
        for position: TopicPosition?, log: [TopicMessage], isComplete: Bool, at time: Timestamp
    ) -> Acceptance? {
        guard let head else { return nil }
        guard let position else { return Acceptance(head: head, isRecovered: nil, missed: []) }
        if position.isOfLife(of: head, at: time) {
            if position.offset == head.offset { return Acceptance(head: head, isRecovered: true, missed: []) }
            if position.offset < head.offset, let first = log.first, first.offset <= position.offset + 1 {
                let missed = log.filter { $0.offset > position.offset }
                return Acceptance(head: head, isRecovered: true, missed: missed)
            }
        }
        return isComplete ? Acceptance(head: head, isRecovered: false, missed: []) : nil
    }
}

/// What was read of a topic's log.
struct TopicSnapshot: Sendable, Hashable {
    /// The log's head; `nil` for a topic without a message.
    var head: TopicPosition?
    /// The newest messages without a hole, up to the head's; none when that one is kept no longer.
    var messages: [TopicMessage]
}
