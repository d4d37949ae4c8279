import Accounts
import Base
import Caching
import Storage

/// Takes comments, likes and what moderators decide about them; each call is one transaction, so that numbers of
/// comments and likes are true at every commit.
final class CommentDesk: Sendable {
    enum Bounds {
        /// Comments in a page.
        static let page = 20
        /// Steps of a removal: of 500 comments or 2,000 likes each.
        static let removalSteps = 10_000
        /// How often a removal meets a reply that has just arrived.
        static let attempts = 8
    }

    let store: CommentStore
    let reports: ReportStore
    let fronts: CommentFrontKeeper
    let lane: Int
    private let storage: Storage
    private let trail: AuditTrail
    private let clock: any WallClock
    private let randomness: any Randomness
    private let numbers: Cache<ID<Slot>, [ID<Clip>: Int]>

    init(storage: Storage, caches: CacheRegistry, clock: any WallClock, randomness: any Randomness, lane: Int) {
        self.storage = storage
        self.clock = clock
        self.randomness = randomness
        self.lane = lane
        store = CommentStore(storage: storage)
        fronts = CommentFrontKeeper(store: store, caches: caches)
        reports = ReportStore(storage: storage)
        trail = AuditTrail(storage: storage, clock: clock, randomness: randomness)
        numbers = Cache(
            "tournament.commentCounts",
            CacheOptions(
                ttl: .seconds(10), staleWindow: .seconds(30), capacity: 200_000,
                weigh: { _, counts in max(1, counts.count) }, tags: { [Timetable.Tag.clips($0)] }, shared: .json()),
            in: caches)
    }

    /// How many comments the clips of a slot have, all of them at once and from memory; at most ten seconds old.
    func counts(of slot: ID<Slot>?, in tenant: Tenant) async throws -> [ID<Clip>: Int] {
        guard let slot else { return [:] }
        return try await numbers.value(for: slot, in: tenant) { [store] in
            try await shared { try await store.counts(of: slot, in: tenant) }
        }
    }

    // MARK: Writing

    /// A comment that wants to be posted.
    struct Draft: Sendable {
        let clipID: ID<Clip>
        var parentID: ID<Comment>?
        let personID: ID<Person>
        let author: String
        let text: CommentText
        /// Pending where a moderator looks first, else approved.
        let state: Comment.State
    }

    /// Posts a comment: the row, and where it is approved at once the number of the clip's comments.
    ///
    /// - Throws: `tournament.notFound` when there is no such clip, or no such comment to reply to.
    func post(_ draft: Draft, in tenant: Tenant) async throws -> Comment {
        let now = clock.now()
        let comment = Comment(
            id: ID(at: now, using: randomness), clipID: draft.clipID, personID: draft.personID,
            parentID: draft.parentID, author: draft.author, text: draft.text.text, state: draft.state, createdAt: now)
        do {
            try await storage.write(for: tenant) { transaction in
                guard try await store.insert(comment, through: transaction, in: tenant) else { throw Self.missing }
                try await store.count(
                    [comment.clipID: Comment.countChange(from: nil, to: comment.state)], lane: lane,
                    through: transaction, in: tenant)
                if comment.state == .approved { transaction.changeComments(of: [comment.clipID]) }
            }
        } catch let error as StorageError where error.code == .foreignKeyViolation {
            // The comment that it replies to was removed a moment ago.
            throw Self.missing
        }
        return comment
    }

    /// Makes a person like a comment, or no longer, and returns how many do.
    ///
    /// May be repeated.
    func setLike(_ wanted: Bool, of id: ID<Comment>, by person: ID<Person>, in tenant: Tenant) async throws -> Int {
        let now = clock.now()
        return try await storage.write(for: tenant) { transaction in
            guard
                let liked = try await store.setLike(
                    wanted, of: id, by: person, at: now, through: transaction, in: tenant)
            else { throw Self.missing }
            transaction.changeComments(of: [liked.clipID])
            return liked.likes
        }
    }

    // MARK: Moderating

    /// Decides about a comment, closes what was reported about it, and writes down who did it and why.
    ///
    /// - Returns: the comment as it is then.
    /// - Throws: `tournament.notFound`.
    func review(
        _ id: ID<Comment>, _ decision: CommentDecision, reason: String?, by moderator: ID<Person>, in tenant: Tenant
    ) async throws -> Comment {
        let now = clock.now()
        return try await storage.write(for: tenant) { transaction in
            let target = ReportTarget(kind: .comment, id: id.cast(to: ID<ReportTarget>.self))
            try await reports.close(target, decision: decision.rawValue, at: now, through: transaction, in: tenant)
            guard var comment = try await store.locked(id, through: transaction, in: tenant) else { throw Self.missing }
            let change = Comment.countChange(from: comment.state, to: decision.state)
            comment.state = decision.state
            comment.reason = decision == .reject ? reason : nil
            try await store.decide(
                id, state: comment.state, reason: comment.reason, at: now, through: transaction, in: tenant)
            try await store.count([comment.clipID: change], lane: lane, through: transaction, in: tenant)
            transaction.changeComments(of: [comment.clipID])
            try await trail.append(
                decision == .approve ? "comment.approved" : "comment.rejected", by: .person(moderator),
                on: ("comment", id.description), reason.map { ["reason": $0] } ?? [:], for: tenant, in: transaction)
            return comment
        }
    }

    // MARK: Removing

    /// Removes a person's own comment with its replies.
    ///
    /// - Throws: `tournament.notFound` when there is none of this person.
    func delete(_ id: ID<Comment>, of person: ID<Person>, in tenant: Tenant) async throws {
        try await storage.write(for: tenant) { transaction in
            guard try await store.locked(id, through: transaction, in: tenant)?.personID == person else {
                throw Self.missing
            }
        }
        for _ in 0..<Bounds.removalSteps where try await !removeStep([id], in: tenant) { return }
    }

    /// Takes one step of the removal of comments; says whether another one is needed.
    func removeStep(_ roots: [ID<Comment>], in tenant: Tenant) async throws -> Bool {
        for attempt in 1... {
            do {
                return try await storage.write(for: tenant) { transaction in
                    let (targets, areReplies) = try await store.targets(of: roots, through: transaction, in: tenant)
                    try await reports.forget(
                        .comment, targets.map { $0.cast(to: ID<ReportTarget>.self) }, through: transaction, in: tenant)
                    let removal = try await store.remove(targets, through: transaction, in: tenant)
                    try await store.count(removal.counts, lane: lane, through: transaction, in: tenant)
                    transaction.changeComments(of: removal.counts.keys)
                    return areReplies || removal.hasMore
                }
            } catch let error as StorageError
                where error.code == .foreignKeyViolation && attempt < Bounds.attempts
            {
                // A reply has arrived between the look and the removal: the next step takes it.
            }
        }
        return true
    }

    private static var missing: TournamentError {
        TournamentError(.notFound, "There is no such clip or comment, or not any more.")
    }
}
