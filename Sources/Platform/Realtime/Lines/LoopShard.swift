import Base
import NIOCore

/// The connections of one event loop, and which of them listen to what.
// SAFETY: `lines` and `listeners` are touched on `loop` only, which each method that others call goes to first.
final class LoopShard: @unchecked Sendable {
    let loop: any EventLoop
    private var lines: [ObjectIdentifier: Line] = [:]
    private var listeners: [ObjectIdentifier: [ObjectIdentifier: Line]] = [:]

    init(_ loop: any EventLoop) { self.loop = loop }

    // MARK: From anywhere

    func accept(_ feed: TopicFeed, _ line: Line, _ ticket: Line.Ticket, _ acceptance: TopicMachine.Acceptance) {
        loop.execute {
            guard line.accepted(feed, ticket, acceptance) else { return feed.left(self) }
            self.listeners[ObjectIdentifier(feed), default: [:]][ObjectIdentifier(line)] = line
        }
    }

    func refuse(_ line: Line, _ ticket: Line.Ticket, _ error: RealtimeError) {
        loop.execute { line.refused(ticket, error) }
    }

    func deliver(_ feed: TopicFeed, _ messages: [TopicMessage]) {
        loop.execute { self.eachListener(of: feed) { $0.deliver(messages, of: feed) } }
    }

    func reset(_ feed: TopicFeed, _ head: TopicPosition) {
        let frame = SharedFrame(text: ServerText.reset(feed.key.name, head))
        loop.execute { self.eachListener(of: feed) { $0.reset(feed, to: head, frame) } }
    }

    func tell(_ feed: TopicFeed, _ frame: SharedFrame) {
        loop.execute { self.eachListener(of: feed) { $0.tell(frame) } }
    }

    /// Looks after all connections: asks silent ones for a sign of life and ends those that are gone.
    func sweep(isWelcome: (@Sendable (TopicVisitor) -> Bool)?) {
        loop.execute {
            let now = NIODeadline.now()
            // A copy, since some remove themselves.
            for line in Array(self.lines.values) { line.look(at: now, isWelcome: isWelcome) }
        }
    }

    // MARK: On the loop

    func enter(_ line: Line) { lines[ObjectIdentifier(line)] = line }

    func remove(_ line: Line) { lines[ObjectIdentifier(line)] = nil }

    func leave(_ feed: TopicFeed, _ line: Line) {
        let id = ObjectIdentifier(feed)
        guard listeners[id]?.removeValue(forKey: ObjectIdentifier(line)) != nil else { return }
        if listeners[id]?.isEmpty == true { listeners[id] = nil }
        feed.left(self)
    }

    private func eachListener(of feed: TopicFeed, _ body: (Line) -> Void) {
        guard let listening = listeners[ObjectIdentifier(feed)] else { return }
        for line in listening.values { body(line) }
    }
}
