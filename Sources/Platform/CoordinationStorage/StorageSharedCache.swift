public import Base
public import Coordination
public import Storage

/// The shared cache in PostgreSQL.
///
/// A value keeps the generations of its tags and is found only while they stand in the table of tags; invalidating a tag
/// removes it there. Comparing and storing are one statement, which holds the tags until the value is committed.
public struct StorageSharedCache: SharedCache {
    private enum Bounds {
        /// How long a generation is kept at least after it was asked for: the longest load.
        static let fence = Duration.seconds(900)
        /// How much longer than its values a generation is kept.
        static let margin = Duration.seconds(60)
    }

    private struct Generation: RowDecodable {
        let tag: String
        let number: Int64

        init(row: SQLRow) throws(StorageError) {
            tag = try row.value(at: 0)
            number = try row.value(at: 1)
        }
    }

    private struct Stored: RowDecodable {
        let bytes: [UInt8]
        let left: Int64

        init(row: SQLRow) throws(StorageError) {
            bytes = try row.value(at: 0)
            left = try row.value(at: 1)
        }
    }

    private let storage: Storage
    private let randomness: any Randomness

    /// Keeps values in `storage`, which must be PostgreSQL.
    public init(_ storage: Storage, randomness: any Randomness) {
        self.storage = storage
        self.randomness = randomness
    }

    /// Reads a value that is neither expired nor invalidated.
    public func value(for key: String) async throws(CoordinationError) -> SharedValue? {
        try CoordinationBounds.check(name: key)
        let found = try await storage.coordinating { storage throws(StorageError) in
            try await storage.reader(bypassingTenant: CoordinationSchema.capability).first(
                Stored.self, "coordination.value",
                """
                SELECT v.bytes, (extract(epoch FROM v.expires_at - clock_timestamp()) * 1000000)::bigint
                FROM coordination_values v
                WHERE v.key = \(key) AND v.expires_at > clock_timestamp() AND NOT EXISTS (
                    SELECT 1 FROM unnest(v.tags, v.generations) AS f (name, generation)
                    LEFT JOIN coordination_tags t ON t.name = f.name AND t.generation = f.generation
                    WHERE t.name IS NULL
                )
                """)
        }
        guard let found, found.left > 0 else { return nil }
        return SharedValue(bytes: found.bytes, remaining: .microseconds(found.left))
    }

    /// The generations that `tags` have now.
    ///
    /// One read where all tags are known, as they mostly are; one write besides for those that are not.
    public func fence(of tags: [String]) async throws(CoordinationError) -> SharedFence {
        for tag in tags { try CoordinationBounds.check(name: tag) }
        guard !tags.isEmpty else { return SharedFence(tags: [], generations: []) }
        let names = Set(tags)
        let life = Bounds.fence.milliseconds
        var known = try await storage.coordinating { storage throws(StorageError) in
            try await storage.reader(bypassingTenant: CoordinationSchema.capability).list(
                Generation.self, "coordination.fence",
                """
                SELECT name, generation FROM coordination_tags
                WHERE name IN (\(rows: SQLRows(names)))
                    AND expires_at > clock_timestamp() + \(life / 2) * interval '1 millisecond'
                """, limit: names.count)
        }
        let unknown = names.subtracting(known.map(\.tag)).map { ($0, Int64(bitPattern: randomness.next() >> 1)) }
        if !unknown.isEmpty {
            known += try await storage.coordinating { storage throws(StorageError) in
                try await storage.coordinationWriter(of: unknown[0].0).returning(
                    Generation.self, "coordination.makeFence",
                    """
                    WITH made (name, generation) AS (\(rows: SQLRows(unknown, { $0.0 }, { $0.1 })))
                    INSERT INTO coordination_tags AS t (name, generation, expires_at)
                    SELECT name, generation, clock_timestamp() + \(life) * interval '1 millisecond'
                    FROM made ORDER BY name
                    ON CONFLICT (name) DO UPDATE SET expires_at = greatest(t.expires_at, excluded.expires_at)
                    RETURNING name, generation
                    """, limit: unknown.count)
            }
        }
        let numbers = Dictionary(known.map { ($0.tag, $0.number) }) { first, _ in first }
        return SharedFence(tags: tags, generations: tags.map { UInt64(bitPattern: numbers[$0] ?? 0) })
    }

