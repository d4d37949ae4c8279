import AIProviders
import Accounts
import Base
import BaseTestKit
import Blobs
import Caching
import Coordination
import Foundation
import Hosting
import InboxVendors
import Jobs
import Limits
import Outbound
import Realtime
import Retrieval
import Storage
import StorageBackends
import StorageTestKit
import Telemetry
import Testing
import Web
import WebTestKit

@testable import Inbox

/// A database with the product's tables, a clock that stands still, and the product before vendors that a test plays.
final class Stage: Sendable {
    let storage: Storage
    let clock: SimClock
    /// The clock of everything: the simulated one, or the machine's where workers run.
    let time: any WallClock
    let bus = InProcessBus()
    let realtime: Realtime
    let chance: SeededRandomness
    let office: Office
    let vendor: PlayedVendor
    private let parts: (driver: any StorageDriver, blobs: any BlobStore, provider: any AIProvider)
    let tenant = Tenant(ID(high: 0x1111, low: 0x2222))
    let other = Tenant(ID(high: 0x3333, low: 0x4444))

    static let modules = [
        InboxSchema.module, AccountsSchema.module, ProductPlans.hostingSchema, JobsSchema.module,
        RealtimeSchema.module, LimitsSchema.module, AIProvidersSchema.module, RetrievalSchema.module,
    ]

    private init(
        driver: any StorageDriver, seed: UInt64, blobs: any BlobStore, provider: any AIProvider, isLive: Bool,
        adapters: ChannelAdapters?, reach: Reach?, vendor: PlayedVendor = PlayedVendor(), clock: SimClock = SimClock()
    ) throws {
        self.clock = clock
        self.vendor = vendor
        parts = (driver, blobs, provider)
        chance = SeededRandomness(seed: seed)
        time = isLive ? SystemClock() : clock
        let randomness: any Randomness = isLive ? SystemRandomness() : chance
        storage = Storage(
            driver: driver, modules: Self.modules, cursorKey: Backend.cursorKey,
            clock: isLive ? SystemClock() : ImpatientClock(simulated: clock), randomness: randomness)
        let caches = CacheRegistry(clock: time, randomness: randomness)
        storage.addObserver(caches)
        let models = try AIModels(
            [provider, LocalModel()], chat: [ModelName(provider: provider.name, model: "chat")],
            embedding: ModelName(provider: "local", model: "words"), storage: storage, bus: bus, clock: time,
            randomness: randomness, events: .silent(clock: time))
        realtime = Realtime(
            storage: storage, bus: bus, clock: time, randomness: SystemRandomness(), events: .silent(clock: time))
        office = Office(
            Office.Parts(
                storage: storage, caches: caches, realtime: realtime, nameOf: { _, _ in "Tom" },
                adapters: adapters
                    ?? ChannelAdapters([
                        PlayedVendor.Adapter(vendor: vendor), PlayedVendor.Adapter(vendor: vendor, kind: .telegram),
                    ]), limits: LimitRegistry(clock: time, bus: bus, randomness: randomness), models: models,
                retrieval: Retrieval(storage: storage, models: models, clock: time, randomness: randomness),
                blobs: blobs, clock: time, randomness: randomness,
                events: .silent(clock: time, products: Event.inbox), reach: reach ?? Self.reach()))
    }

