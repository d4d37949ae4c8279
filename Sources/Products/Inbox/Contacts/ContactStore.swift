import Base
import Storage

/// The tables of contacts and of the points at which channels know them.
struct ContactStore: Sendable {
    let storage: Storage

    /// Where a customer is known at a channel, with the name of the contact; `nil` for somebody new.
    func point(
        of user: String, at channel: ID<Channel>, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> (point: ContactPoint, name: String)? {
        try await reading.first(
            PointRow.self, "contact.point",
            """
            SELECT p.id, p.contact_id, p.channel_id, p.external_user_id, k.name FROM inbox_contact_points p
            JOIN inbox_contacts k ON k.tenant_id = \(tenant) AND k.id = p.contact_id
            WHERE p.tenant_id = \(tenant) AND p.channel_id = \(channel) AND p.external_user_id = \(user)
            """
        ).map { ($0.point, $0.name) }
    }

    /// Writes somebody new with the point at which they came.
    func insert(
        _ contact: Contact, _ point: ContactPoint, picture: String?, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        try await writing.execute(
            "contact.insert",
            """
            INSERT INTO inbox_contacts (tenant_id, id, name, search_name, email, phone, locale, fields, created_at)
            VALUES (\(tenant), \(contact.id), \(contact.name), \(MessageWords.folded(contact.name)), \(contact.email),
                \(contact.phone), \(contact.locale), \(try StoredJSON.text(contact.fields)), \(contact.createdAt))
            """)
        try await writing.execute(
            "contact.insertPoint",
            """
            INSERT INTO inbox_contact_points (tenant_id, id, contact_id, channel_id, external_user_id, picture,
                created_at)
            VALUES (\(tenant), \(point.id), \(point.contactID), \(point.channelID), \(point.externalUserID), \(picture),
                \(contact.createdAt))
            """)
        try await add(ContactWords.all(of: contact), of: contact.id, through: writing, in: tenant)
    }

    /// A contact; `nil` when there is none.
    func contact(
        _ id: ID<Contact>, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> Contact? {
        try await reading.first(
            Contact.self, "contact.byID",
            "SELECT \(sql: Contact.columns) FROM inbox_contacts k WHERE k.tenant_id = \(tenant) AND k.id = \(id)")
    }

    /// Has a customer go on under another id, unless that one is somebody known.
    func move(
        _ user: String, to new: String, at channel: ID<Channel>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        try await writing.execute(
            "contact.move",
            """
            UPDATE inbox_contact_points SET external_user_id = \(new)
            WHERE tenant_id = \(tenant) AND channel_id = \(channel) AND external_user_id = \(user)
                AND NOT EXISTS (SELECT 1 FROM inbox_contact_points o WHERE o.tenant_id = \(tenant)
                    AND o.channel_id = \(channel) AND o.external_user_id = \(new))
            """)
    }

    /// What the vendor calls the customer of a conversation.
    func user(
        of point: ID<ContactPoint>, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> String? {
        try await reading.first(
            UserRow.self, "contact.user",
            """
            SELECT p.external_user_id FROM inbox_contact_points p WHERE p.tenant_id = \(tenant) AND p.id = \(point)
            """)?.user
    }
}

// MARK: Rows

extension Contact: RowDecodable {
    static let columns: SQL =
        "k.id, k.name, k.email, k.phone, k.locale, k.fields, k.merged_into, k.created_at, k.version"

    init(row: SQLRow) throws(StorageError) {
        self.init(
            id: try row.value(at: 0), name: try row.value(at: 1), email: try row.optional(at: 2),
            phone: try row.optional(at: 3), locale: try row.optional(at: 4),
            fields: try StoredJSON.read(try row.value(at: 5)), mergedInto: try row.optional(at: 6),
            createdAt: try row.value(at: 7), version: try row.value(at: 8))
    }
}

private struct PointRow: RowDecodable {
    let point: ContactPoint
    let name: String

    init(row: SQLRow) throws(StorageError) {
        point = ContactPoint(
            id: try row.value(at: 0), contactID: try row.value(at: 1), channelID: try row.value(at: 2),
            externalUserID: try row.value(at: 3))
        name = try row.value(at: 4)
    }
}

private struct UserRow: RowDecodable {
    let user: String

    init(row: SQLRow) throws(StorageError) { user = try row.value(at: 0) }
}
