import Base
import Storage

/// What leaves the tables of clips and voters with a person, and what takes the person's place there.
struct DepartureStore: Sendable {
    enum Bounds {
        /// Clips of one person that a step looks at.
        static let clips = 500
    }

    /// Whom a film credits when its maker has left.
    static let credit = "erased creator"

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
