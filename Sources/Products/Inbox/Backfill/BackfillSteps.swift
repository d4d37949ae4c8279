import Base
import Storage

/// Brings what an older version has written up to date, some rows at a time, beside everything else.
///
/// Until a company is done its views by tag and of mentions lack what is still to be placed, and searches lack what is still
/// to be written anew.
struct BackfillSteps: Sendable {
    enum Bounds {
        /// Steps of one run; the next run goes on.
        static let steps = 200
    }

    let storage: Storage

    var store: BackfillStore { BackfillStore(storage: storage) }

    /// Whether anything is left.
    func isNeeded() async throws -> Bool { try await store.tenant(after: nil) != nil }

    /// Does some of it, of as many companies as that is enough for.
    func mend() async throws {
        var last: Tenant?
        var left = Bounds.steps
        while left > 0, let tenant = try await store.tenant(after: last) {
            while left > 0, try await step(in: tenant) { left -= 1 }
            last = tenant
        }
    }

    /// Does a part of a company's; `false` when it is done.
    func step(in tenant: Tenant) async throws -> Bool {
        if try await store.place(in: tenant) > 0 { return true }
        return try await storage.write(for: tenant) { transaction in
            guard let messages = try await store.messages(through: transaction, in: tenant) else { return false }
            try transaction.find(messages)
            try await store.note(before: messages.last?.id, through: transaction, in: tenant)
            return !messages.isEmpty
        }
    }
}
