import Accounts
import Base
import Caching
import Storage

/// Tells people what they must know, through the platform's notifications, in the transaction that causes it.
final class NoticeDesk: Sendable {
    enum Bounds {
        /// People who are told of one thing.
        static let people = 50
        /// Members of a company that are known.
        static let colleagues = 1_000
    }

    /// Who is told of a conversation that waits.
    struct Watchers: Sendable, Hashable {
        /// Whoever should answer.
        var warned: [ID<Person>] = []
        /// These and whoever answers for them.
        var escalated: [ID<Person>] = []
    }

    private let notifications: Notifications
    private let register: PersonRegister
    private let kept: Cache<String, [Membership]>

    init(storage: Storage, caches: CacheRegistry, clock: any WallClock, randomness: any Randomness) {
        notifications = Notifications(storage: storage, clock: clock, randomness: randomness)
        register = PersonRegister(storage: storage)
        kept = Cache("inbox.members", CacheOptions(ttl: .seconds(60), capacity: 20_000), in: caches)
    }

    /// Everybody of the company who is not banned, by name; at most a minute old.
    func colleagues(in tenant: Tenant) async throws -> [Membership] {
        try await kept.value(for: "all", in: tenant) { [register] in
            try await shared { try await register.members(of: tenant, limit: Bounds.colleagues) }
        }
    }

    /// Those who set the company up.
    func administrators(in tenant: Tenant) async throws -> [ID<Person>] {
        try await colleagues(in: tenant).filter { Seat($0.role) >= .admin }.map(\.person)
    }

    /// Who is told when a conversation waits too long: whoever has it, else its team, else everybody; at last those who
    /// set the company up, too.
    func watchers(of head: Conversation, teams: TeamDesk, in tenant: Tenant) async throws -> Watchers {
        let all = try await teams.teams(in: tenant)
        let team = all.first { $0.id == head.teamID } ?? Team.team(of: head.channelID, among: all)
        let members = team?.members.map(\.person) ?? []
        let administrators = try await administrators(in: tenant)
        let waiting =
            members.isEmpty ? try await colleagues(in: tenant).prefix(Bounds.people).map(\.person) : members
        let warned = head.assigneeID.map { [$0] } ?? waiting
        return Watchers(warned: Self.each(warned), escalated: Self.each(warned + members + administrators))
    }

    private static func each(_ people: [ID<Person>]) -> [ID<Person>] {
        var seen: Set<ID<Person>> = []
        return Array(people.filter { seen.insert($0).inserted }.prefix(Bounds.people))
    }

    /// Tells people something about a conversation: two statements, when there is anybody to tell.
    func tell(
        _ people: [ID<Person>], _ kind: NoticeKind, _ title: String, _ text: String = "",
        about conversation: ID<Conversation>, in transaction: WriteTransaction, of tenant: Tenant
    ) async throws(StorageError) {
        try await tell(people, kind, title, text, at: Addresses.conversation(conversation), in: transaction, of: tenant)
    }

    /// Tells people something that leads to a page.
    func tell(
        _ people: [ID<Person>], _ kind: NoticeKind, _ title: String, _ text: String = "", at link: String,
        in transaction: WriteTransaction, of tenant: Tenant
    ) async throws(StorageError) {
        try await notifications.notify(
            Self.each(people), kind, NoticeMessage(title: title, text: text, link: link), for: tenant, in: transaction)
    }
}

extension NoticeKind {
    /// What the product tells people, in the order of the page of preferences.
    static let inbox: [NoticeKind] = [
        .mentioned, .assigned, .handedOver, .slaWarned, .slaBreached, .scheduledDrafted, .rulePaused, .exportReady,
    ]

    static let mentioned = NoticeKind("inbox.mentioned", "A colleague's note names me", urgency: .high)
    static let assigned = NoticeKind("inbox.assigned", "A conversation is given to me", urgency: .high)
    static let handedOver = NoticeKind(
        "inbox.handedOver", "The bot hands over, and nobody of my team is free", urgency: .high)
    static let slaWarned = NoticeKind("inbox.slaWarned", "A promised answer is nearly due", urgency: .high)
    static let slaBreached = NoticeKind("inbox.slaBreached", "A promised answer is overdue", urgency: .high)
    static let scheduledDrafted = NoticeKind(
        "inbox.scheduledDrafted", "An answer of mine was not sent at its time, and is a draft")
    static let exportReady = NoticeKind("inbox.exportReady", "An export of mine is ready, or could not be made")
    static let rulePaused = NoticeKind("inbox.rulePaused", "A rule has paused itself")
}
