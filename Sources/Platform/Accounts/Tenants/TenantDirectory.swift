public import Base
public import Coordination
public import Storage
import Synchronization
public import Web

/// Which tenant a host belongs to, answered from memory.
///
/// Keeps up to ``tenantsMax`` tenants, all loaded at start; changes made by other nodes are learnt at the next
/// ``refresh()``, every 2 seconds, changes made by this node at once.
public final class TenantDirectory: TenantResolver {
    enum Bounds {
        static let pageRows = 1_000
        static let overlap = Duration.seconds(30)
    }

    private struct State {
        var records: [Tenant: TenantRecord] = [:]
        var byHost: [String: Tenant] = [:]
        var bySlug: [String: Tenant] = [:]
        var seen = Timestamp.epoch
        var fallback: Tenant?
    }

    /// How many tenants are kept in memory, at about 500 bytes each.
    public let tenantsMax: Int
    private let storage: Storage
    private let clock: any WallClock
    private let randomness: any Randomness
    private let domain: String?
    private let bus: (any Bus)?
    private static let topic = "accounts.tenants"
    private let state = Mutex(State())

    /// Knows of no tenant until the first ``refresh()``.
    ///
    /// - Parameters:
    ///   - storage: Where tenants are.
    ///   - clock: The time.
    ///   - randomness: What makes ids.
    ///   - domain: Under which domain tenants are served by their short name, as in `example.com`; `nil` for none.
    ///   - tenantsMax: How many tenants are kept in memory. Defaults to 100,000; at least 1.
    ///   - bus: Tells other nodes of changes. Defaults to none.
    public init(
        storage: Storage, clock: any WallClock, randomness: any Randomness, domain: String? = nil,
        tenantsMax: Int = 100_000, bus: (any Bus)? = nil
    ) {
        self.bus = bus
        precondition(tenantsMax >= 1, "a directory of \(tenantsMax) tenants serves nobody")
        self.storage = storage
        self.clock = clock
        self.randomness = randomness
        self.domain = domain.map { "." + $0.lowercased() }
        self.tenantsMax = tenantsMax
    }

    /// Serves this tenant at every host that belongs to no other: an installation for one team, or a demo.
    public func serveElsewhere(_ tenant: Tenant?) { state.withLock { $0.fallback = tenant } }

    /// The active tenant that is served at `host` (lower case, without port).
    public func tenant(host: String) -> Tenant? {
        state.withLock { state in
            if let tenant = state.byHost[host] { return tenant }
            if let domain, host.hasSuffix(domain), let tenant = state.bySlug[String(host.dropLast(domain.count))] {
                return tenant
            }
            return state.fallback
        }
    }

    /// The active tenant with this short name.
    public func tenant(slug: String) -> Tenant? { state.withLock { $0.bySlug[slug] } }

    /// What is known about a tenant; `nil` for one that is not in memory.
    public func record(of tenant: Tenant) -> TenantRecord? { state.withLock { $0.records[tenant] } }

    /// Makes a tenant.
    ///
    /// - Parameters:
    ///   - slug: The short name: 2 to 40 of `a–z 0–9 -`, beginning with a letter.
    ///   - name: The name for people, 1 to 100 characters.
    ///   - host: A host of its own; `nil` for none.
    ///   - joining: Who may become a member.
    /// - Returns: The tenant.
    /// - Throws: `accounts.slugInvalid`, `accounts.nameInvalid`, `accounts.slugTaken`, or a `StorageError`.
    public func create(
        slug: String, name: String, host: String? = nil, joining: TenantRecord.Joining
    ) async throws -> TenantRecord {
        guard TenantNaming.isSlug(slug), host.map(TenantNaming.isHost) ?? true else {
            throw AccountsError(.slugInvalid, "A short name has 2 to 40 of a–z, 0–9 and dashes; a host is a host name.")
        }
        guard (1...100).contains(name.count), !name.unicodeScalars.contains("\0") else {
            throw AccountsError(.nameInvalid, "A tenant's name has 1 to 100 characters.")
        }
        let now = clock.now()
        let id = ID<Tenant>(at: now, using: randomness)
        let made = try await storage.writer(bypassingTenant: AccountsSchema.tenantsCapability).execute(
            "accounts.insertTenant",
            """
            INSERT INTO tenants (id, slug, host, name, joining, state, created_at, changed_at)
            VALUES (\(id), \(slug), \(value: host.sqlValue), \(name), \(joining.rawValue), 'active', \(now), \(now))
            ON CONFLICT DO NOTHING
            """)
        guard made == 1 else {
            throw AccountsError(.slugTaken, "Another tenant has this short name or host; choose another.")
        }
        let record = TenantRecord(
            tenant: Tenant(id), slug: slug, host: host, name: name, joining: joining, state: .active, createdAt: now,
            changedAt: now)
        learn([record])
        await announce(record.tenant)
        return record
    }