    /// Stores, unless the fence is no longer current.
    public func set(
        _ key: String, to bytes: [UInt8], for ttl: Duration, fence: SharedFence
    ) async throws(CoordinationError) -> Bool {
        try CoordinationBounds.check(name: key, payload: bytes.count, max: CoordinationBounds.valueBytesMax)
        let numbers = Dictionary(zip(fence.tags, fence.generations)) { first, _ in first }
        let pairs = numbers.map { ($0.key, Int64(bitPattern: $0.value)) }.sorted { $0.0 < $1.0 }
        let tags = SQLRows(pairs, { $0.0 }, { $0.1 })
        let life = max(1, ttl.milliseconds)
        try await prolong(pairs.map(\.0), life + Bounds.margin.milliseconds)
        return try await storage.coordinating { storage throws(StorageError) in
            try await storage.coordinationWriter(of: key).execute(
                "coordination.set",
                """
                WITH fence (name, generation) AS (\(rows: tags)),
                current AS (
                    SELECT t.name, t.generation FROM coordination_tags t
                    JOIN fence f ON f.name = t.name AND f.generation = t.generation
                    ORDER BY t.name FOR SHARE OF t
                )
                INSERT INTO coordination_values (key, bytes, tags, generations, expires_at)
                SELECT \(key), \(bytes), coalesce(array_agg(name ORDER BY name), '{}'),
                    coalesce(array_agg(generation ORDER BY name), '{}'),
                    clock_timestamp() + \(life) * interval '1 millisecond'
                FROM current HAVING count(*) = \(pairs.count)
                ON CONFLICT (key) DO UPDATE SET bytes = excluded.bytes, tags = excluded.tags,
                    generations = excluded.generations, expires_at = excluded.expires_at
                """)
        } == 1
    }

    /// Has tags outlive a value that lives longer than they were made for.
    private func prolong(_ tags: [String], _ life: Int64) async throws(CoordinationError) {
        guard !tags.isEmpty, life > Bounds.fence.milliseconds / 2 else { return }
        _ = try await storage.coordinating { storage throws(StorageError) in
            try await storage.coordinationWriter(of: tags[0]).execute(
                "coordination.prolong",
                """
                UPDATE coordination_tags SET expires_at = clock_timestamp() + \(life) * interval '1 millisecond'
                WHERE name = ANY(ARRAY(
                    SELECT name FROM coordination_tags
                    WHERE name IN (\(rows: SQLRows(tags)))
                        AND expires_at < clock_timestamp() + \(life) * interval '1 millisecond'
                    ORDER BY name FOR UPDATE))
                """)
        }
    }

    /// Gives each tag another generation, by forgetting the one that it has.
    public func invalidate(_ tags: [String]) async throws(CoordinationError) {
        for tag in tags { try CoordinationBounds.check(name: tag) }
        guard let first = tags.first else { return }
        _ = try await storage.coordinating { storage throws(StorageError) in
            try await storage.coordinationWriter(of: first).execute(
                "coordination.invalidate",
                """
                DELETE FROM coordination_tags WHERE name = ANY(ARRAY(
                    SELECT name FROM coordination_tags WHERE name IN (\(rows: SQLRows(tags)))
                    ORDER BY name FOR UPDATE))
                """)
        }
    }

    /// Takes the right to load `key`.
    public func lease(_ key: String, for ttl: Duration) async throws(CoordinationError) -> SharedLease? {
        try CoordinationBounds.check(name: key)
        let token = randomness.next() >> 1
        let taken = try await storage.coordinating { storage throws(StorageError) in
            try await storage.coordinationWriter(of: key).execute(
                "coordination.lease",
                """
                INSERT INTO coordination_leases AS l (key, token, expires_at)
                VALUES (\(key), \(Int64(token)),
                    clock_timestamp() + \(max(1, ttl.milliseconds)) * interval '1 millisecond')
                ON CONFLICT (key) DO UPDATE SET token = excluded.token, expires_at = excluded.expires_at
                WHERE l.expires_at <= clock_timestamp()
                """)
        }
        return taken == 1 ? SharedLease(key: key, token: token) : nil
    }

    /// Gives the right back, if it is still this holder's.
    public func release(_ lease: SharedLease) async throws(CoordinationError) {
        _ = try await storage.coordinating { storage throws(StorageError) in
            try await storage.coordinationWriter(of: lease.key).execute(
                "coordination.release",
                "DELETE FROM coordination_leases WHERE key = \(lease.key) AND token = \(Int64(bitPattern: lease.token))"
            )
        }
    }
}