    /// Opens a new database, runs `body` and removes it.
    static func with(
        _ backend: Backend, seed: UInt64 = 1, provider: any AIProvider = LocalModel(),
        isLive: Bool = false, adapters: ChannelAdapters? = nil, reach: Reach? = nil,
        _ body: (Stage) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "capstan-inbox-\(UUID().uuidString)")
        // The folder of a test that failed early is not there.
        defer { try? FileManager.default.removeItem(at: folder) }
        try await DatabaseScope.within {
            let driver = try await backend.leaseDriver(modules: modules)
            let clock = SimClock()
            let blobs = try await DiskBlobs(
                root: folder.path, clock: clock, randomness: SeededRandomness(seed: seed),
                events: .silent(clock: clock, products: []))
            try await body(
                Stage(
                    driver: driver, seed: seed, blobs: blobs, provider: provider, isLive: isLive,
                    adapters: adapters, reach: reach, clock: clock))
        }
    }

    /// Another node on the same database and before the same vendors, whose process dies.
    func mortal(dies moment: MortalDriver.Moment, durable count: Int) throws -> (node: Stage, driver: MortalDriver) {
        let driver = MortalDriver(parts.driver, dies: moment, durable: count)
        let node = try Stage(
            driver: driver, seed: chance.next(), blobs: parts.blobs, provider: parts.provider, isLive: false,
            adapters: nil, reach: nil, vendor: vendor, clock: clock)
        return (node, driver)
    }

    /// What the product reaches: nothing outside, unless a test says so.
    static func reach(outbound: OutboundClient? = nil, publicAddress: String? = nil) -> Reach {
        Reach(
            outbound: outbound,
            box: SecretBox(SecretBox.Key(name: "k1", secret: Secret([UInt8](repeating: 7, count: 32)))),
            visitorKeys: [Secret([UInt8](repeating: 9, count: 32))], publicAddress: publicAddress)
    }

    // MARK: People

    static func person(_ number: Int) -> ID<Person> { ID(high: 7, low: UInt64(number)) }

    let tom = Stage.person(1)
    let priya = Stage.person(2)

    func agent(_ person: ID<Person>, in tenant: Tenant? = nil) async throws -> Agent {
        try await office.agents.agent(person, .agent, in: tenant ?? self.tenant)
    }

    func site() async throws -> TestSite {
        let tenant = tenant
        return try await TestSite(InboxProduct.api(office), clock: clock) { services in
            services.tenants = SingleTenant(tenant)
        }
    }

    func session(
        _ person: ID<Person>, _ seat: Seat = .agent, on site: TestSite
    ) async throws -> (name: String, value: String) {
        let token = try await site.services.sessions.sign(person, in: tenant, role: seat.role, version: 1)
        return ("cookie", "\(Sessions.cookieName)=\(token)")
    }

    // MARK: Channels

    func channel(
        _ kind: ChannelKind = .messenger, account: String = "page-1", in tenant: Tenant? = nil,
        secrets: [Secret<String>] = [PlayedVendor.secret], isBotFirst: Bool = false
    ) async throws -> Channel {
        var draft = ChannelDesk.Draft(
            kind: kind, externalAccount: account, name: "Lumen Bikes", isBotFirst: isBotFirst)
        draft.keys = ChannelKeys(
            secrets: ChannelSecrets(signing: secrets, verifyToken: Secret("open sesame")), token: Secret("token"))
        return try await office.channels.connect(draft, in: tenant ?? self.tenant)
    }

    // MARK: Deliveries

    func event(
        _ kind: PlayedVendor.Event.Kind = .message, _ text: String = "", from user: String = "anna", id: String? = nil,
        ago: Duration = .zero, name: String? = nil
    ) -> PlayedVendor.Event {
        PlayedVendor.Event(
            kind: kind, user: user, id: id, text: text, at: (time.now() - ago).microseconds, name: name)
    }

    /// Delivers events and works them off, as hook and job do.
    @discardableResult
    func deliver(
        _ events: [PlayedVendor.Event], key: String? = nil, to channel: Channel, in tenant: Tenant? = nil
    ) async throws -> ID<Conversation>? {
        let user = events[0].user
        let body = PlayedVendor.body(key ?? "d\(chance.next())", user, events)
        try await office.hooks.receive(body, PlayedVendor.headers(body), at: channel.pathKey)
        try await ingest(user, of: channel, in: tenant)
        return try await conversation(of: user, at: channel, in: tenant)?.id
    }

    /// Works off what waits of a customer, without the queue around it.
    func ingest(
        _ user: String, of channel: Channel, in tenant: Tenant? = nil, isLastAttempt: Bool = false
    ) async throws {
        let tenant = tenant ?? self.tenant
        try await office.ingest.ingest(
            ConversationKey(channel: channel.id, key: user), in: tenant, isLastAttempt: isLastAttempt
        ) { [storage] body in
            try await storage.write(for: tenant) { try await body($0) }
        }
    }

    // MARK: Looking

    /// What all history says to a question.
    func search(
        _ question: String, for agent: Agent, by order: SearchOrder = .time, asOf: Timestamp? = nil,
        after cursor: Cursor? = nil, limit: Int = 25, in tenant: Tenant
    ) async throws -> SearchAnswer {
        try await SearchDesk(office).search(
            SearchWish(question: question, order: order, asOf: asOf), for: agent, after: cursor, limit: limit,
            in: tenant)
    }

    /// All conversations of a company, the oldest first.
    func conversations(in tenant: Tenant? = nil) async throws -> [Conversation] {
        let tenant = tenant ?? self.tenant
        return try await storage.reader(for: tenant).list(
            Conversation.self, "test.conversations",
            """
            SELECT \(sql: Conversation.columns) FROM inbox_conversations c WHERE c.tenant_id = \(tenant) ORDER BY c.id
            """, limit: 1_000)
    }

    /// The newest conversation of a customer.
    func conversation(
        of user: String, at channel: Channel, in tenant: Tenant? = nil
    ) async throws -> Conversation? {
        let tenant = tenant ?? self.tenant
        return try await storage.reader(for: tenant).first(
            Conversation.self, "test.conversation",
            """
            SELECT \(sql: Conversation.columns) FROM inbox_conversations c
            JOIN inbox_contact_points p ON p.tenant_id = \(tenant) AND p.id = c.contact_point_id
            WHERE c.tenant_id = \(tenant) AND p.channel_id = \(channel.id) AND p.external_user_id = \(user)
            ORDER BY c.id DESC
            """)
    }

    func head(_ id: ID<Conversation>, in tenant: Tenant? = nil) async throws -> Conversation {
        let tenant = tenant ?? self.tenant
        return try #require(
            try await office.conversations.store.conversation(
                id, through: storage.reader(for: tenant), in: tenant))
    }

    func thread(_ id: ID<Conversation>, in tenant: Tenant? = nil) async throws -> [Message] {
        let tenant = tenant ?? self.tenant
        return try await office.threads.store(id, in: tenant, storage)
    }

    func unread(_ id: ID<Conversation>, by person: ID<Person>) async throws -> Int64 {
        try await office.threads.conversation(id, for: try await agent(person), in: tenant).unread
    }

    /// An answer as an agent's client sends it.
    func answer(
        _ text: String, to id: ID<Conversation>, of channel: Channel, client: String? = nil, seen: Int64? = nil,
        confirmed: Bool = false, undo: Int = 0, by person: ID<Person>? = nil
    ) async throws -> Message {
        var draft = ReplyDesk.Draft(
            conversation: id, channel: channel.id, body: text, clientID: client ?? "c\(chance.next())",
            seen: try await head(id).lastSequence)
        draft.seen = seen ?? draft.seen
        draft.isConfirmed = confirmed
        draft.undo = undo
        return try await office.replies.reply(draft, by: person ?? tom, in: tenant)
    }
}

extension ThreadDesk {
    /// The whole thread, of at most 500 messages, in the order of its numbers.
    fileprivate func store(_ id: ID<Conversation>, in tenant: Tenant, _ storage: Storage) async throws -> [Message] {
        try await messages.some(
            of: id, .after(0), limit: 500, through: storage.reader(for: tenant), in: tenant)
    }
}
