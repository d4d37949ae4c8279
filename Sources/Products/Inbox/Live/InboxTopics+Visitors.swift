import Base
import Realtime
import Storage

/// Tells visitors of widgets what is theirs to see, in the transaction in which it becomes so.
extension InboxTopics {
    /// Where it is told how channels do.
    static let healthTopic: TopicName = {
        guard let name = TopicName("inbox/health") else { preconditionFailure("a word is no topic") }
        return name
    }()

    /// The topic of a visitor; `nil` when the installation has no key to name it by.
    func visitorTopic(_ point: ID<ContactPoint>, in tenant: Tenant) -> TopicName? {
        visitorWords.word(for: point, in: tenant).map { visitor($0) }
    }

    /// Publishes to the visitor of a conversation what they may see of messages; nothing for other channels' customers.
    ///
    /// - Parameters:
    ///   - messages: as they are after the transaction.
    ///   - head: their conversation.
    ///   - names: of the colleagues who wrote, as far as they are known.
    ///   - transaction: in which they became so.
    /// - Throws: errors of storage.
    func show(
        _ messages: [Message], of head: Conversation, names: [ID<Person>: String] = [:],
        in transaction: WriteTransaction
    ) throws(StorageError) {
        guard head.pointID.isVisitor, let tenant = transaction.scope.tenant,
            let topic = visitorTopic(head.pointID, in: tenant)
        else { return }
        for message in messages where VisitorLine.isShown(message) {
            let name = message.personID.flatMap { names[$0] }
            try transaction.publish(VisitorNote(kind: .message, message: VisitorLine(message, name: name)), to: topic)
        }
        // Whoever takes or gives the word leaves a line in the thread.
        if messages.contains(where: { $0.role == .event || $0.role == .agent }) {
            try transaction.publish(VisitorNote(kind: .state, state: VisitorState(head)), to: topic)
        }
    }

    /// Tells a visitor that somebody is typing; after the commit, kept nowhere.
    func tellTyping(to point: ID<ContactPoint>, in tenant: Tenant) {
        guard point.isVisitor, let topic = visitorTopic(point, in: tenant) else { return }
        tell(VisitorNote(kind: .typing), to: topic, in: tenant)
    }

    /// Tells agents that the customer is typing; kept nowhere.
    func tellCustomerTyping(in conversation: ID<Conversation>, of tenant: Tenant) {
        tell(ThreadNote(kind: .typing), to: thread("\(conversation)"), in: tenant)
    }

    /// Tells who looks after channels how one does.
    func tell(_ note: HealthNote, in tenant: Tenant) { tell(note, to: Self.healthTopic, in: tenant) }
}
