import Base
import Caching
import InboxVendors
import Realtime
import Storage
import Telemetry

/// A channel ready to be worked with.
struct OpenChannel: Sendable {
    let channel: Channel
    let secrets: ChannelSecrets
    let line: ChannelLine
    let adapter: any ChannelAdapter
}

/// Connects channels, and knows them by address and id.
final class ChannelDesk: Sendable {
    /// What cached values carry.
    enum Tag {
        static func channel(_ id: ID<Channel>) -> String { "inbox.channel:\(id)" }
        static let all = "inbox.channels"
    }

    let store: ChannelStore
    private let storage: Storage
    private let clock: any WallClock
    private let randomness: any Randomness
    private let events: EventLog
    private let adapters: ChannelAdapters
    private let addresses: Cache<String, RoutedChannel?>
    private let accounts: Cache<Account, RoutedChannel?>
    private let open: Cache<ID<Channel>, OpenChannel?>
    private let lists: Cache<String, [Channel]>

    init(
        storage: Storage, caches: CacheRegistry, clock: any WallClock, randomness: any Randomness, events: EventLog,
        adapters: ChannelAdapters, box: SecretBox
    ) {
        self.storage = storage
        self.clock = clock
        self.randomness = randomness
        self.events = events
        self.adapters = adapters
        store = ChannelStore(storage: storage, box: box, randomness: randomness)
        addresses = Cache("inbox.addresses", CacheOptions(ttl: .seconds(300), capacity: 100_000), in: caches)
        // Short, so that deliveries for an account that is connected just now are not turned away for long.
        accounts = Cache("inbox.accounts", CacheOptions(ttl: .seconds(30), capacity: 100_000), in: caches)
        open = Cache(
            "inbox.adapters",
            CacheOptions(ttl: .seconds(300), capacity: 20_000, tags: { [Tag.channel($0)] }), in: caches)
        lists = Cache(
            "inbox.channels", CacheOptions(ttl: .seconds(600), capacity: 20_000, tags: { _ in [Tag.all] }), in: caches)
    }

    /// Whose channel an address is; `nil` for an address that nobody has.
    func route(_ pathKey: String) async throws -> RoutedChannel? {
        try await addresses.valueBypassingTenant(for: pathKey) { [store] in
            try await shared { try await store.route(pathKey) }
        }
    }

    /// Whose channel an account of a vendor's is; `nil` for one that nobody has connected.
    func route(_ kind: ChannelKind, account: String) async throws -> RoutedChannel? {
        try await accounts.valueBypassingTenant(for: Account(kind: kind, account: account)) { [store] in
            try await shared { try await store.route(kind, account: account) }
        }
    }

    private struct Account: Hashable {
        let kind: ChannelKind
        let account: String
    }

    /// A channel with its adapter.
    ///
    /// - Throws: `inbox.notFound`.
    func channel(_ id: ID<Channel>, in tenant: Tenant) async throws -> OpenChannel {
        let found = try await open.value(for: id, in: tenant) { [store, adapters] in
            let known = try await shared { try await store.keys(of: id, in: tenant) }
            guard let known, let adapter = adapters[known.channel.kind] else { return nil }
            return OpenChannel(
                channel: known.channel, secrets: known.keys.secrets,
                line: ChannelLine(
                    externalAccount: known.channel.externalAccount, token: known.keys.token, door: known.keys.door),
                adapter: adapter)
        }
        guard let found else { throw InboxError.missing("channel") }
        return found
    }

    /// All channels of a company.
    func channels(in tenant: Tenant) async throws -> [Channel] {
        try await lists.value(for: "all", in: tenant) { [store] in
            try await shared { try await store.all(in: tenant) }
        }
    }

    /// A channel that is to be.
    struct Draft: Sendable {
        var kind: ChannelKind
        var externalAccount: String
        var name: String
        var isBotFirst = false
        var keys = ChannelKeys()
    }

    /// Connects a channel.
    ///
    /// Its address is entered first: an address without a channel answers as one that nobody has, so that a crash in
    /// between leaves nothing that is half true.
    ///
    /// - Throws: `inbox.channelInvalid`; `inbox.accountTaken` when the account is connected already;
    ///   `inbox.limitReached`.
    func connect(_ draft: Draft, in tenant: Tenant) async throws -> Channel {
        let name = draft.name.trimmed
        guard (1...Channel.Bounds.nameCharacters).contains(name.unicodeScalars.count) else {
            throw InboxError(
                .channelInvalid, "The name of a channel has 1 to \(Channel.Bounds.nameCharacters) characters.")
        }
        guard (1...Channel.Bounds.accountBytes).contains(draft.externalAccount.utf8.count) else {
            throw InboxError(
                .channelInvalid, "The account of a channel has 1 to \(Channel.Bounds.accountBytes) bytes.")
        }
        let now = clock.now()
        let channel = Channel(
            id: ID(at: now, using: randomness), kind: draft.kind, externalAccount: draft.externalAccount,
            pathKey: Base64URL.encode(randomness.bytes(Channel.Bounds.pathKeyBytes)), name: name, health: .good,
            isBotFirst: draft.isBotFirst, createdAt: now)
        guard try await store.enter(channel, of: tenant) else {
            throw InboxError(.accountTaken, "This account is connected already; a company connects it once.")
        }
        do {
            try await storage.write(for: tenant) { transaction in
                let isWritten = try await store.insert(
                    channel, draft.keys, max: Channel.Bounds.channels, through: transaction, in: tenant)
                guard isWritten else {
                    throw InboxError(
                        .limitReached, "A company has at most \(Channel.Bounds.channels) channels.",
                        context: ["limit": "\(Channel.Bounds.channels)"])
                }
                transaction.afterCommit(.invalidate(tag: Tag.all))
            }
        } catch {
            try await store.leave(channel)
            throw error
        }
        return channel
    }

