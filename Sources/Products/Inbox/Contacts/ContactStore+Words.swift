import Base
import Storage

/// Contacts by their words, and the contacts of a request to delete some.
extension ContactStore {
    /// Writes by what a contact is found.
    func index(_ contact: Contact, through writing: some Writing, in tenant: Tenant) async throws(StorageError) {
        let words = ContactWords.all(of: contact)
        try await writing.execute(
            "contact.unindex",
            "DELETE FROM inbox_contact_words WHERE tenant_id = \(tenant) AND contact_id = \(contact.id)")
        try await add(words, of: contact.id, through: writing, in: tenant)
    }

    /// Writes by what somebody new is found: one statement.
    func add(
        _ words: [String], of contact: ID<Contact>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        guard !words.isEmpty else { return }
        try await writing.execute(
            "contact.index",
            """
            WITH input (word) AS (\(rows: SQLRows(words)))
            INSERT INTO inbox_contact_words (tenant_id, word, contact_id)
            SELECT \(tenant), i.word, \(contact) FROM input i WHERE true ON CONFLICT DO NOTHING
            """)
    }

    /// A page of contacts of whom each word that is asked for begins one, by name; all of them without words.
    func page(
        _ words: ContactWords, after cursor: Cursor?, limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> Page<NamedContact> {
        var conditions: SQL = ""
        for word in words.asked {
            conditions = conditions.appending(
                """
                 AND EXISTS (SELECT 1 FROM inbox_contact_words w WHERE w.tenant_id = \(tenant)
                    AND w.contact_id = k.id AND w.word >= \(word) AND w.word < \(Self.end(of: word)))
                """)
        }
        if let first = words.asked.first {
            // Where to begin: the rows of one word, not all contacts.
            conditions = conditions.appending(
                """
                 AND k.id IN (SELECT f.contact_id FROM inbox_contact_words f WHERE f.tenant_id = \(tenant)
                    AND f.word >= \(first) AND f.word < \(Self.end(of: first)) LIMIT \(Bounds.matches))
                """)
        }
        return try await storage.reader(for: tenant).page(
            NamedContact.self, "contact.find",
            """
            SELECT \(sql: Contact.columns), k.search_name FROM inbox_contacts k
            WHERE k.tenant_id = \(tenant) AND k.merged_into IS NULL\(sql: conditions)
            """, order: .ascending("k.search_name", "k.id"), after: cursor, limit: limit)
    }

    /// What follows every text that begins so.
    private static func end(of start: String) -> String { start + "\u{10FFFF}" }

    enum Bounds {
        /// Contacts of one word that are looked at.
        static let matches = 5_000
    }
}