    /// Serves a tenant, or stops serving it.
    public func setState(_ newState: TenantRecord.State, of tenant: Tenant) async throws {
        let now = clock.now()
        let changed = try await storage.writer(bypassingTenant: AccountsSchema.tenantsCapability).returning(
            TenantRecord.self, "accounts.setTenantState",
            """
            UPDATE tenants SET state = \(newState.rawValue), changed_at = \(now) WHERE id = \(tenant.id)
            RETURNING \(sql: TenantRecord.columns)
            """, limit: 1)
        guard !changed.isEmpty else { throw AccountsError(.notFound, "There is no such tenant.") }
        learn(changed)
        await announce(tenant)
    }

    /// Tells the other nodes of a change.
    private func announce(_ tenant: Tenant) async {
        // What is lost here is read from the table.
        try? await bus?.publish(Array("\(tenant.id)".utf8), to: Self.topic)
    }

    /// Learns of changes as other nodes tell of them, until the task is cancelled.
    ///
    /// - Throws: `CancellationError` when the task is cancelled, nothing else.
    public func listen() async throws {
        // If the table is away, the next refresh asks.
        try await bus?.follow(Self.topic, clock: clock) { _ in try? await refresh() }
    }

    /// Learns of changes that other nodes have made; the first time, of all tenants.
    public func refresh() async throws(StorageError) {
        var after = (time: state.withLock { $0.seen - Bounds.overlap }, id: ID<Tenant>(high: 0, low: 0))
        while true {
            let changed = try await storage.reader(bypassingTenant: AccountsSchema.tenantsCapability).list(
                TenantRecord.self, "accounts.changedTenants",
                """
                SELECT \(sql: TenantRecord.columns) FROM tenants
                WHERE (changed_at, id) > (\(after.time), \(after.id))
                ORDER BY changed_at, id
                """, limit: Bounds.pageRows)
            learn(changed)
            guard changed.count == Bounds.pageRows, let last = changed.last, count < tenantsMax else { return }
            after = (last.changedAt, last.tenant.id)
        }
    }

    /// Active tenants in the order of their ids, from the database.
    ///
    /// - Parameters:
    ///   - tenant: Behind which one; `nil` from the first on.
    ///   - limit: How many, 1 to 10,000.
    /// - Returns: The tenants.
    /// - Throws: Errors of storage.
    public func active(after tenant: Tenant?, limit: Int) async throws(StorageError) -> [Tenant] {
        let start = tenant?.id ?? ID(high: 0, low: 0)
        return try await storage.reader(bypassingTenant: AccountsSchema.tenantsCapability).list(
            ActiveTenant.self, "accounts.activeTenants",
            "SELECT id FROM tenants WHERE id > \(start) AND state = 'active' ORDER BY id", limit: limit
        ).map(\.tenant)
    }

    /// How many tenants are in memory.
    public var count: Int { state.withLock { $0.records.count } }

    private func learn(_ records: [TenantRecord]) {
        state.withLock { state in
            for record in records {
                state.seen = max(state.seen, record.changedAt)
                let known = state.records[record.tenant]
                if let known {
                    if known.changedAt > record.changedAt { continue }
                    if let host = known.host, state.byHost[host] == known.tenant { state.byHost[host] = nil }
                    if state.bySlug[known.slug] == known.tenant { state.bySlug[known.slug] = nil }
                }
                guard known != nil || state.records.count < tenantsMax else { continue }
                state.records[record.tenant] = record
                guard record.state == .active else { continue }
                if let host = record.host { state.byHost[host] = record.tenant }
                state.bySlug[record.slug] = record.tenant
            }
        }
    }
}

private struct ActiveTenant: RowDecodable {
    let tenant: Tenant

    init(row: SQLRow) throws(StorageError) { tenant = Tenant(try row.value(at: 0)) }
}
