import Base
import InboxVendors
import Storage

/// The tables of channels, and the directory that knows whose an address is.
struct ChannelStore: Sendable {
    /// The right to ask whose channel an address or an account belongs to.
    static let routing = SystemCapability(
        name: "inbox.routing", reason: "Which company a webhook is for is what looking up its address answers.")

    let storage: Storage

    // MARK: Routing

    /// Whose channel an address is; `nil` for an address that nobody has.
    func route(_ pathKey: String) async throws(StorageError) -> RoutedChannel? {
        try await storage.reader(bypassingTenant: Self.routing).first(
            RoutedChannel.self, "channel.route",
            "SELECT a.owner_id, a.channel_id, a.kind FROM inbox_addresses a WHERE a.path_key = \(pathKey)")
    }

    /// A part of all channels of an installation, by address.
    func routes(after pathKey: String, limit: Int) async throws(StorageError) -> [(key: String, routed: RoutedChannel)]
    {
        try await storage.reader(bypassingTenant: Self.routing).list(
            RouteRow.self, "channel.routes",
            """
            SELECT a.owner_id, a.channel_id, a.kind, a.path_key FROM inbox_addresses a
            WHERE a.path_key > \(pathKey) ORDER BY a.path_key
            """, limit: limit
        ).map { ($0.key, $0.routed) }
    }

    /// Enters a channel's address; `false` when the account is connected already, by whomever.
    func enter(_ channel: Channel, of tenant: Tenant) async throws(StorageError) -> Bool {
        try await storage.writer(bypassingTenant: Self.routing).execute(
            "channel.enter",
            """
            INSERT INTO inbox_addresses (path_key, kind, external_account, owner_id, channel_id)
            VALUES (\(channel.pathKey), \(channel.kind), \(channel.externalAccount), \(tenant.id), \(channel.id))
            ON CONFLICT DO NOTHING
            """) == 1
    }

    /// Whose channel an account of a vendor's is; `nil` for one that nobody has connected.
    func route(_ kind: ChannelKind, account: String) async throws(StorageError) -> RoutedChannel? {
        try await storage.reader(bypassingTenant: Self.routing).first(
            RoutedChannel.self, "channel.routeAccount",
            """
            SELECT a.owner_id, a.channel_id, a.kind FROM inbox_addresses a
            WHERE a.kind = \(kind) AND a.external_account = \(account)
            """)
    }

    /// Takes a channel's address out.
    func leave(_ channel: Channel) async throws(StorageError) {
        try await storage.writer(bypassingTenant: Self.routing).execute(
            "channel.leave", "DELETE FROM inbox_addresses WHERE path_key = \(channel.pathKey)")
    }

    // MARK: Channels

    /// Writes a channel with its secrets; `false` when there are as many as there may be.
    func insert(
        _ channel: Channel, _ keys: ChannelKeys, max: Int, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        let written = try await writing.execute(
            "channel.insert",
            """
            INSERT INTO inbox_channels (tenant_id, id, kind, external_account, path_key, name, health, is_bot_first,
                created_at)
            SELECT \(tenant), \(channel.id), \(channel.kind), \(channel.externalAccount), \(channel.pathKey),
                \(channel.name), \(channel.health), \(channel.isBotFirst), \(channel.createdAt)
            WHERE (SELECT count(*) FROM inbox_channels c WHERE c.tenant_id = \(tenant)) < \(max)
            """)
        guard written == 1 else { return false }
        try await writing.execute(
            "channel.insertSecrets",
            """
            INSERT INTO inbox_channel_secrets (tenant_id, channel_id, signing, verify_token, access_token, door)
            VALUES (\(tenant), \(channel.id), \(try StoredJSON.text(keys.secrets.signing.map { $0.reveal { $0 } })),
                \(keys.secrets.verifyToken?.reveal { $0 }), \(keys.token.reveal { $0 }), \(keys.door))
            """)
        return true
    }

    /// A channel with what it proves itself by.
    func keys(
        of id: ID<Channel>, in tenant: Tenant
    ) async throws(StorageError) -> (channel: Channel, keys: ChannelKeys)? {
        let row = try await storage.reader(for: tenant).first(
            KeysRow.self, "channel.keys",
            """
            SELECT \(sql: Channel.columns), s.signing, s.verify_token, s.access_token, s.door FROM inbox_channels c
            JOIN inbox_channel_secrets s ON s.tenant_id = \(tenant) AND s.channel_id = c.id
            WHERE c.tenant_id = \(tenant) AND c.id = \(id)
            """)
        return row.map { ($0.channel, $0.keys) }
    }

    /// All channels of a company, by name.
    func all(in tenant: Tenant) async throws(StorageError) -> [Channel] {
        try await storage.reader(for: tenant).list(
            Channel.self, "channel.all",
            """
            SELECT \(sql: Channel.columns) FROM inbox_channels c WHERE c.tenant_id = \(tenant) ORDER BY c.name, c.id
            """, limit: Channel.Bounds.channels)
    }

    /// Notes how a channel is; `false` when that was known.
    func note(
        _ health: Channel.Health, _ reason: String?, of id: ID<Channel>, through writing: some Writing,
        in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "channel.note",
            """
            UPDATE inbox_channels SET health = \(health), health_reason = \(reason), version = version + 1
            WHERE tenant_id = \(tenant) AND id = \(id) AND health <> \(health)
            """) == 1
    }
}

// MARK: Rows

extension Channel: RowDecodable {
    static let columns: SQL = """
        c.id, c.kind, c.external_account, c.path_key, c.name, c.health, c.health_reason, c.token_expires_at,
        c.is_bot_first, c.created_at
        """

    init(row: SQLRow) throws(StorageError) {
        self.init(
            id: try row.value(at: 0), kind: try row.value(at: 1), externalAccount: try row.value(at: 2),
            pathKey: try row.value(at: 3), name: try row.value(at: 4), health: try row.value(at: 5),
            healthReason: try row.optional(at: 6), tokenExpiresAt: try row.optional(at: 7),
            isBotFirst: try row.value(at: 8), createdAt: try row.value(at: 9))
    }
}

extension RoutedChannel: RowDecodable {
    init(row: SQLRow) throws(StorageError) {
        self.init(
            tenant: Tenant(try row.value(at: 0)), channel: try row.value(at: 1), kind: try row.value(at: 2))
    }
}

private struct RouteRow: RowDecodable {
    let key: String
    let routed: RoutedChannel

    init(row: SQLRow) throws(StorageError) {
        routed = try RoutedChannel(row: row)
        key = try row.value(at: 3)
    }
}

private struct KeysRow: RowDecodable {
    let channel: Channel
    let keys: ChannelKeys

    init(row: SQLRow) throws(StorageError) {
        channel = try Channel(row: row)
        let signing: [String] = try StoredJSON.read(try row.value(at: 10))
        let verify: String? = try row.optional(at: 11)
        let token: String = try row.value(at: 12)
        keys = ChannelKeys(
            secrets: ChannelSecrets(
                signing: signing.map { Secret($0) }, verifyToken: verify.map { Secret($0) }),
            token: Secret(token), door: try row.value(at: 13))
    }
}
