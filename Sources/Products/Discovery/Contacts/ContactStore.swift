import Base
import Storage

/// Who wrote to whom, what people noted, and what they did.
struct ContactStore: Sendable {
    let storage: Storage

    // MARK: Contacts

    /// Takes the creator for a message of this person's, unless a colleague wrote lately; `false` when one did.
    ///
    /// One row for each creator: of two who write at the same moment one is told.
    func claim(
        _ contact: Contact, isForced: Bool, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "contact.claim",
            """
            INSERT INTO contact_heads AS h (tenant_id, creator_id, person_id, channel, at)
            SELECT \(tenant), c.id, \(contact.personID), \(contact.channel), \(contact.at)
            FROM creators c WHERE c.tenant_id = \(tenant) AND c.id = \(contact.creatorID)
            ON CONFLICT (tenant_id, creator_id) DO UPDATE
            SET person_id = excluded.person_id, channel = excluded.channel, at = excluded.at
            WHERE h.person_id = excluded.person_id OR h.at < \(contact.at - Contact.Bounds.warning) OR \(isForced)
            """) == 1
    }

    /// Writes the message into the log.
    func insert(_ contact: Contact, through writing: some Writing, in tenant: Tenant) async throws(StorageError) {
        try await writing.execute(
            "contact.insert",
            """
            INSERT INTO creator_contacts (tenant_id, id, creator_id, list_id, person_id, channel, text, at)
            VALUES (\(tenant), \(contact.id), \(contact.creatorID), \(contact.listID), \(contact.personID),
                \(contact.channel), \(contact.text), \(contact.at))
            """)
    }

    /// Who wrote to a creator last, and when; `nil` when nobody did.
    func last(
        _ creator: ID<Creator>, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> (person: ID<Person>, channel: Contact.Channel, at: Timestamp)? {
        try await reading.first(
            HeadRow.self, "contact.last",
            """
            SELECT person_id, channel, at FROM contact_heads WHERE tenant_id = \(tenant) AND creator_id = \(creator)
            """
        ).map { ($0.person, $0.channel, $0.at) }
    }

    /// The messages to a creator, the newest first.
    func contacts(
        of creator: ID<Creator>, limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> [Contact] {
        try await storage.reader(for: tenant).list(
            Contact.self, "contact.list",
            """
            SELECT id, creator_id, list_id, person_id, channel, text, at FROM creator_contacts
            WHERE tenant_id = \(tenant) AND creator_id = \(creator) ORDER BY at DESC
            """, limit: limit)
    }

    // MARK: Notes

    /// Writes a note; `false` when it is about a creator that there is not.
    func insert(
        _ note: Note, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "note.insert",
            """
            INSERT INTO creator_notes (tenant_id, id, list_id, creator_id, person_id, text, at)
            SELECT \(tenant), \(note.id), \(note.listID), \(note.creatorID), \(note.personID), \(note.text), \(note.at)
            WHERE \(note.creatorID == nil) OR EXISTS (
                SELECT 1 FROM creators c WHERE c.tenant_id = \(tenant) AND c.id = \(note.creatorID))
            """) == 1
    }

    /// Notes about a list or a creator, the newest first.
    func notes(
        of target: Target, after cursor: Cursor?, limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> Page<Note> {
        try await storage.reader(for: tenant).page(
            Note.self, "note.page",
            """
            SELECT n.id, n.list_id, n.creator_id, n.person_id, n.text, n.at FROM creator_notes n
            WHERE n.tenant_id = \(tenant) AND \(sql: target.condition)
            """, order: .descending("n.id"), after: cursor, limit: limit)
    }

    // MARK: Activities

    /// Writes what was done; the same line again changes nothing.
    func record(
        _ activities: [Activity], through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        guard !activities.isEmpty else { return }
        try await writing.execute(
            "activity.record",
            """
            WITH input (id, list_id, creator_id, person_id, event, detail, at) AS (
                \(rows: SQLRows(
                    activities, { $0.id }, { $0.listID }, { $0.creatorID }, { $0.personID }, { $0.event },
                    { $0.detail }, { $0.at })))
            INSERT INTO creator_activities (tenant_id, id, list_id, creator_id, person_id, event, detail, at)
            SELECT \(tenant), i.id, i.list_id, i.creator_id, i.person_id, i.event, i.detail, i.at FROM input i WHERE true
            ON CONFLICT (tenant_id, id) DO NOTHING
            """)
    }

    /// What was done with a list or a creator, the newest first.
    func activities(
        of target: Target, after cursor: Cursor?, limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> Page<Activity> {
        try await storage.reader(for: tenant).page(
            Activity.self, "activity.page",
            """
            SELECT n.id, n.list_id, n.creator_id, n.person_id, n.event, n.detail, n.at FROM creator_activities n
            WHERE n.tenant_id = \(tenant) AND \(sql: target.condition)
            """, order: .descending("n.id"), after: cursor, limit: limit)
    }

    /// What notes and activities are about.
    enum Target: Sendable, Hashable {
        case list(ID<CreatorList>)
        case creator(ID<Creator>)

        var condition: SQL {
            switch self {
            case .list(let id): "n.list_id = \(id)"
            case .creator(let id): "n.creator_id = \(id)"
            }
        }
    }
}

extension Contact: RowDecodable {
    init(row: SQLRow) throws(StorageError) {
        self.init(
            id: try row.value(at: 0), creatorID: try row.value(at: 1), listID: try row.optional(at: 2),
            personID: try row.value(at: 3), channel: try row.value(at: 4), text: try row.optional(at: 5),
            at: try row.value(at: 6))
    }
}

extension Note: RowDecodable {
    init(row: SQLRow) throws(StorageError) {
        self.init(
            id: try row.value(at: 0), listID: try row.optional(at: 1), creatorID: try row.optional(at: 2),
            personID: try row.value(at: 3), text: try row.value(at: 4), at: try row.value(at: 5))
    }
}

extension Activity: RowDecodable {
    init(row: SQLRow) throws(StorageError) {
        self.init(
            id: try row.value(at: 0), listID: try row.optional(at: 1), creatorID: try row.optional(at: 2),
            personID: try row.value(at: 3), event: try row.value(at: 4), detail: try row.value(at: 5),
            at: try row.value(at: 6))
    }
}

private struct HeadRow: RowDecodable {
    let person: ID<Person>
    let channel: Contact.Channel
    let at: Timestamp

    init(row: SQLRow) throws(StorageError) {
        person = try row.value(at: 0)
        channel = try row.value(at: 1)
        at = try row.value(at: 2)
    }
}
