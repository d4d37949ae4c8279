import Accounts
import Base
import Logging
import ServiceLifecycle
import Storage

/// Tells people that somebody has answered a comment of theirs, once everybody sees the answer.
///
/// The mark goes in the transaction that writes the notice; several nodes may run it. Who would rather have the notice
/// in the transaction that posts calls ``tell(_:in:through:)`` there and writes the reply as told.
struct ReplyService: Service {
    enum Bounds {
        static let pause: Duration = .seconds(10)
        /// Transactions that one look gives to a tenant; the next look goes on.
        static let groupsPerLook = 50
    }

    let store: ReplyStore
    let notices: Notifications
    let clock: any WallClock
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await look()
                // Cancellation ends the loop, which is what it asks for.
                try? await clock.sleep(for: Bounds.pause)
            }
        }
    }

    /// Tells everybody who is to be told now; returns of how many replies.
    @discardableResult
    func look() async -> Int {
        var told = 0
        do {
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
        } catch {
            logger.warning("people could not be told of replies", metadata: ["error": "\(error)"])
        }
        return told
    }

    /// Tells whom a reply answers, within a transaction.
    func tell(
        _ reply: ReplyStore.Reply, in tenant: Tenant, through transaction: some Writing
    ) async throws(StorageError) {
        guard let person = reply.answered else { return }
        try await notices.notify([person], .commentAnswered, .answered(reply), for: tenant, in: transaction)
    }
}
