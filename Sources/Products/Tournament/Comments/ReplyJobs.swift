import Accounts
import Base
import Jobs
import Storage

/// Tells people that somebody has answered a comment of theirs, once everybody sees the answer.
///
/// Posting marks the reply in the statement that writes it, so that it costs nothing more; the mark goes in the
/// transaction that writes the notice.
struct ReplyJobs: Sendable {
    enum Bounds {
        static let lookEvery: Duration = .seconds(10)
        /// Transactions that one look gives to a tenant; the next look goes on.
        static let groupsPerLook = 50
    }

    let store: ReplyStore
    let notices: Notifications

    static let tell = JobKind<NoJobInput>(
        "tournament.comment.tellReplies", attemptsMax: 3, timeout: .seconds(600), unique: .whilePendingOrRunning,
        isKept: false)

    var handlers: [JobHandler] { [Self.tell.handler { _, _ in _ = try await look() }] }

    var schedules: [JobSchedule] {
        [
            JobSchedule(
                "tournament.comment.tellReplies", every: Bounds.lookEvery, Self.tell, NoJobInput(),
                onlyIf: { try await store.hasUntold() })
        ]
    }

    /// Tells everybody who is to be told now; returns of how many replies.
    @discardableResult
    func look() async throws -> Int {
        var told = 0
        for tenant in try await store.tenants() {
            for _ in 0..<Bounds.groupsPerLook {
                let count = try await store.storage.write(for: tenant) { transaction in
                    let replies = try await store.take(through: transaction, in: tenant)
                    for reply in replies { try await tell(reply, in: tenant, through: transaction) }
                    return replies.count
                }
                told += count
                if count < ReplyStore.Bounds.told { break }
            }
        }
        return told
    }

    /// Tells whom a reply answers, within a transaction.
    private func tell(
        _ reply: ReplyStore.Reply, in tenant: Tenant, through transaction: WriteTransaction
    ) async throws(StorageError) {
        guard let person = reply.answered else { return }
        try await notices.notify([person], .commentAnswered, .answered(reply), for: tenant, in: transaction)
    }
}
