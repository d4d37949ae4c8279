import Accounts
import Base
import Logging
import ServiceLifecycle
import Storage

/// Tells people that a slot which they asked about has opened.
///
/// The reminder goes in the transaction that writes the notice, so that a process that dies between two of them tells
/// nobody twice and forgets nobody; several nodes may run it.
struct ReminderService: Service {
    enum Bounds {
        static let pause: Duration = .seconds(10)
        /// Transactions that one look gives to a slot; the next look goes on.
        static let groupsPerLook = 200
    }

    let store: ReminderStore
    let slots: SlotStore
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

    /// Tells everybody who is to be told now; returns how many were.
    @discardableResult
    func look() async -> Int {
        var told = 0
        do {
            for due in try await store.due() { told += try await tell(due) }
        } catch {
            logger.warning("people who wait for a slot could not be told", metadata: ["error": "\(error)"])
        }
        return told
    }

    private func tell(_ due: ReminderStore.Due) async throws -> Int {
        let tenant = due.tenant
        guard let slot = try await slots.slot(due.slotID, through: store.storage.reader(for: tenant), in: tenant)
        else { return 0 }
        var told = 0
        for _ in 0..<Bounds.groupsPerLook {
            let count = try await store.storage.write(for: tenant) { transaction in
                let people = try await store.take(slot.id, through: transaction, in: tenant)
                try await notices.notify(people, .slotOpens, .opens(slot), for: tenant, in: transaction)
                return people.count
            }
            told += count
            if count < ReminderStore.Bounds.told { break }
        }
        return told
    }
}
