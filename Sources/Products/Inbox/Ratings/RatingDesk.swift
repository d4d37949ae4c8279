import Base
import Storage

/// Takes what customers thought of a conversation that is closed.
final class RatingDesk: Sendable {
    let store: RatingStore
    private let storage: Storage
    private let conversations: ConversationStore
    private let clock: any WallClock
    private let randomness: any Randomness

    init(storage: Storage, clock: any WallClock, randomness: any Randomness) {
        self.storage = storage
        self.clock = clock
        self.randomness = randomness
        store = RatingStore(storage: storage)
        conversations = ConversationStore(storage: storage)
    }

    /// Whether a customer may be asked: the conversation is closed, and this closing has no rating yet.
    func mayBeAsked(_ id: ID<Conversation>, in tenant: Tenant) async throws -> Bool {
        let reader = storage.reader(for: tenant)
        guard let head = try await conversations.conversation(id, through: reader, in: tenant), head.state == .closed
        else { return false }
        return try await store.rating(of: id, closing: head.closings, through: reader, in: tenant) == nil
    }

    /// Takes a rating; the one that is there already when the closing has one.
    ///
    /// Whoever calls it has made sure that it comes from the customer.
    ///
    /// - Throws: `inbox.notFound`; `inbox.notClosed` when it goes on; `inbox.settingInvalid` for other than 1 to 5 points.
    func rate(
        _ id: ID<Conversation>, _ points: Int, _ text: String?, in tenant: Tenant
    ) async throws -> Rating {
        let body = text?.storable.trimmed
        guard Rating.Bounds.points.contains(points),
            (body?.unicodeScalars.count ?? 0) <= Rating.Bounds.bodyCharacters
        else { throw InboxError.invalid("rating", "points") }
        let now = clock.now()
        return try await storage.write(for: tenant) { transaction in
            guard let head = try await conversations.locked(id, through: transaction, in: tenant) else {
                throw InboxError.missing("conversation")
            }
            guard head.state == .closed else {
                throw InboxError(.notClosed, "A conversation is rated once it is closed.")
            }
            let rating = Rating(
                id: ID(at: now, using: randomness), conversationID: id, closing: head.closings,
                channelID: head.channelID, personID: head.assigneeID, points: points,
                text: body.flatMap { $0.isEmpty ? nil : $0 }, createdAt: now)
            guard try await store.insert(rating, through: transaction, in: tenant) else {
                let known = try await store.rating(of: id, closing: head.closings, through: transaction, in: tenant)
                guard let known else { throw InboxError.missing("rating") }
                return known
            }
            try transaction.tally([
                Tally(
                    kind: .rating, conversation: id, channel: head.channelID, person: head.assigneeID,
                    amount: Int64(points), at: now)
            ])
            return rating
        }
    }

    /// Takes what visitors of widgets give; a conversation that goes on again meanwhile has nothing to rate.
    var taking: RatingTaking {
        { [self] given, tenant in
            do {
                _ = try await rate(given.conversation, given.score, given.text, in: tenant)
            } catch let error as InboxError where error.code == .notClosed {
                throw InboxError.missing("closed conversation")
            }
        }
    }
}
