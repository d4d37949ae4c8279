import Base
import Jobs
import Storage

/// Gives conversations that wait for people to whoever is there and has hands free: in turn, and back to who knows the
/// customer.
final class AssignmentDesk: Sendable {
    enum Bounds {
        /// How long to wait before somebody is looked for again: it grows up to five minutes.
        static let waits: [Duration] = [.seconds(15), .seconds(30), .seconds(60), .seconds(120), .seconds(300)]
        /// How often somebody is looked for: for a day.
        static let attempts = 290
    }

    /// What was found out.
    enum Outcome: Sendable, Hashable {
        case given(ID<Person>)
        /// Nobody is there, or everybody has as much as they may.
        case waits
        /// It waits for nobody: it is closed or asleep, somebody has it, the bot answers, or the company has no teams.
        case settled
    }

    let store: AssignmentStore
    private let storage: Storage
    private let conversations: ConversationStore
    private let messages: MessageStore
    private let teams: TeamDesk
    private let visible: VisibilityDesk
    private let notices: NoticeDesk
    private let topics: InboxTopics
    private let clock: any WallClock
    private let randomness: any Randomness

    init(
        storage: Storage, teams: TeamDesk, visible: VisibilityDesk, notices: NoticeDesk, topics: InboxTopics,
        clock: any WallClock, randomness: any Randomness
    ) {
        self.storage = storage
        self.teams = teams
        self.visible = visible
        self.notices = notices
        self.topics = topics
        self.clock = clock
        self.randomness = randomness
        store = AssignmentStore(storage: storage)
        conversations = ConversationStore(storage: storage)
        messages = MessageStore(storage: storage)
    }

    /// Has somebody be looked for, in the transaction that counts what has happened.
    func note(_ tallies: [Tally], in transaction: WriteTransaction, of tenant: Tenant) async throws {
        let waiting = Set(tallies.filter { $0.kind == .handOff || $0.kind == .opened }.map(\.conversation)).sorted()
        guard !waiting.isEmpty, try await !teams.teams(in: tenant).isEmpty else { return }
        for id in waiting { try InboxJobs.handOut(id, attempt: 0, after: nil, in: transaction) }
    }

    /// Gives a conversation to somebody who is present, and looks again later when there is nobody.
    func handOut(_ wish: HandOut, in tenant: Tenant) async throws {
        let present = try await present(in: tenant)
        let outcome = try await handOut(wish.conversation, among: present, attempt: wish.attempt, in: tenant)
        guard outcome == .waits, wish.attempt < Bounds.attempts else { return }
        let wait = Bounds.waits[min(wish.attempt, Bounds.waits.count - 1)]
        try await storage.write(for: tenant) { transaction in
            try InboxJobs.handOut(wish.conversation, attempt: wish.attempt + 1, after: wait, in: transaction)
        }
    }

    /// Who is in a team and has the desk open.
    func present(in tenant: Tenant) async throws -> [ID<Person>] {
        let members = Set(try await teams.teams(in: tenant).flatMap { $0.members.map(\.person) })
        return topics.present(among: members.sorted(), in: tenant)
    }

    /// Gives a conversation to somebody.
    ///
    /// - Parameters:
    ///   - id: which.
    ///   - present: who is there.
    ///   - attempt: how often somebody was looked for before; the team is told the first time that nobody is free.
    ///   - tenant: whose.
    /// - Returns: what was found out.
    /// - Throws: errors of the database.
    func handOut(
        _ id: ID<Conversation>, among present: [ID<Person>], attempt: Int, in tenant: Tenant
    ) async throws -> Outcome {
        let all = try await teams.teams(in: tenant)
        let now = clock.now()
        let named = try await visible.agents(in: tenant)
        let (outcome, head) = try await storage.write(for: tenant) { transaction -> (Outcome, Conversation?) in
            // The roster first, then the head: in one order, so that two who give out cannot wait for each other.
            let turn = try await store.takeTurn(through: transaction, in: tenant)
            guard var head = try await conversations.locked(id, through: transaction, in: tenant),
                head.state == .open, head.assigneeID == nil, head.bot != .active,
                let team = all.first(where: { $0.id == head.teamID }) ?? Team.team(of: head.channelID, among: all)
            else { return (.settled, nil) }
            // Nobody is given what they may not see.
            let able = present.filter { named[head.channelID]?.contains($0) ?? true }
            let free = try await store.free(of: team.id, among: able, through: transaction, in: tenant)
            let known = try await store.lastAgent(
                of: head.contactID, except: id, since: now - Team.Bounds.stickiness, through: transaction, in: tenant)
            guard let person = free.first(where: { $0 == known }) ?? free.first else {
                if head.teamID == nil {
                    head.teamID = team.id
                    try await conversations.update(head, through: transaction, in: tenant)
                }
                if attempt == 0 {
                    try await notices.tell(
                        team.members.map(\.person), .handedOver, "\(head.contactName) waits for your team",
                        head.preview.text, about: id, in: transaction, of: tenant)
                }
                return (.waits, head)
            }
            head.teamID = team.id
            head.assigneeID = person
            head.takeFromBot()
            try await store.note(person, turn: turn, through: transaction, in: tenant)
            try await write(&head, to: person, at: now, in: tenant, transaction)
            return (.given(person), head)
        }
        if let head { topics.tell(head, in: tenant) }
        return outcome
    }

    private func write(
        _ head: inout Conversation, to person: ID<Person>, at now: Timestamp, in tenant: Tenant,
        _ transaction: WriteTransaction
    ) async throws {
        let line = Message(
            id: ID(at: now, using: randomness), conversationID: head.id, sequence: 0, channelID: head.channelID,
            role: .event, body: ConversationDesk.Happening.assigned.rawValue, delivery: .received, sentAt: now,
            createdAt: now)
        let written = try await messages.append([line], to: head, through: transaction, in: tenant)
        head.lastSequence += Int64(written.count)
        try await conversations.update(head, through: transaction, in: tenant)
        try topics.publish(written, head, in: transaction)
        try transaction.tally([
            Tally(kind: .assigned, conversation: head.id, channel: head.channelID, person: person, at: now)
        ])
        try await notices.tell(
            [person], .assigned, "\(head.contactName) is yours", head.preview.text, about: head.id, in: transaction,
            of: tenant)
    }
}

/// Somebody is to be looked for who takes a conversation.
struct HandOut: Sendable, Hashable, Codable {
    let conversation: ID<Conversation>
    /// How often somebody was looked for before.
    let attempt: Int
}
