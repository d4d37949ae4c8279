import Base

/// Which dependencies the nodes have agreed to leave alone, and what is to be told of it: pure.
///
/// A pause is known by ids, one for each node that found it. Whoever ends it names the ids that it knows, so that a
/// repetition that was under way at that moment does not bring it back.
struct PauseTable: Sendable {
    enum Bounds {
        /// Pauses known at once.
        static let pauses = 1_024
        /// Ids of one pause: nodes that found the same.
        static let ids = 16
        /// Ids of pauses that were ended, and of those that ran out, to be told from new ones.
        static let ended = 4_096
        /// The longest pause that another node is believed.
        static let longest: Duration = .seconds(3_600)
        /// A pause that this node knows of is the same when it ends less than so much later.
        static let same: Duration = .milliseconds(250)
        /// How often a pause is told again while it lasts, for nodes that missed it or came later.
        static let again: Duration = .seconds(5)
        /// Messages that wait to be sent; the oldest is dropped, which the repetition mends.
        static let unsent = 1_024
    }

    /// What one pause is about.
    struct Subject: Hashable, Sendable {
        var name: String
        var reason: String
    }

    /// What nodes send each other.
    struct Message: Codable, Sendable, Hashable {
        var node: UInt64
        var name: String
        var reason: String
        var ids: [UInt64]
        /// How long it lasts from now; zero when it is over.
        var microseconds: Int64
    }

    fileprivate struct Pause: Sendable {
        var ids: [UInt64]
        var until: Duration
        var isOwn: Bool
        var toldAt: Duration
    }

    let node: UInt64
    private var pauses: [Subject: Pause] = [:]
    private var ended = BoundedMap<UInt64, Bool>(capacity: Bounds.ended)
    /// Those whose time has run out here.
    ///
    /// Whoever found them counts from earlier on, and a longer pause has a new id: what is still told of them was said
    /// before and came late.
    private var past = BoundedMap<UInt64, Bool>(capacity: Bounds.ended)
    private var unsent: [Message] = []

    init(node: UInt64) { self.node = node }

    /// How long a dependency is still left alone for a reason; `nil` when it is not.
    func remaining(_ subject: Subject, at now: Duration) -> Duration? {
        guard let pause = pauses[subject], pause.until > now else { return nil }
        return pause.until - now
    }

    /// The ids of a pause that this node found itself, and whether one of an id has been ended.
    func ownIDs(of subject: Subject, at now: Duration) -> [UInt64] {
        current(subject, at: now).map { $0.isOwn ? $0.ids : [] } ?? []
    }

    func isEnded(_ id: UInt64) -> Bool { ended[id] != nil }

    /// What is known, by name and reason.
    func all(at now: Duration) -> [(subject: Subject, remaining: Duration)] {
        pauses.compactMap { subject, pause in pause.until > now ? (subject, pause.until - now) : nil }
            .sorted { ($0.0.name, $0.0.reason) < ($1.0.name, $1.0.reason) }
    }

    // MARK: What this node finds

    /// This node has found that a dependency is to be left alone.
    mutating func begin(_ subject: Subject, id: UInt64, for duration: Duration, at now: Duration) {
        guard duration > .zero, makeRoom(for: subject, at: now) else { return }
        let until = now + min(duration, Bounds.longest)
        var pause = current(subject, at: now) ?? Pause(ids: [], until: until, isOwn: true, toldAt: now)
        // Many calls that are refused at once find one pause.
        if pause.isOwn, !pause.ids.isEmpty, until - pause.until < Bounds.same { return }
        pause.add([id])
        pause.until = max(pause.until, until)
        pause.isOwn = true
        pause.toldAt = now
        pauses[subject] = pause
        send(message(subject, pause, at: now))
    }

    /// This node has found that a dependency works again.
    mutating func end(_ subject: Subject, at now: Duration) {
        // Where its time is over here, others may still keep something by it.
        let ids = current(subject, at: now)?.ids ?? []
        pauses[subject] = nil
        for id in ids { ended[id] = true }
        send(Message(node: node, name: subject.name, reason: subject.reason, ids: ids, microseconds: 0))
    }

