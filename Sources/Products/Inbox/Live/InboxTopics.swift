import Base
import Foundation
import Realtime
import Storage
import Synchronization
import Web

/// Tells agents what happens: threads in order and without a hole, rows of lists and badges as signals.
///
/// A thread's messages are published in the transaction that writes them and kept for those who come back. Rows of lists
/// are told after the commit and kept nowhere: who was cut reads the list again.
final class InboxTopics: Sendable {
    enum Bounds {
        /// Messages of a thread that are kept for who comes back.
        static let history = 200
        /// Bytes of what agents tell each other: who types, who writes.
        static let signalBytes = 256
        /// Channels that one list listens to.
        static let lists = 80
    }

    /// Something that has happened in a thread.
    struct ThreadNote: Sendable, Codable {
        enum Kind: String, Sendable, Codable {
            case message, changed, head
            /// The customer is typing; kept nowhere.
            case typing
        }

        let kind: Kind
        var messages: [MessageLine]?
        /// Messages of which only the delivery has changed.
        var ids: [ID<Message>]?
        var delivery: Message.Delivery?
        var head: ConversationLine?
    }

    /// Something that concerns an agent alone.
    struct AgentNote: Sendable, Codable {
        enum Kind: String, Sendable, Codable { case cursor, badges }

        let kind: Kind
        var conversation: ID<Conversation>?
        var readSequence: Int64?
        var unread: Int64?
        var badges: [String: Int]?
    }

    /// The view of those who see all channels.
    static let everything = "all"

    let thread: TopicKind
    let list: TopicKind
    let agent: TopicKind
    let health: TopicKind
    let visitor: TopicKind
    let visitorWords: VisitorWords
    private let realtime: Realtime
    private let observers: Observers

    init(
        realtime: Realtime, storage: Storage, agents: AgentKeeper, nameOf: @escaping PersonNaming,
        visitorKeys: [Secret<[UInt8]>]
    ) {
        self.realtime = realtime
        let words = VisitorWords(keys: visitorKeys)
        visitorWords = words
        visitor = TopicKind(
            "inbox/visitor/{token}",
            history: TopicHistory(count: Bounds.history, bytes: .kibibytes(512), age: .seconds(86_400)),
            isPersonal: true
        ) { visitor, topic in
            words.point(of: topic["token"], in: visitor.tenant) == nil ? .refused : .admitted()
        }
        // Presence says, on whichever node something happens, whether anybody is to be told.
        health = TopicKind("inbox/health", showsPresence: true) { visitor, _ in
            guard let agent = try await agents.agent(visitor), agent.seat >= .admin else { return .refused }
            return .admitted(as: try await nameOf(agent.person, visitor.tenant) ?? NameKeeper.nobody)
        }
        let observers = Observers()
        self.observers = observers
        let store = ConversationStore(storage: storage)
        thread = TopicKind(
            "inbox/conversation/{id}",
            history: TopicHistory(count: Bounds.history, bytes: .kibibytes(512), age: .seconds(86_400)),
            sending: .signals(bytesMax: Bounds.signalBytes), showsPresence: true
        ) { visitor, topic in
            guard let agent = try await agents.agent(visitor), let id = ID<Conversation>(topic["id"]),
                let head = try await store.conversation(
                    id, through: storage.reader(for: visitor.tenant), in: visitor.tenant), agent.sees(head.channelID)
            else { return .refused }
            return .admitted(as: try await nameOf(agent.person, visitor.tenant) ?? NameKeeper.nobody)
        }
        list = TopicKind("inbox/list/{view}") { visitor, topic in
            guard let agent = try await agents.agent(visitor) else { return .refused }
            let view = topic["view"]
            if view == Self.everything { return agent.hidden.isEmpty ? .admitted() : .refused }
            // Topics of channels that there are not are never told anything.
            return ID<Channel>(view).map(agent.sees) ?? false ? .admitted() : .refused
        }
        // Whoever has the desk open is present, and may be given what waits.
        agent = TopicKind("inbox/agent/{id}", showsPresence: true) { visitor, topic in
            guard let agent = try await agents.agent(visitor), agent.person == ID<Person>(topic["id"]) else {
                return .refused
            }
            observers.joined(agent, visitor.tenant)
            return .admitted(as: try await nameOf(agent.person, visitor.tenant) ?? NameKeeper.nobody)
        }
    }

    /// All kinds of topics.
    var kinds: [TopicKind] { [thread, list, agent, health, visitor] }

    /// Who of some people has the desk open, on whichever node.
    func present(among people: [ID<Person>], in tenant: Tenant) -> [ID<Person>] {
        people.filter { !realtime.present(at: agent("\($0)"), of: tenant).isEmpty }
    }

    // MARK: Telling

    /// Publishes messages of a thread with what has become of its head.
    func publish(
        _ messages: [Message], _ head: Conversation, in transaction: WriteTransaction
    ) throws(StorageError) {
        for message in messages { try publish(.message, message, of: head.id, in: transaction) }
        try show(messages, of: head, in: transaction)
        try transaction.find(messages)
        try transaction.publish(ThreadNote(kind: .head, head: ConversationLine(head)), to: thread("\(head.id)"))
    }

