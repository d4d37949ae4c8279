import Accounts
import Base
import Storage

/// Collects reports, hides comments that enough people have reported, and takes what moderators decide.
struct ReportDesk: Sendable {
    let store: ReportStore
    let comments: CommentDesk
    private let storage: Storage
    private let trail: AuditTrail
    private let clock: any WallClock

    init(storage: Storage, comments: CommentDesk, clock: any WallClock, randomness: any Randomness) {
        self.storage = storage
        self.comments = comments
        self.clock = clock
        store = ReportStore(storage: storage)
        trail = AuditTrail(storage: storage, clock: clock, randomness: randomness)
    }

    /// What a report has led to.
    enum Outcome: Sendable, Hashable {
        /// It is kept for the moderators.
        case kept
        /// It is kept, and the comment is hidden with it.
        case hidden
        /// The person has reported it before; nothing has changed.
        case repeated
    }

    /// Takes a report.
    ///
    /// The case's row is raised under its lock, so that of five reports at once exactly one sees five, and the comment
    /// is hidden by an update of a state that only one transaction finds.
    ///
    /// - Throws: `tournament.notFound` when there is nothing to report.
    func report(
        _ target: ReportTarget, reason: String, by person: ID<Person>, in tenant: Tenant
    ) async throws -> Outcome {
        let now = clock.now()
        return try await storage.write(for: tenant) { transaction in
            guard
                try await store.insert(
                    target, by: person, reason: reason, at: now, through: transaction, in: tenant)
            else {
                guard try await store.has(target, by: person, through: transaction, in: tenant) else {
                    throw TournamentError(.notFound, "There is no such comment, clip or person to report.")
                }
                return .repeated
            }
            let open = try await store.collect(target, at: now, through: transaction, in: tenant)
            guard ReportRule.hides(target.kind, openReports: open),
                let clip = try await comments.store.flag(
                    target.id.cast(to: ID<Comment>.self), through: transaction, in: tenant)
            else { return .kept }
            try await comments.store.count(
                [clip: Comment.countChange(from: .approved, to: .flagged)], lane: comments.lane,
                through: transaction, in: tenant)
            transaction.changeComments(of: [clip])
            return .hidden
        }
    }

    /// Closes a case about a clip or a person without more; a comment is decided about by its review.
    ///
    /// - Throws: `tournament.notFound` when nothing is open.
    func dismiss(
        _ target: ReportTarget, reason: String?, by moderator: ID<Person>, in tenant: Tenant
    ) async throws {
        let now = clock.now()
        try await storage.write(for: tenant) { transaction in
            guard try await store.close(target, decision: "dismiss", at: now, through: transaction, in: tenant) else {
                throw TournamentError(.notFound, "Nothing is reported about this, or it was decided about before.")
            }
            try await trail.append(
                "report.dismissed", by: .person(moderator), on: ("report", target.id.description),
                ["kind": target.kind.rawValue].merging(reason.map { ["reason": $0] } ?? [:]) { first, _ in first },
                for: tenant, in: transaction)
        }
    }
}
