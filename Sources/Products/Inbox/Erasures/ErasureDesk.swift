import Base
import Jobs
import Storage

/// Deletes contacts with their conversations: in the lane of bulk work, at most 500 at a time, each step a job of its own so
/// that everything else goes first.
final class ErasureDesk: Sendable {
    let store: ErasureStore
    private let storage: Storage
    private let clock: any WallClock
    private let randomness: any Randomness

    init(storage: Storage, clock: any WallClock, randomness: any Randomness) {
        self.storage = storage
        self.clock = clock
        self.randomness = randomness
        store = ErasureStore(storage: storage)
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
            try InboxJobs.erase(erasure.id, in: transaction)
        }
        return erasure
    }

    /// Does one step, and asks for the next.
    func step(_ id: ID<Erasure>, in tenant: Tenant) async throws {
        let now = clock.now()
        try await storage.write(for: tenant) { transaction in
            guard let erasure = try await store.erasure(id, through: transaction, in: tenant),
                erasure.state == .running
            else { return }
            let contacts = try await store.contacts(erasure.wish, through: transaction, in: tenant)
            guard !contacts.isEmpty else {
                return try await store.note(0, isDone: true, id, at: now, through: transaction, in: tenant)
            }
            let conversations = try await store.conversations(of: contacts, through: transaction, in: tenant)
            var erased = 0
            if conversations.isEmpty {
                try await store.holdPoints(of: contacts, through: transaction, in: tenant)
                let pictures = try await ContactStore(storage: storage).pictures(
                    of: contacts, through: transaction, in: tenant)
                for picture in pictures { try InboxJobs.forgetFiles(.file(picture), in: transaction) }
                erased = try await store.dropContacts(contacts, through: transaction, in: tenant)
            } else {
                let messages = try await store.dropMessages(of: conversations, through: transaction, in: tenant)
                try transaction.add(messages.map { WordsOutbox.Row(message: $0, words: nil) }, to: WordsOutbox.self)
                if messages.count < Erasure.Bounds.messages {
                    try await store.dropConversations(conversations, through: transaction, in: tenant)
                    for id in conversations { try InboxJobs.forgetFiles(.conversation(id), in: transaction) }
                }
            }
            try await store.note(erased, isDone: false, id, at: now, through: transaction, in: tenant)
            try InboxJobs.erase(id, in: transaction)
        }
    }
}