    // MARK: What other nodes tell

    /// Takes a message; returns what has changed by it.
    mutating func hear(_ message: Message, at now: Duration) -> PauseChange? {
        guard message.node != node, message.ids.count <= Bounds.ids, message.microseconds >= 0 else { return nil }
        let subject = Subject(name: message.name, reason: message.reason)
        guard message.microseconds > 0 else {
            for id in message.ids { ended[id] = true }
            if var pause = current(subject, at: now) {
                // What has begun since is another pause.
                pause.ids.removeAll { ended[$0] != nil }
                pauses[subject] = pause.ids.isEmpty ? nil : pause
                guard pause.ids.isEmpty else { return nil }
            }
            return .ended(reason: subject.reason)
        }
        let ids = message.ids.filter { ended[$0] == nil }
        if ids.isEmpty {
            // The node that tells it has missed its end: whoever knows better says so.
            send(Message(node: node, name: subject.name, reason: subject.reason, ids: message.ids, microseconds: 0))
        }
        expire(at: now)
        guard ids.contains(where: { past[$0] == nil }), makeRoom(for: subject, at: now) else { return nil }
        let until = now + min(.microseconds(message.microseconds), Bounds.longest)
        guard var pause = current(subject, at: now) else {
            var pause = Pause(ids: [], until: until, isOwn: false, toldAt: now)
            pause.add(ids)
            pauses[subject] = pause
            return .began(reason: subject.reason, remaining: until - now)
        }
        let isNew = ids.contains { !pause.ids.contains($0) } && until > pause.until
        pause.add(ids)
        // What is known already and seems to last longer has only come late.
        if isNew { pause.until = until }
        pauses[subject] = pause
        return isNew ? .began(reason: subject.reason, remaining: until - now) : nil
    }

    // MARK: What is to be sent

    /// Takes what is to be sent now: what is new, and this node's own pauses that were not told for a while.
    mutating func take(at now: Duration) -> [Message] {
        for (subject, pause) in pauses where pause.isOwn && pause.until > now && now - pause.toldAt >= Bounds.again {
            pauses[subject]?.toldAt = now
            send(message(subject, pause, at: now))
        }
        expire(at: now)
        defer { unsent = [] }
        return unsent
    }

    /// Keeps a message that could not be sent, if nothing else would say the same later.
    mutating func keep(_ message: Message) {
        // A pause is told again anyway; its end is not.
        if message.microseconds == 0 { send(message) }
    }

    private mutating func send(_ message: Message) {
        if unsent.count >= Bounds.unsent { unsent.removeFirst() }
        unsent.append(message)
    }

    private func message(_ subject: Subject, _ pause: Pause, at now: Duration) -> Message {
        Message(
            node: node, name: subject.name, reason: subject.reason, ids: pause.ids,
            microseconds: max(1, (pause.until - now).microseconds))
    }

    private func current(_ subject: Subject, at now: Duration) -> Pause? {
        pauses[subject].flatMap { $0.until > now ? $0 : nil }
    }

    private mutating func makeRoom(for subject: Subject, at now: Duration) -> Bool {
        if pauses.count >= Bounds.pauses { expire(at: now) }
        return pauses[subject] != nil || pauses.count < Bounds.pauses
    }

    private mutating func expire(at now: Duration) {
        for (subject, pause) in pauses where pause.until <= now {
            for id in pause.ids { past[id] = true }
            pauses[subject] = nil
        }
    }
}

extension PauseTable.Pause {
    fileprivate mutating func add(_ more: [UInt64]) {
        for id in more where !ids.contains(id) {
            if ids.count >= PauseTable.Bounds.ids { ids.removeFirst() }
            ids.append(id)
        }
    }
}

/// What another node has found of a dependency.
public enum PauseChange: Sendable, Hashable {
    /// It is to be left alone for so long.
    case began(reason: String, remaining: Duration)
    /// It works again.
    case ended(reason: String)
}
