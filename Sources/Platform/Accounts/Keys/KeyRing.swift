public import Base
public import Caching
public import Storage
import Synchronization
public import Telemetry
public import Web

/// The API keys of all tenants: makes, finds and withdraws them.
///
/// A key that was seen in the last half minute costs no statement; a withdrawn one is refused by this node at once and by
/// the others when their cached copy ends or the invalidation reaches them.
public final class KeyRing: APIKeyVerifier {
    enum Bounds {
        /// Keys per tenant that are not withdrawn.
        static let keysPerTenant = 200
        static let scopesMax = 50
        static let nameCharacters = 1...100
        static let lastUsedStep = Duration.seconds(600)
        static let pendingMax = 4_096
        static let flushRows = 500
    }

    private struct Use: Sendable {
        var tenant: Tenant
        var time: Timestamp
        var isPending: Bool
    }

    private let storage: Storage
    private let trail: AuditTrail
    private let clock: any WallClock
    private let randomness: any Randomness
    private let events: EventLog
    private let cache: Cache<String, APIKey?>
    private let uses = Mutex(BoundedMap<ID<APIKey>, Use>(capacity: Bounds.pendingMax))

    /// Opens the ring.
    ///
    /// - Parameters:
    ///   - storage: Where keys are.
    ///   - caches: Where the ring's cache is entered.
    ///   - clock: The time.
    ///   - randomness: What keys are made of; must be the system's outside of tests.
    ///   - events: Where keys that are made and withdrawn are told.
    public init(
        storage: Storage, caches: CacheRegistry, clock: any WallClock, randomness: any Randomness, events: EventLog
    ) {
        self.storage = storage
        self.clock = clock
        self.randomness = randomness
        self.events = events
        trail = AuditTrail(storage: storage, clock: clock, randomness: randomness)
        cache = Cache(
            "accounts.keys",
            CacheOptions(
                ttl: .seconds(30), staleWindow: .seconds(60), absentTTL: .seconds(10), capacity: 10_000,
                tags: { [Self.tag($0)] }),
            in: caches)
    }

    /// What the key stands for; `nil` when it is unknown, expired or withdrawn.
    public func grant(for key: Secret<String>) async throws -> KeyGrant? {
        guard let (prefix, hash) = KeyText.read(key) else { return nil }
        let found = try await cache.valueBypassingTenant(for: prefix) { [storage] in
            try await storage.reader(bypassingTenant: AccountsSchema.keysCapability).first(
                APIKey.self, "accounts.keyByPrefix",
                "SELECT \(sql: APIKey.columns) FROM api_keys WHERE prefix = \(prefix) AND revoked_at IS NULL")
        }
        let now = clock.now()
        guard let found, ConstantTime.areEqual(found.hash, hash), found.isGood(at: now) else { return nil }
        note(found, at: now)
        return KeyGrant(tenant: found.tenant, scopes: found.scopes, name: found.id.description)
    }

    /// Makes a key; its text is shown this once.
    ///
    /// - Parameters:
    ///   - name: What it is for, 1 to 100 characters.
    ///   - scopes: What it may be used for, 1 to 50.
    ///   - tenant: Whose data it opens.
    ///   - person: Who makes it.
    ///   - lifetime: How long it is good; `nil` for until it is withdrawn.
    /// - Returns: The key and its text.
    /// - Throws: `accounts.nameInvalid`, `accounts.tooManyKeys`, or a `StorageError`.
    public func create(
        name: String, scopes: Set<Web.Scope>, for tenant: Tenant, by person: ID<Person>, lifetime: Duration? = nil
    ) async throws -> (key: APIKey, text: Secret<String>) {
        guard Bounds.nameCharacters.contains(name.count), !name.unicodeScalars.contains("\0") else {
            throw AccountsError(.nameInvalid, "A key's name has 1 to 100 characters.")
        }
        guard (1...Bounds.scopesMax).contains(scopes.count),
            scopes.allSatisfy({ (1...64).contains($0.rawValue.utf8.count) && !$0.rawValue.contains(" ") })
        else { throw AccountsError(.nameInvalid, "A key has 1 to 50 scopes, each of 1 to 64 characters.") }
        let (text, prefix, hash) = KeyText.make(using: randomness)
        let now = clock.now()
        let key = APIKey(
            id: ID(at: now, using: randomness), tenant: tenant, prefix: prefix, name: name, scopes: scopes,
            madeBy: person, createdAt: now, expiresAt: lifetime.map { now + $0 }, revokedAt: nil, lastUsedAt: nil,
            hash: hash)
        try await storage.write(for: tenant) { transaction in
            try await insert(key, in: transaction)
            try await trail.append(
                "key.created", by: .person(person), on: ("key", key.id.description),
                ["prefix": prefix, "scopes": Self.joined(scopes)], for: tenant, in: transaction)
        }
        events.record(.apiKeyCreated, ["key": .text(key.id.description), "person": .text(person.description)])
        return (key, text)
    }

