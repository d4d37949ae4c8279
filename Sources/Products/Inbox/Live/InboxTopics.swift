import Base
import Foundation
import Realtime
import Storage
import Web

/// Tells agents what happens: threads in order and without a hole, rows of lists and badges as signals.
///
/// A thread's messages are published in the transaction that writes them and kept for those who come back. Rows of lists
/// are told after the commit and kept nowhere: who was cut reads the list again.
struct InboxTopics: Sendable {
    enum Bounds {
        /// Messages of a thread that are kept for who comes back.
        static let history = 200
        /// Bytes of what agents tell each other: who types, who writes.
        static let signalBytes = 256
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

    /// Something that concerns who looks after channels.
    struct HealthNote: Sendable, Codable {
        let channel: ID<Channel>
        var health: Channel.Health?
        var reason: String?
        /// Deliveries that were given up just now.
        var buried: Int?
    }

    let thread: TopicKind
    let list: TopicKind
    let agent: TopicKind
    let health: TopicKind
    let visitor: TopicKind
    let visitorWords: VisitorWords
    private let realtime: Realtime

    init(realtime: Realtime, storage: Storage, nameOf: @escaping PersonNaming, visitorKeys: [Secret<[UInt8]>]) {
        self.realtime = realtime
        let words = VisitorWords(keys: visitorKeys)
        visitorWords = words
        visitor = TopicKind(
            "inbox/visitor/{token}",
            history: TopicHistory(count: Bounds.history, bytes: .kibibytes(512), age: .seconds(86_400))
        ) { visitor, topic in
            words.point(of: topic["token"], in: visitor.tenant) == nil ? .refused : .admitted()
        }
        health = TopicKind("inbox/health") { visitor, _ in
            (visitor.role.flatMap(Role.init(rawValue:)) ?? .member) >= Seat.admin.role ? .admitted() : .refused
        }
        let store = ConversationStore(storage: storage)
        thread = TopicKind(
            "inbox/conversation/{id}",
            history: TopicHistory(count: Bounds.history, bytes: .kibibytes(512), age: .seconds(86_400)),
            sending: .signals(bytesMax: Bounds.signalBytes), showsPresence: true
        ) { visitor, topic in
            guard let person = visitor.agent, let id = ID<Conversation>(topic["id"]),
                try await store.conversation(id, through: storage.reader(for: visitor.tenant), in: visitor.tenant)
                    != nil
            else { return .refused }
            return .admitted(as: try await nameOf(person, visitor.tenant) ?? "Somebody")
        }
        list = TopicKind("inbox/list/{view}") { visitor, topic in
            topic["view"] == "all" && visitor.agent != nil ? .admitted() : .refused
        }
        agent = TopicKind("inbox/agent/{id}") { visitor, topic in
            visitor.agent != nil && visitor.agent == ID<Person>(topic["id"]) ? .admitted() : .refused
        }
    }

    /// All kinds of topics.
    var kinds: [TopicKind] { [thread, list, agent, health, visitor] }

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
    func tell(_ head: Conversation, in tenant: Tenant) {
        tell(ConversationLine(head), to: list("all"), in: tenant)
    }

    /// Tells an agent's own sessions; after the commit.
    func tell(_ note: AgentNote, to person: ID<Person>, in tenant: Tenant) {
        tell(note, to: agent("\(person)"), in: tenant)
    }

    func tell(_ value: some Encodable, to topic: TopicName, in tenant: Tenant) {
        // The change is committed: a word that is lost is read with the next list.
        guard let data = try? JSONEncoder().encode(value) else { return }
        realtime.tell(json: String(decoding: data, as: UTF8.self), to: topic, for: tenant)
    }
}

extension TopicVisitor {
    /// The agent who listens; `nil` for who has no role in the company.
    fileprivate var agent: ID<Person>? { role.flatMap(Role.init(rawValue:)) == nil ? nil : person }
}
