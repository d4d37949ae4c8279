import Base
import Storage

/// The table of who follows whom; the numbers of both change in the same transaction.
struct FollowStore: Sendable {
    enum Bounds {
        /// Follows that one step of an erasure takes.
        static let removed = 200
    }

    let storage: Storage
    private var people: PersonStore { PersonStore(storage: storage) }

    init(storage: Storage) { self.storage = storage }

    /// Makes a person follow another, or no longer.
    ///
    /// May be repeated.
    func set(
        _ wanted: Bool, _ follower: ID<Person>, follows person: ID<Person>, at time: Timestamp,
        through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        let changed: Int
        if wanted {
            changed = try await writing.execute(
                "follow.insert",
                """
                INSERT INTO follows (tenant_id, follower_id, person_id, followed_at)
                VALUES (\(tenant), \(follower), \(person), \(time))
                ON CONFLICT (tenant_id, follower_id, person_id) DO NOTHING
                """)
        } else {
            changed = try await writing.execute(
                "follow.delete",
                """
                DELETE FROM follows
                WHERE tenant_id = \(tenant) AND follower_id = \(follower) AND person_id = \(person)
                """)
        }
        guard changed == 1 else { return }
        let step = wanted ? 1 : -1
        try await people.raise(
            [follower: PersonChange(following: step), person: PersonChange(followers: step)], through: writing,
            in: tenant)
    }

    /// Ends some of what a person follows and of who follows the person; returns whether there may be more.
    func remove(
        _ person: ID<Person>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        let followed = try await writing.returning(
            PersonRow.self, "follow.removeFollowing",
            """
            DELETE FROM follows WHERE tenant_id = \(tenant) AND follower_id = \(person) AND person_id IN (
                SELECT f.person_id FROM follows f WHERE f.tenant_id = \(tenant) AND f.follower_id = \(person)
                ORDER BY f.person_id LIMIT \(Bounds.removed))
            RETURNING person_id
            """, limit: Bounds.removed)
        let followers = try await writing.returning(
            PersonRow.self, "follow.removeFollowers",
            """
            DELETE FROM follows WHERE tenant_id = \(tenant) AND person_id = \(person) AND follower_id IN (
                SELECT f.follower_id FROM follows f WHERE f.tenant_id = \(tenant) AND f.person_id = \(person)
                ORDER BY f.follower_id LIMIT \(Bounds.removed))
            RETURNING follower_id
            """, limit: Bounds.removed)
        guard !followed.isEmpty || !followers.isEmpty else { return false }
        var changes: [ID<Person>: PersonChange] = [:]
        for row in followed { changes[row.person, default: PersonChange()].followers -= 1 }
        for row in followers { changes[row.person, default: PersonChange()].following -= 1 }
        changes[person] = PersonChange(followers: -followers.count, following: -followed.count)
        try await people.raise(changes, through: writing, in: tenant)
        return true
    }
}

private struct PersonRow: RowDecodable {
    let person: ID<Person>

    init(row: SQLRow) throws(StorageError) { person = try row.value(at: 0) }
}
