import Base
import Storage

extension SlotStore {
    /// The slots of a track that take clips, the one that is on first.
    func entrances(
        of track: ID<Track>, from position: Int, limit: Int, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> [Slot] {
        try await reading.list(
            Slot.self, "slot.entrances",
            """
            SELECT \(sql: Slot.columns) FROM slots s
            WHERE s.tenant_id = \(tenant) AND s.track_id = \(track) AND s.position >= \(position)
                AND s.state IN ('voting', 'waiting', 'upcoming') ORDER BY s.position
            """, limit: limit)
    }

    /// Has a slot that waits for a clip looked at now.
    func wake(_ slot: ID<Slot>, at now: Timestamp, through writing: some Writing, in tenant: Tenant)
        async throws(StorageError)
    {
        try await writing.execute(
            "slot.wake",
            """
            UPDATE slots SET due_at = \(now) WHERE tenant_id = \(tenant) AND id = \(slot) AND state = 'waiting'
            """)
    }
}

extension Slot {
    /// Whether a clip may still enter: before voting stops.
    func takesClips(at now: Timestamp) -> Bool { state == .voting ? now < freezesAt : state.isOpenForClips }
}