    /// Publishes what has changed of messages that a thread has already.
    func publish(
        changed messages: [Message], of head: ID<Conversation>, in transaction: WriteTransaction
    ) throws(StorageError) {
        for message in messages { try publish(.changed, message, of: head, in: transaction) }
    }

    /// A message that is too long for a note is named, and read by who shows it.
    private func publish(
        _ kind: ThreadNote.Kind, _ message: Message, of head: ID<Conversation>, in transaction: WriteTransaction
    ) throws(StorageError) {
        var json = try StoredJSON.text(ThreadNote(kind: kind, messages: [MessageLine(message)]))
        if json.utf8.count > RealtimeBounds.bodyBytes {
            json = try StoredJSON.text(ThreadNote(kind: kind, ids: [message.id]))
        }
        try transaction.publish(json: json, to: thread("\(head)"))
    }

    /// Publishes that messages have reached a customer, or were read.
    func publish(
        _ delivery: Message.Delivery, _ ids: [ID<Message>], of head: ID<Conversation>, in transaction: WriteTransaction
    ) throws(StorageError) {
        guard !ids.isEmpty else { return }
        try transaction.publish(
            ThreadNote(kind: .changed, ids: ids, delivery: delivery), to: thread("\(head)"))
    }

    /// Tells those who look at lists how a row is now; after the commit.
    ///
    /// Twice: to those who see all channels, and to those who see this one and not all.
    func tell(_ head: Conversation, in tenant: Tenant) {
        let line = ConversationLine(head)
        tell(line, to: list(Self.everything), in: tenant)
        tell(line, to: list("\(head.channelID)"), in: tenant)
        observers.changed(tenant, nil)
    }

    /// What an agent's list listens to: one topic for who sees all channels, else one for each that they see.
    func lists(for agent: Agent, _ channels: [ID<Channel>]) -> [TopicName] {
        agent.hidden.isEmpty ? [list(Self.everything)] : channels.prefix(Bounds.lists).map { list("\($0)") }
    }

    /// Has somebody be told who joins their own topic, and for whom something has changed.
    func observe(
        joined: @escaping @Sendable (Agent, Tenant) -> Void, changed: @escaping @Sendable (Tenant, ID<Person>?) -> Void
    ) {
        observers.set(joined, changed)
    }

    /// Has somebody be told at which channels something has happened.
    func observe(channels: @escaping @Sendable (ID<Channel>, Tenant) -> Void) { observers.set(channels) }

    /// Something has come at a channel, was worked off, given up or taken up again; after the commit.
    func noteTraffic(at channel: ID<Channel>, in tenant: Tenant) { observers.happened(channel, tenant) }

    /// Whether anybody looks at how channels do, on whichever node.
    func isHealthWatched(in tenant: Tenant) -> Bool {
        !realtime.present(at: Self.healthTopic, of: tenant).isEmpty
    }

    /// Tells an agent's own sessions; after the commit.
    func tell(_ note: AgentNote, to person: ID<Person>, in tenant: Tenant) {
        tell(note, to: agent("\(person)"), in: tenant)
        if note.kind == .cursor { observers.changed(tenant, person) }
    }

    func tell(_ value: some Encodable, to topic: TopicName, in tenant: Tenant) {
        // The change is committed: a word that is lost is read with the next list.
        guard let data = try? JSONEncoder().encode(value) else { return }
        realtime.tell(json: String(decoding: data, as: UTF8.self), to: topic, for: tenant)
    }
}

/// Who is told of what topics are for: set once, when the product is put together.
private final class Observers: Sendable {
    private struct State {
        var joined: @Sendable (Agent, Tenant) -> Void = { _, _ in }
        var changed: @Sendable (Tenant, ID<Person>?) -> Void = { _, _ in }
        var happened: @Sendable (ID<Channel>, Tenant) -> Void = { _, _ in }
    }

    private let state = Mutex(State())

    func set(
        _ joined: @escaping @Sendable (Agent, Tenant) -> Void,
        _ changed: @escaping @Sendable (Tenant, ID<Person>?) -> Void
    ) {
        state.withLock { ($0.joined, $0.changed) = (joined, changed) }
    }

    func set(_ happened: @escaping @Sendable (ID<Channel>, Tenant) -> Void) {
        state.withLock { $0.happened = happened }
    }

    func happened(_ channel: ID<Channel>, _ tenant: Tenant) { state.withLock { $0.happened }(channel, tenant) }

    func joined(_ agent: Agent, _ tenant: Tenant) { state.withLock { $0.joined }(agent, tenant) }

    func changed(_ tenant: Tenant, _ person: ID<Person>?) { state.withLock { $0.changed }(tenant, person) }
}

extension AgentKeeper {
    /// The agent who listens; `nil` for who has no role in the company.
    fileprivate func agent(_ visitor: TopicVisitor) async throws -> Agent? {
        guard let person = visitor.person, let role = visitor.role.flatMap(Role.init(rawValue:)) else { return nil }
        return try await agent(person, Seat(role), in: visitor.tenant)
    }
}
