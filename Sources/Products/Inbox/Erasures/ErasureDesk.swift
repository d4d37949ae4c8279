import Base
import Jobs
import Storage

/// Deletes contacts with their conversations: in the lane of bulk work, at most 500 rows at a time, each step a job of its
/// own that rests after the last, so that everything else goes first.
final class ErasureDesk: Sendable {
    let store: ErasureStore
    private let storage: Storage
    private let clock: any WallClock
    private let randomness: any Randomness
    private let pacer: StepPacer

    init(storage: Storage, clock: any WallClock, randomness: any Randomness) {
        self.storage = storage
        self.clock = clock
        self.randomness = randomness
        store = ErasureStore(storage: storage)
        pacer = StepPacer(
            StepPace(sizes: Erasure.Bounds.rows, target: Erasure.Bounds.step, share: Erasure.Bounds.share),
            clock: clock)
    }

    /// Asks for contacts to be deleted that are named.
    ///
    /// - Throws: `inbox.limitReached` for more than 500.
    func erase(_ contacts: [ID<Contact>], by person: ID<Person>, in tenant: Tenant) async throws -> Erasure {
        guard contacts.count <= Erasure.Bounds.named else {
            throw InboxError(
                .limitReached, "At most \(Erasure.Bounds.named) contacts are named at once.",
                context: ["limit": "\(Erasure.Bounds.named)"])
        }
        return try await ask(
            Erasure.Wish(contacts: Array(Set(contacts)).sorted(), before: clock.now()), by: person, in: tenant)
    }

    /// Asks for all contacts to be deleted that words find; all of them without words.
    func erase(found words: String, by person: ID<Person>, in tenant: Tenant) async throws -> Erasure {
        try await ask(
            Erasure.Wish(contacts: nil, words: words, before: clock.now() + .milliseconds(1)), by: person, in: tenant)
    }

    private func ask(_ wish: Erasure.Wish, by person: ID<Person>, in tenant: Tenant) async throws -> Erasure {
        let now = clock.now()
        let erasure = Erasure(id: ID(at: now, using: randomness), person: person, wish: wish, createdAt: now)
        try await storage.write(for: tenant) { transaction in
            try await store.insert(erasure, through: transaction, in: tenant)
            try InboxJobs.erase(erasure.id, after: nil, in: transaction)
        }
        return erasure
    }

    /// Does one step, and asks for the next.
    func step(_ id: ID<Erasure>, in tenant: Tenant) async throws {
        try await pacer.step { step in
            try await storage.write(for: tenant) { transaction in
                step.begin()
                guard let erasure = try await store.erasure(id, through: transaction, in: tenant),
                    erasure.state == .running
                else { return }
                let erased = try await erase(some: step.size, of: erasure.wish, in: tenant, transaction)
                try await store.note(
                    erased ?? 0, isDone: erased == nil, id, at: clock.now(), through: transaction, in: tenant)
                if erased != nil { try InboxJobs.erase(id, after: step.rest, in: transaction) }
            }
        }
    }

    /// Deletes some messages, or what has none any more; returns how many contacts are gone, `nil` when none was left.
    private func erase(
        some rows: Int, of wish: Erasure.Wish, in tenant: Tenant, _ transaction: WriteTransaction
    ) async throws -> Int? {
        let contacts = try await store.contacts(wish, max: rows, through: transaction, in: tenant)
        guard !contacts.isEmpty else { return nil }
        let all = try await store.conversations(of: contacts, max: rows, through: transaction, in: tenant)
        guard let first = all.first else { return try await erase(contacts, in: tenant, transaction) }
        // Whole ones, so that nobody ever sees a part of a thread.
        var total: Int64 = 0
        let some = all.prefix { conversation in
            total += conversation.messages
            return total <= rows || conversation.id == first.id
        }.map(\.id)
        let most = max(rows, Int(min(first.messages, Int64(Erasure.Bounds.messages))))
        let messages = try await store.dropMessages(of: some, max: most, through: transaction, in: tenant)
        try transaction.add(messages.map { WordsOutbox.Row(message: $0, words: nil) }, to: WordsOutbox.self)
        guard first.messages <= most || messages.count < most else { return 0 }
        try await store.dropConversations(some, through: transaction, in: tenant)
        for id in some { try InboxJobs.forgetFiles(.conversation(id), in: transaction) }
        return 0
    }

    private func erase(
        _ contacts: [ID<Contact>], in tenant: Tenant, _ transaction: WriteTransaction
    ) async throws -> Int {
        try await store.holdPoints(of: contacts, through: transaction, in: tenant)
        let pictures = try await ContactStore(storage: storage).pictures(of: contacts, through: transaction, in: tenant)
        for picture in pictures { try InboxJobs.forgetFiles(.file(picture), in: transaction) }
        return try await store.dropContacts(contacts, through: transaction, in: tenant)
    }
}