    /// Withdraws a key; returns `false` when there is none of this id that is good.
    public func revoke(_ id: ID<APIKey>, of tenant: Tenant, by person: ID<Person>) async throws -> Bool {
        let now = clock.now()
        // Across tenants, because the cache that must forget the key is asked before any tenant is known.
        let isRevoked = try await storage.write(bypassingTenant: AccountsSchema.keysCapability) { transaction in
            let prefixes = try await transaction.returning(
                Prefix.self, "accounts.revokeKey",
                """
                UPDATE api_keys SET revoked_at = \(now)
                WHERE tenant_id = \(tenant) AND id = \(id) AND revoked_at IS NULL RETURNING prefix
                """, limit: 1)
            guard let prefix = prefixes.first else { return false }
            transaction.afterCommit(.invalidate(tag: Self.tag(prefix.text)))
            try await trail.append(
                "key.revoked", by: .person(person), on: ("key", id.description), ["prefix": prefix.text], for: tenant,
                in: transaction)
            return true
        }
        if isRevoked {
            events.record(.apiKeyRevoked, ["key": .text(id.description), "person": .text(person.description)])
        }
        return isRevoked
    }

    /// A page of a tenant's keys, withdrawn ones too, in the order they were made in.
    public func page(
        of tenant: Tenant, after cursor: Cursor? = nil, limit: Int = 50
    ) async throws(StorageError) -> Page<APIKey> {
        try await storage.reader(for: tenant).page(
            APIKey.self, "accounts.keyPage",
            "SELECT \(sql: APIKey.columns) FROM api_keys WHERE tenant_id = \(tenant)",
            order: .ascending("id"), after: cursor, limit: limit)
    }

    /// Stores when keys were used, at most ``Bounds/flushRows`` of them; called every half minute.
    public func flushUses() async throws(StorageError) {
        let pending = uses.withLock { uses -> [(key: ID<APIKey>, use: Use)] in
            var found: [(key: ID<APIKey>, use: Use)] = []
            for key in uses.keys where found.count < Bounds.flushRows {
                if let use = uses[key], use.isPending { found.append((key, use)) }
            }
            for entry in found { uses.update(entry.key) { $0.isPending = false } }
            return found
        }
        guard !pending.isEmpty else { return }
        let rows = SQLRows(pending, { $0.use.tenant.id }, { $0.key }, { $0.use.time })
        try await storage.writer(bypassingTenant: AccountsSchema.keysCapability).execute(
            "accounts.noteKeyUses",
            """
            WITH input(tenant_id, id, used_at) AS (\(rows: rows))
            UPDATE api_keys SET last_used_at = input.used_at FROM input
            WHERE api_keys.tenant_id = input.tenant_id AND api_keys.id = input.id
            """)
    }

    private func note(_ key: APIKey, at now: Timestamp) {
        uses.withLock { uses in
            let last = uses[key.id]?.time ?? key.lastUsedAt
            if let last, now - last < Bounds.lastUsedStep { return }
            uses[key.id] = Use(tenant: key.tenant, time: now, isPending: true)
        }
    }

    private func insert(_ key: APIKey, in transaction: WriteTransaction) async throws {
        // The bound is checked by the insertion itself; two at once may pass it by one.
        let inserted = try await transaction.execute(
            "accounts.insertKey",
            """
            INSERT INTO api_keys (tenant_id, id, prefix, hash, name, scopes, made_by, created_at, expires_at)
            SELECT \(key.tenant), \(key.id), \(key.prefix), \(key.hash), \(key.name), \(Self.joined(key.scopes)),
                \(value: key.madeBy.sqlValue), \(key.createdAt), \(value: key.expiresAt.sqlValue)
            WHERE (SELECT count(*) FROM api_keys WHERE tenant_id = \(key.tenant) AND revoked_at IS NULL)
                < \(Bounds.keysPerTenant)
            """)
        guard inserted == 1 else {
            throw AccountsError(.tooManyKeys, "The tenant has \(Bounds.keysPerTenant) keys; withdraw one first.")
        }
    }

    private struct Prefix: RowDecodable {
        let text: String

        init(row: SQLRow) throws(StorageError) { text = try row.value(at: 0) }
    }

    private static func tag(_ prefix: String) -> String { "accounts.key:" + prefix }

    private static func joined(_ scopes: Set<Web.Scope>) -> String {
        scopes.map(\.rawValue).sorted().joined(separator: " ")
    }
}
