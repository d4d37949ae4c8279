import Base
import Storage

/// The table of who wants to be told when a slot opens.
struct ReminderStore: Sendable {
    enum Bounds {
        /// Slots of one person that may be waited for at once.
        static let perPerson = 100
        /// People who are told in one transaction.
        static let told = 500
        /// Slots that one look finds.
        static let slotsPerLook = 200
    }

    static let watcher = SystemCapability(
        name: "tournament.reminders", reason: "One look a minute finds open slots of all tenants together.")

    let storage: Storage

    /// Notes that a person wants to be told; may be repeated.
    ///
    /// Only while the slot has not opened, and only ``Bounds/perPerson`` at once: nothing is written else. Returns
    /// whether a reminder stands.
    func insert(
        _ slot: ID<Slot>, for person: ID<Person>, at time: Timestamp, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.returning(
            SlotRow.self, "reminder.insert",
            """
            INSERT INTO slot_reminders (tenant_id, slot_id, person_id, asked_at)
            SELECT \(tenant), s.id, \(person), \(time) FROM slots s
            WHERE s.tenant_id = \(tenant) AND s.id = \(slot) AND s.state IN ('upcoming', 'waiting')
                AND (SELECT count(*) FROM slot_reminders r WHERE r.tenant_id = \(tenant) AND r.person_id = \(person))
                    < \(Bounds.perPerson)
            ON CONFLICT (tenant_id, slot_id, person_id) DO UPDATE SET asked_at = slot_reminders.asked_at
            RETURNING slot_id
            """, limit: 1
        ).first != nil
    }

    /// Notes that a person does not want to be told any more; may be repeated.
    func delete(
        _ slot: ID<Slot>, of person: ID<Person>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        try await writing.execute(
            "reminder.delete",
            """
            DELETE FROM slot_reminders
            WHERE tenant_id = \(tenant) AND slot_id = \(slot) AND person_id = \(person)
            """)
    }

    /// The slots that a person waits for.
    func slots(of person: ID<Person>, in tenant: Tenant) async throws(StorageError) -> Set<ID<Slot>> {
        Set(
            try await storage.reader(for: tenant).list(
                SlotRow.self, "reminder.ofPerson",
                """
                SELECT r.slot_id FROM slot_reminders r WHERE r.tenant_id = \(tenant) AND r.person_id = \(person)
                ORDER BY r.slot_id
                """, limit: Bounds.perPerson
            ).map(\.slotID))
    }

    /// Takes all of a person's reminders away; returns how many there were.
    func removeAll(
        of person: ID<Person>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Int {
        try await writing.execute(
            "reminder.removeAll",
            "DELETE FROM slot_reminders WHERE tenant_id = \(tenant) AND person_id = \(person)")
    }

    /// An open slot that people wait for.
    struct Due: RowDecodable {
        let tenant: Tenant
        let slotID: ID<Slot>

        init(row: SQLRow) throws(StorageError) {
            tenant = Tenant(try row.value(at: 0))
            slotID = try row.value(at: 1)
        }
    }

    /// Open slots of all tenants of which somebody is still to be told.
    func due() async throws(StorageError) -> [Due] {
        try await storage.reader(bypassingTenant: Self.watcher).list(
            Due.self, "reminder.due",
            """
            SELECT s.tenant_id, s.id FROM slots s WHERE s.state IN ('voting', 'counting') AND EXISTS (
                SELECT 1 FROM slot_reminders r WHERE r.tenant_id = s.tenant_id AND r.slot_id = s.id)
            ORDER BY s.tenant_id, s.id
            """, limit: Bounds.slotsPerLook)
    }

    /// Takes some of the people who wait for a slot, whom the same transaction tells; of two that run at once each
    /// takes others, or none.
    func take(
        _ slot: ID<Slot>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> [ID<Person>] {
        let skip: SQL = storage.dialect == .postgres ? " FOR UPDATE SKIP LOCKED" : ""
        // Chosen once: as a part of the condition they would be chosen anew for each row, others each time.
        return try await writing.returning(
            PersonRow.self, "reminder.take",
            """
            WITH chosen AS MATERIALIZED (
                SELECT r.person_id FROM slot_reminders r WHERE r.tenant_id = \(tenant) AND r.slot_id = \(slot)
                ORDER BY r.person_id LIMIT \(Bounds.told)\(sql: skip))
            DELETE FROM slot_reminders WHERE tenant_id = \(tenant) AND slot_id = \(slot)
                AND person_id IN (SELECT c.person_id FROM chosen c)
            RETURNING person_id
            """, limit: Bounds.told
        ).map(\.personID)
    }
}

private struct SlotRow: RowDecodable {
    let slotID: ID<Slot>

    init(row: SQLRow) throws(StorageError) { slotID = try row.value(at: 0) }
}

private struct PersonRow: RowDecodable {
    let personID: ID<Person>

    init(row: SQLRow) throws(StorageError) { personID = try row.value(at: 0) }
}
