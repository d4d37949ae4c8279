import Base
import Storage

/// What leaves the tables of clips and voters with a person, and what takes the person's place there.
struct DepartureStore: Sendable {
    enum Bounds {
        /// Clips of one person that a step looks at.
        static let clips = 500
        /// Decisions of one person that a step disguises, of each kind.
        static let decisions = 500
    }

    /// Whom a film credits when its maker has left.
    static let credit = "erased creator"
    /// Who is named where a moderator was that has left.
    static let moderator = "a former moderator"

    let storage: Storage

    /// The slots in which a person still has clips.
    func slots(
        of person: ID<Person>, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> [ID<Slot>] {
        var seen: Set<ID<Slot>> = []
        return try await reading.list(
            SlotRow.self, "departure.slots",
            "SELECT c.slot_id FROM clips c WHERE c.tenant_id = \(tenant) AND c.person_id = \(person) ORDER BY c.id",
            limit: Bounds.clips
        ).map(\.slotID).filter { seen.insert($0).inserted }
    }

    /// Takes a person's clips out of a slot, but for the one that has won, which keeps its title and loses its maker.
    ///
    /// The rows stay, empty: the slot's ballots name them.
    func removeClips(
        of leaver: ID<Person>, standIn pseudonym: ID<Person>, in slot: ID<Slot>, through writing: some Writing,
        tenant: Tenant
    ) async throws(StorageError) {
        try await writing.execute(
            "departure.clips",
            """
            UPDATE clips SET person_id = \(pseudonym), credit = \(Self.credit),
                title = CASE WHEN state = 'winner' THEN title ELSE 'Removed clip' END,
                files = CASE WHEN state = 'winner' THEN files ELSE '{}' END,
                state = CASE WHEN state = 'winner' THEN 'winner' ELSE 'removed' END
            WHERE tenant_id = \(tenant) AND slot_id = \(slot) AND person_id = \(leaver)
            """)
    }

    /// Puts the pseudonym, and no name, in the place of somebody who has decided something, some rows at a time; returns
    /// how many there were, and the slots whose results have shown the name.
    func disguiseDecider(
        _ leaver: ID<Person>, as pseudonym: ID<Person>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> (rows: Int, slots: [ID<Slot>]) {
        let slots = try await writing.returning(
            SlotRow.self, "departure.removals",
            """
            UPDATE removals SET removed_by = \(Self.moderator), removed_by_id = \(pseudonym)
            WHERE tenant_id = \(tenant) AND id IN (
                SELECT r.id FROM removals r WHERE r.tenant_id = \(tenant) AND r.removed_by_id = \(leaver)
                LIMIT \(Bounds.decisions))
            RETURNING slot_id
            """, limit: Bounds.decisions
        ).map(\.slotID)
        let cases = try await writing.execute(
            "departure.cases",
            """
            UPDATE fraud_cases SET decided_by = \(Self.moderator), decided_by_id = \(pseudonym)
            WHERE tenant_id = \(tenant) AND id IN (
                SELECT f.id FROM fraud_cases f WHERE f.tenant_id = \(tenant) AND f.decided_by_id = \(leaver)
                LIMIT \(Bounds.decisions))
            """)
        let reviews = try await writing.execute(
            "departure.reviews",
            """
            UPDATE clip_entries SET reviewed_by = \(pseudonym)
            WHERE tenant_id = \(tenant) AND clip_id IN (
                SELECT e.clip_id FROM clip_entries e WHERE e.tenant_id = \(tenant) AND e.reviewed_by = \(leaver)
                LIMIT \(Bounds.decisions))
            """)
        return (slots.count + cases + reviews, slots)
    }

    /// Cuts what leads from a person to their votes; the votes and the voter's number stay, so that ballots, digest and
    /// recount are what they were.
    func cutVoter(
        of person: ID<Person>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        try await writing.execute(
            "departure.voter",
            """
            UPDATE voters SET person_id = NULL, device_hash = NULL
            WHERE tenant_id = \(tenant) AND person_id = \(person)
            """)
    }
}

private struct SlotRow: RowDecodable {
    let slotID: ID<Slot>

    init(row: SQLRow) throws(StorageError) { slotID = try row.value(at: 0) }
}
