import Base
import Storage

/// Contacts: changing them, and joining two that are one, so that it can be undone.
final class ContactDesk: Sendable {
    let store: ContactStore
    private let storage: Storage
    private let clock: any WallClock
    private let randomness: any Randomness

    init(storage: Storage, clock: any WallClock, randomness: any Randomness) {
        self.storage = storage
        self.clock = clock
        self.randomness = randomness
        store = ContactStore(storage: storage)
    }

    /// - Throws: `inbox.notFound`.
    func contact(_ id: ID<Contact>, in tenant: Tenant) async throws -> Contact {
        let found = try await store.contact(id, through: storage.reader(for: tenant), in: tenant)
        guard let found else { throw InboxError.missing("contact") }
        return found
    }

    /// What may change of a contact; `nil` leaves it, nothing empties it.
    struct Change: Sendable {
        var name: String?
        var email: String?
        var phone: String?
        var fields: [String: String]?
    }

    /// Changes a contact.
    ///
    /// - Throws: `inbox.contactInvalid`, `inbox.notFound`.
    func change(_ id: ID<Contact>, _ change: Change, in tenant: Tenant) async throws -> Contact {
        try await storage.write(for: tenant) { transaction in
            guard var contact = try await store.locked([id], through: transaction, in: tenant)[id] else {
                throw InboxError.missing("contact")
            }
            let former = contact.name
            if let name = change.name { contact.name = name.storable.trimmed }
            if let email = change.email { contact.email = ContactWords.email(email) }
            if let phone = change.phone { contact.phone = ContactWords.phone(phone) }
            if let fields = change.fields { contact.fields = fields }
            try Self.check(contact)
            try await store.update(contact, through: transaction, in: tenant)
            try await store.index(contact, through: transaction, in: tenant)
            if contact.name != former { try await store.rename(contact, through: transaction, in: tenant) }
            return contact
        }
    }

    private static func check(_ contact: Contact) throws {
        func refuse(_ field: String, _ limit: Int) throws {
            throw InboxError(
                .contactInvalid, "The \(field) of a contact has at most \(limit).",
                context: ["field": field, "limit": "\(limit)"])
        }
        if !(1...Contact.Bounds.nameCharacters).contains(contact.name.unicodeScalars.count) {
            try refuse("name", Contact.Bounds.nameCharacters)
        }
        if (contact.email ?? "").utf8.count > Contact.Bounds.emailBytes {
            try refuse("email", Contact.Bounds.emailBytes)
        }
        if (contact.phone ?? "").utf8.count > Contact.Bounds.phoneBytes {
            try refuse("phone", Contact.Bounds.phoneBytes)
        }
        if contact.fields.count > Contact.Bounds.fields { try refuse("fields", Contact.Bounds.fields) }
        if try StoredJSON.text(contact.fields).utf8.count > Contact.Bounds.fieldsBytes {
            try refuse("fields", Contact.Bounds.fieldsBytes)
        }
    }

    // MARK: Merging

    /// Takes a contact into another: its points, its conversations, what the other does not know itself, and the fields
    /// that were chosen.
    ///
    /// - Parameters:
    ///   - from: which one is taken in.
    ///   - into: which one stays.
    ///   - chosen: fields of which the one's value is taken although the other has one: `name`, `email`, `phone`, `locale`,
    ///     or `fields.` with a key.
    ///   - person: who decides.
    ///   - tenant: whose.
    /// - Returns: the merge, by which it is undone.
    /// - Throws: `inbox.alreadyMerged` when one of them is part of another already; `inbox.notFound`.
    func merge(
        _ from: ID<Contact>, into: ID<Contact>, choosing chosen: Set<String> = [], by person: ID<Person>,
        in tenant: Tenant
    ) async throws -> Merge {
        guard from != into else { throw InboxError(.alreadyMerged, "A contact cannot be taken into itself.") }
        let now = clock.now()
        return try await storage.write(for: tenant) { transaction in
            let found = try await store.locked([from, into], through: transaction, in: tenant)
            guard var source = found[from], var target = found[into] else { throw InboxError.missing("contact") }
            guard source.mergedInto == nil, target.mergedInto == nil else {
                throw InboxError(.alreadyMerged, "One of the two is part of another contact already.")
            }
            var moved = Merge.Moved()
            moved.replaced = target.take(chosen, from: source)
            moved.filled = target.fill(from: source)
            try Self.check(target)
            moved.points = try await store.movePoints(of: from, to: into, through: transaction, in: tenant)
            moved.conversations = try await store.moveConversations(
                of: from, to: target, through: transaction, in: tenant)
            source.mergedInto = into
            try await store.update(source, through: transaction, in: tenant)
            try await store.update(target, through: transaction, in: tenant)
            try await store.index(target, through: transaction, in: tenant)
            if moved.replaced.contains(where: { $0.field == "name" }) {
                try await store.rename(target, through: transaction, in: tenant)
            }
            let merge = Merge(
                id: ID(at: now, using: randomness), from: from, into: into, moved: moved, person: person, at: now)
            try await store.insert(merge, through: transaction, in: tenant)
            return merge
        }
    }

    /// Undoes a merge: exactly what moved goes back, and what came since stays with the point through which it came.
    ///
    /// - Throws: `inbox.alreadyMerged` when the other one was taken in by a third; `inbox.notFound`.
    func undo(_ id: ID<Merge>, in tenant: Tenant) async throws -> Merge {
        let now = clock.now()
        return try await storage.write(for: tenant) { transaction in
            guard let merge = try await store.undo(id, at: now, through: transaction, in: tenant) else {
                throw InboxError.missing("merge")
            }
            let found = try await store.locked([merge.from, merge.into], through: transaction, in: tenant)
            guard var source = found[merge.from], var target = found[merge.into] else {
                throw InboxError.missing("contact")
            }
            guard target.mergedInto == nil, source.mergedInto == merge.into else {
                throw InboxError(.alreadyMerged, "The contact was taken in by another since: undo that first.")
            }
            target.unfill(merge.moved.filled, from: source)
            target.giveBack(merge.moved.replaced)
            source.mergedInto = nil
            try await store.update(source, through: transaction, in: tenant)
            try await store.update(target, through: transaction, in: tenant)
            try await store.index(target, through: transaction, in: tenant)
            try await store.rename(target, through: transaction, in: tenant)
            try await store.giveBack(merge.moved.points, to: source, through: transaction, in: tenant)
            return merge
        }
    }
}
