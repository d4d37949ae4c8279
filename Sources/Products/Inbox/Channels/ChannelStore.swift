import Base
import InboxVendors
import Storage

/// The tables of channels, and the directory that knows whose an address is.
struct ChannelStore: Sendable {
    /// The right to ask whose channel an address or an account belongs to.
    static let routing = SystemCapability(
        name: "inbox.routing", reason: "Which company a webhook is for is what looking up its address answers.")

    let storage: Storage
    /// Seals what channels prove themselves by.
    let box: SecretBox
    let randomness: any Randomness

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
            INSERT INTO inbox_channel_secrets (tenant_id, channel_id, sealed, door)
            VALUES (\(tenant), \(channel.id), \(try seal(keys, of: channel.id, in: tenant)), \(keys.door))
            """)
        return true
    }

    /// A channel with what it proves itself by.
    ///
    /// - Throws: `storage.rowMismatch` when none of the installation's keys opens it.
    func keys(of id: ID<Channel>, in tenant: Tenant) async throws(StorageError) -> KnownChannel? {
        let row = try await storage.reader(for: tenant).first(
            KeysRow.self, "channel.keys",
            """
            SELECT \(sql: Channel.columns), s.sealed, s.door FROM inbox_channels c
            JOIN inbox_channel_secrets s ON s.tenant_id = \(tenant) AND s.channel_id = c.id
            WHERE c.tenant_id = \(tenant) AND c.id = \(id)
            """)
        guard let row else { return nil }
        guard let opened = box.open(row.sealed, for: Self.place(of: id, in: tenant)) else {
            throw StorageError(
                .rowMismatch,
                "the secrets of a channel cannot be opened: they were sealed with a key that is not given",
                context: ["channel": id.description])
        }
        let kept = try opened.reveal { bytes throws(StorageError) in
            try StoredJSON.read(String(decoding: bytes, as: UTF8.self)) as KeptKeys
        }
        return KnownChannel(
            channel: row.channel,
            keys: ChannelKeys(
                secrets: ChannelSecrets(
                    signing: kept.signing.map { Secret($0) }, verifyToken: kept.verify.map { Secret($0) }),
                token: Secret(kept.token), door: row.door), isSealedAnew: box.isCurrent(row.sealed))
    }

    /// Puts other secrets in the place of a channel's, with the time at which its token ends; `false` without a channel.
    func rekey(
        _ id: ID<Channel>, _ keys: ChannelKeys, expiresAt: Timestamp?, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        let written = try await writing.execute(
            "channel.rekey",
            """
            UPDATE inbox_channel_secrets SET sealed = \(try seal(keys, of: id, in: tenant)), door = \(keys.door)
            WHERE tenant_id = \(tenant) AND channel_id = \(id)
            """)
        guard written == 1 else { return false }
        return try await writing.execute(
            "channel.setExpiry",
            """
            UPDATE inbox_channels SET token_expires_at = \(expiresAt), version = version + 1
            WHERE tenant_id = \(tenant) AND id = \(id)
            """) == 1
    }

    /// Changes what a channel is called and who answers first; `false` without a channel.
    func change(
        _ id: ID<Channel>, name: String, isBotFirst: Bool, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "channel.change",
            """
            UPDATE inbox_channels SET name = \(name), is_bot_first = \(isBotFirst), version = version + 1
            WHERE tenant_id = \(tenant) AND id = \(id)
            """) == 1
    }

    private func seal(_ keys: ChannelKeys, of id: ID<Channel>, in tenant: Tenant) throws(StorageError) -> String {
        let kept = KeptKeys(
            signing: keys.secrets.signing.map { $0.reveal { $0 } }, verify: keys.secrets.verifyToken?.reveal { $0 },
            token: keys.token.reveal { $0 })
        let text = try StoredJSON.text(kept)
        return box.seal(Secret(Array(text.utf8)), for: Self.place(of: id, in: tenant), using: randomness)
    }

    private static func place(of id: ID<Channel>, in tenant: Tenant) -> String { "inbox.channel/\(tenant.id)/\(id)" }

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

/// What is sealed of a channel.
private struct KeptKeys: Codable, Sendable {
    let signing: [String]
    let verify: String?
    let token: String
}

/// A channel with what it proves itself by.
struct KnownChannel: Sendable {
    let channel: Channel
    let keys: ChannelKeys
    /// Whether it is sealed with the key that seals now.
    let isSealedAnew: Bool
}

private struct KeysRow: RowDecodable {
    let channel: Channel
    let sealed: String
    let door: ChannelLine.Door

    init(row: SQLRow) throws(StorageError) {
        channel = try Channel(row: row)
        sealed = try row.value(at: 10)
        door = try row.value(at: 11)
    }
}