    /// Has all channels be compared with what their vendors say was said, where vendors say so.
    func enqueueReconciling() async throws {
        try await eachRoute { [adapters, storage] routed in
            guard (adapters[routed.kind]?.rules.recentMax ?? 0) > 0 else { return }
            try await storage.write(for: routed.tenant) { transaction in
                try InboxJobs.reconcile(routed.channel, in: transaction)
            }
        }
    }

    /// Has all channels be looked after.
    func enqueueChecking() async throws {
        try await eachRoute { [storage] routed in
            try await storage.write(for: routed.tenant) { transaction in
                try InboxJobs.check(routed.channel, in: transaction)
            }
        }
    }

    /// The companies that have a channel.
    func companies() async throws -> Set<Tenant> {
        var found: Set<Tenant> = []
        try await eachRoute { found.insert($0.tenant) }
        return found
    }

    private func eachRoute(_ body: (RoutedChannel) async throws -> Void) async throws {
        var last = ""
        while true {
            let routes = try await store.routes(after: last, limit: Self.routesPerLook)
            for (_, routed) in routes { try await body(routed) }
            guard routes.count == Self.routesPerLook, let next = routes.last?.key else { return }
            last = next
        }
    }

    private static let routesPerLook = 500

    /// Changes what a channel is called and whether the bot answers first.
    ///
    /// - Throws: `inbox.channelInvalid`, `inbox.notFound`.
    func change(_ id: ID<Channel>, name: String?, isBotFirst: Bool?, in tenant: Tenant) async throws {
        let former = try await channel(id, in: tenant).channel
        let name = (name ?? former.name).storable.trimmed
        guard (1...Channel.Bounds.nameCharacters).contains(name.unicodeScalars.count) else {
            throw InboxError(
                .channelInvalid, "The name of a channel has 1 to \(Channel.Bounds.nameCharacters) characters.")
        }
        try await storage.write(for: tenant) { transaction in
            let isThere = try await store.change(
                id, name: name, isBotFirst: isBotFirst ?? former.isBotFirst, through: transaction, in: tenant)
            guard isThere else { throw InboxError.missing("channel") }
            Self.forget(id, in: transaction)
        }
    }

    /// Puts other secrets in the place of a channel's: what is left empty stays as it is.
    ///
    /// Whoever does so has signed in at the vendor again, so that messages that wait are tried with the new token.
    ///
    /// - Throws: `inbox.notFound`.
    func rekey(
        _ id: ID<Channel>, signing: [Secret<String>], verifyToken: Secret<String>?, token: Secret<String>?,
        expiresAt: Timestamp?, in tenant: Tenant
    ) async throws {
        guard let known = try await store.keys(of: id, in: tenant) else { throw InboxError.missing("channel") }
        var keys = known.keys
        keys.secrets = ChannelSecrets(
            signing: signing.isEmpty ? keys.secrets.signing : signing,
            verifyToken: verifyToken ?? keys.secrets.verifyToken)
        keys.token = token ?? keys.token
        let renewed = keys
        try await storage.write(for: tenant) { transaction in
            _ = try await store.rekey(id, renewed, expiresAt: expiresAt, through: transaction, in: tenant)
            if token != nil { try await note(.good, of: known.channel, through: transaction, in: tenant) }
            Self.forget(id, in: transaction)
            try InboxJobs.check(id, in: transaction)
        }
    }

    /// Something that nobody can guess, for secrets that we choose ourselves.
    func chance() -> String { Base64URL.encode(randomness.bytes(24)) }

    /// Has every node read a channel anew.
    static func forget(_ id: ID<Channel>, in transaction: WriteTransaction) {
        transaction.afterCommit(.invalidate(tag: Tag.channel(id)))
        transaction.afterCommit(.invalidate(tag: Tag.all))
    }

    /// Notes how a channel is, and tells of it when that is new.
    func note(
        _ health: Channel.Health, _ reason: String? = nil, of channel: Channel, through transaction: WriteTransaction,
        in tenant: Tenant
    ) async throws {
        guard
            try await store.note(health, reason, of: channel.id, through: transaction, in: tenant)
        else { return }
        Self.forget(channel.id, in: transaction)
        try transaction.publish(
            InboxTopics.HealthNote(channel: channel.id, health: health, reason: reason), to: InboxTopics.healthTopic)
        events.record(
            .channelChanged, ["kind": .text(channel.kind.rawValue), "health": .text(health.rawValue)])
    }
}

extension String {
    /// Without white space around it.
    var trimmed: String {
        guard let first = firstIndex(where: { !$0.isWhitespace }), let last = lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(self[first...last])
    }
}
