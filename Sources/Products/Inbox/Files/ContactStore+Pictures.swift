import Base
import Storage

extension ContactStore {
    /// Somebody as one channel knows them, with what they are called and where their picture is.
    struct Known: Sendable {
        let point: ContactPoint
        let name: String
        let picture: String?
    }

    func known(
        _ id: ID<ContactPoint>, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> Known? {
        try await reading.first(
            KnownRow.self, "contact.known",
            """
            SELECT p.id, p.contact_id, p.channel_id, p.external_user_id, k.name, p.picture FROM inbox_contact_points p
            JOIN inbox_contacts k ON k.tenant_id = \(tenant) AND k.id = p.contact_id
            WHERE p.tenant_id = \(tenant) AND p.id = \(id)
            """)?.known
    }

    /// What a vendor calls a customer, and the language that they are known by.
    func addressee(
        of point: ID<ContactPoint>, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> (user: String, locale: String?)? {
        try await reading.first(
            AddresseeRow.self, "contact.addressee",
            """
            SELECT p.external_user_id, k.locale FROM inbox_contact_points p
            JOIN inbox_contacts k ON k.tenant_id = \(tenant) AND k.id = p.contact_id
            WHERE p.tenant_id = \(tenant) AND p.id = \(point)
            """
        ).map { ($0.user, $0.locale) }
    }

    func set(
        picture: String, of id: ID<ContactPoint>, _ writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        try await writing.execute(
            "contact.setPicture",
            "UPDATE inbox_contact_points SET picture = \(picture) WHERE tenant_id = \(tenant) AND id = \(id)")
    }

    /// Our copies of the pictures of contacts.
    func pictures(
        of ids: [ID<Contact>], through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> [ID<StoredFile>] {
        guard !ids.isEmpty else { return [] }
        return try await reading.list(
            PictureRow.self, "contact.pictures",
            """
            SELECT p.picture FROM inbox_contact_points p WHERE p.tenant_id = \(tenant)
                AND p.contact_id IN (\(rows: SQLRows(ids))) AND p.picture LIKE 'file:%'
            """, limit: 10_000
        ).compactMap(\.file)
    }

    /// Our copy of a contact's picture; `nil` when there is none.
    func picture(
        of id: ID<Contact>, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> ID<StoredFile>? {
        try await reading.first(
            PictureRow.self, "contact.picture",
            """
            SELECT p.picture FROM inbox_contact_points p WHERE p.tenant_id = \(tenant) AND p.contact_id = \(id)
                AND p.picture LIKE 'file:%' ORDER BY p.id DESC
            """)?.file
    }
}

private struct KnownRow: RowDecodable {
    let known: ContactStore.Known

    init(row: SQLRow) throws(StorageError) {
        known = ContactStore.Known(
            point: ContactPoint(
                id: try row.value(at: 0), contactID: try row.value(at: 1), channelID: try row.value(at: 2),
                externalUserID: try row.value(at: 3)), name: try row.value(at: 4), picture: try row.optional(at: 5))
    }
}

private struct AddresseeRow: RowDecodable {
    let user: String
    let locale: String?

    init(row: SQLRow) throws(StorageError) {
        user = try row.value(at: 0)
        locale = try row.optional(at: 1)
    }
}

private struct PictureRow: RowDecodable {
    let file: ID<StoredFile>?

    init(row: SQLRow) throws(StorageError) {
        let text: String = try row.value(at: 0)
        file = ID(String(text.dropFirst("file:".count)))
    }
}
