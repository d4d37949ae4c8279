public import Base
import NIOCore
import Storage
import Synchronization
import Telemetry

extension Realtime {
    // MARK: Listening

    /// Has somebody join; `false` when too much is asked for at once.
    func join(_ line: Line, _ ticket: Line.Ticket, _ topic: TopicName, from position: TopicPosition?) -> Bool {
        desk.bring { [self] in
            do {
                guard let (kind, name) = try await admission(of: line.visitor, to: topic) else {
                    let isKnown = declared.contains { $0.pattern.match(topic) != nil }
                    throw isKnown
                        ? RealtimeError(.forbidden, "This topic is not open to you.")
                        : RealtimeError(.unknownTopic, "There is no such topic.")
                }
                let key = TopicKey(line.visitor.tenant, topic)
                var ticket = ticket
                ticket.name = name.map { String($0.prefix(PresenceMachine.Bounds.nameBytes)) }
                while !(try feed(key, kind)).join(line, ticket, from: position) {}
            } catch let error as RealtimeError {
                line.shard.refuse(line, ticket, error)
            } catch {
                line.shard.refuse(
                    line, ticket,
                    RealtimeError(
                        .busy, "It could not be found out whether this topic is open to you; try again.",
                        retryAfter: .seconds(2)))
            }
        }
    }

    func feed(_ key: TopicKey, _ kind: TopicKind) throws(RealtimeError) -> TopicFeed {
        let feed = feeds.withLock { feeds -> TopicFeed? in
            if let feed = feeds[key] { return feed }
            guard feeds.count < Bounds.feeds else { return nil }
            let feed = TopicFeed(key, kind, clock: clock) { [weak self] in self?.load($0, $1) ?? false }
            feeds[key] = feed
            return feed
        }
        guard let feed else {
            throw RealtimeError(
                .busy, "This node carries as many topics as it can; try again.", retryAfter: .seconds(5))
        }
        return feed
    }

    /// Has a topic's log read; called under the feed's lock.
    func load(_ feed: TopicFeed, _ depth: TopicMachine.Depth) -> Bool {
        desk.bring { [self] in
            do throws(StorageError) {
                switch depth {
                case .history: feed.loaded(try await store.read(feed.key, feed.kind.history))
                case .news(let after):
                    let newest = after == nil ? TopicMachine.Bounds.tailMessages : nil
                    feed.loaded(try await store.read(feed.key, feed.kind.history, after: after, newest: newest))
                }
            } catch {
                events.record(.topicReadFailed, ["code": .text(error.code.rawValue)])
                feed.loadFailed()
            }
        }
    }

    // MARK: Signals and presence

    /// Tells everybody who listens to a topic something that is kept nowhere and has no number: who is typing, how far
    /// something is.
    ///
    /// - Parameters:
    ///   - json: at most ``RealtimeBounds/bodyBytes``, on one line or more.
    ///   - topic: to whom.
    ///   - tenant: whose topic it is.
    public func tell(json: String, to topic: TopicName, for tenant: Tenant) {
        guard json.utf8.count <= RealtimeBounds.bodyBytes else { return }
        send(signal: JSONText.onOneLine(json), from: nil, to: TopicKey(tenant, topic))
    }

    /// Whether somebody listens to a topic at this node, or has just gone.
    public func isHeard(_ topic: TopicName, of tenant: Tenant) -> Bool {
        feeds.withLock { $0[TopicKey(tenant, topic)] }?.isHeard ?? false
    }

    func relay(_ signal: String, from visitor: TopicVisitor, to key: TopicKey) {
        send(signal: signal, from: visitor.seat.description, to: key)
    }

    func send(signal: String, from: String?, to key: TopicKey) {
        let frame = SharedFrame(topic: key.name, from: from, signal: ByteBuffer(string: signal))
        feeds.withLock { $0[key] }?.tell(frame)
        say([.signal(key, json: frame.json)])
    }

    /// Who listens to a topic that shows it, in the order of their names.
    func members(of key: TopicKey) -> [TopicMember] { gathering.withLock { $0.presence.members(of: key) } }

    /// Who listens to a topic that shows it, on whichever node: the person, else the device or group of addresses.
    ///
    /// What other nodes have told lasts as long as their beats.
    public func present(at topic: TopicName, of tenant: Tenant) -> [ID<TopicSeat>] {
        gathering.withLock { $0.presence.seats(of: TopicKey(tenant, topic)) }
    }

    func joined(_ member: TopicMember, _ feed: TopicFeed) { count(member, feed, by: 1) }

    func left(_ member: TopicMember, _ feed: TopicFeed) { count(member, feed, by: -1) }

    func count(_ member: TopicMember, _ feed: TopicFeed, by step: Int) {
        let (change, count) = gathering.withLock { gathering in
            let count = max(0, gathering.presence.ownCount(of: member.id, in: feed.key) + step)
            return (gathering.presence.set(count, of: member, in: feed.key, on: nil), count)
        }
        show(change.map { [$0] } ?? [])
        say([.member(feed.key, member, count: count)])
    }

    func show(_ changes: [PresenceMachine.Change]) {
        for change in changes {
            feeds.withLock { $0[change.key] }?.tell(SharedFrame(text: ServerText.change(change)))
        }
    }
}
