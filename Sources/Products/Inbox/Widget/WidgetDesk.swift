import Base
import Blobs
import Caching
import InboxVendors
import Limits
import NIOCore
import Realtime
import Storage
import Web

/// A visitor of a widget, as a token that we have signed says.
struct Visitor: Sendable, Hashable {
    let channel: ID<Channel>
    /// Who it is: what the thread's contact point is known by.
    let user: String
    let expires: Timestamp
    /// Whether the company's server has said who it is.
    let isKnown: Bool

    var point: ID<ContactPoint> { .visitor(user, at: channel) }
}

/// Takes a rating that a visitor gives after closing; the noun is kept elsewhere.
typealias RatingTaking = @Sendable (WidgetRating, Tenant) async throws -> Void

/// What a visitor thinks of a conversation that was closed.
struct WidgetRating: Sendable, Hashable {
    enum Bounds {
        static let scores = 1...5
        static let textCharacters = 1_000
    }

    let conversation: ID<Conversation>
    let channel: ID<Channel>
    /// Which closing it belongs to, from 1.
    let closing: Int
    let score: Int
    let text: String?
}

/// Visitors of companies' own widgets: who they are, what they write, what they may see.
final class WidgetDesk: Sendable {
    enum Bounds {
        /// New visitors of an address group in a minute.
        static let newcomers = 10
        /// Messages of a visitor in a minute.
        static let messages = 20
        /// Messages of an answer.
        static let page = 100
        /// What is left of a token when it is renewed.
        static let renewal: Duration = .seconds(45 * 86_400)
        /// Signs of typing of a visitor in a minute.
        static let signs = 30
    }

    let store: WidgetStore
    let storage: Storage
    let topics: InboxTopics
    private let channels: ChannelDesk
    private let hooks: HookDesk
    private let names: NameKeeper
    private let files: FileDesk
    private let keys: [Secret<[UInt8]>]
    private let clock: any WallClock
    private let randomness: any Randomness
    private let kept: Cache<ID<Channel>, WidgetSettings>
    private let newcomers: RateLimiter
    private let messages: RateLimiter
    private let signs: RateLimiter
    private let rating: RatingTaking?

    /// What a desk for visitors works with.
    struct Parts: Sendable {
        let storage: Storage
        let caches: CacheRegistry
        let limits: LimitRegistry
        let channels: ChannelDesk
        let hooks: HookDesk
        let topics: InboxTopics
        let names: NameKeeper
        let files: FileDesk
        let keys: [Secret<[UInt8]>]
        let clock: any WallClock
        let randomness: any Randomness
        /// Keeps ratings; without it visitors are not asked for any.
        var rating: RatingTaking?
    }

    init(_ parts: Parts) {
        storage = parts.storage
        channels = parts.channels
        hooks = parts.hooks
        topics = parts.topics
        names = parts.names
        files = parts.files
        keys = parts.keys
        clock = parts.clock
        randomness = parts.randomness
        rating = parts.rating
        store = WidgetStore(storage: parts.storage)
        kept = Cache(
            "inbox.widgets",
            CacheOptions(ttl: .seconds(300), capacity: 20_000, tags: { [ChannelDesk.Tag.channel($0)] }),
            in: parts.caches)
        newcomers = parts.limits.limiter(
            for: RateRule("inbox.widgetNewcomers", limit: Bounds.newcomers, per: .seconds(60)))
        messages = parts.limits.limiter(
            for: RateRule("inbox.widgetMessages", limit: Bounds.messages, per: .seconds(60)))
        signs = parts.limits.limiter(for: RateRule("inbox.widgetSigns", limit: Bounds.signs, per: .seconds(60)))
    }

    /// Whether visitors are asked what they think.
    var takesRatings: Bool { rating != nil }

    // MARK: Settings

    /// How a widget looks; the defaults when nobody has said.
    func settings(of channel: ID<Channel>, in tenant: Tenant) async throws -> WidgetSettings {
        try await kept.value(for: channel, in: tenant) { [store] in
            try await shared { try await store.settings(of: channel, in: tenant) } ?? WidgetSettings()
        }
    }

    /// A widget's channel.
    ///
    /// - Throws: `inbox.notFound`, also for channels of other kinds.
    func widget(_ id: ID<Channel>, in tenant: Tenant) async throws -> OpenChannel {
        let open = try await channels.channel(id, in: tenant)
        guard open.channel.kind == .widget else { throw InboxError.missing("widget") }
        return open
    }

    /// Changes how a widget looks and where it may stand.
    ///
    /// - Throws: `inbox.widgetInvalid` naming the rule that is broken; `inbox.notFound`.
    func set(_ settings: WidgetSettings, of channel: ID<Channel>, in tenant: Tenant) async throws {
        _ = try await widget(channel, in: tenant)
        if let fault = settings.fault {
            throw InboxError(
                .widgetInvalid, "The widget breaks the rule for its \(fault).", context: ["field": fault])
        }
        let now = clock.now()
        try await storage.write(for: tenant) { transaction in
            try await store.set(settings, of: channel, at: now, through: transaction, in: tenant)
            ChannelDesk.forget(channel, in: transaction)
        }
    }

    // MARK: Sessions

    /// Somebody who opens a widget.
    struct Opening: Sendable {
        let channel: ID<Channel>
        /// What the browser says about which page has asked: a script cannot change it.
        let origin: String?
        /// Our own origin, as the browser names it.
        let own: Set<String>
        /// The site in which the widget's frame stands, as that frame was told by the browser.
        let site: String?
        var token: String?
        var identity: Identity?
        let group: LimitKey
        var details = Details()

        /// Who a visitor is by the company's own word, not yet believed.
        struct Identity: Sendable {
            let user: String
            let expires: Int64
            let signature: String
        }
    }

    /// What a visitor tells of themselves.
    struct Details: Sendable, Hashable {
        var name: String?
        var email: String?
        var phone: String?
        var locale: String?

        var isEmpty: Bool { name == nil && email == nil && phone == nil }
    }

    /// A session of a visitor.
    struct Session: Sendable {
        let visitor: Visitor
        let token: String
        let topic: TopicWord
        let settings: WidgetSettings
        let thread: VisitorThread
    }

    /// Lets a visitor in: the one that the token names, a known user by the company's word, or somebody new.
    ///
    /// - Throws: `inbox.originRefused`, `inbox.identityInvalid`, `inbox.visitorInvalid` without a key, `inbox.notFound`,
    ///   `Problem` when too many new visitors come from one place.
    func open(_ opening: Opening, in tenant: Tenant) async throws -> Session {
        let open = try await widget(opening.channel, in: tenant)
        let settings = try await settings(of: opening.channel, in: tenant)
        try check(opening, settings.rule)
        let token = try token(for: opening, open, in: tenant)
        guard let key = keys.first else { throw Self.invalid(.noKey) }
        let visitor = Visitor(
            channel: opening.channel, user: token.externalUserId, expires: token.expires, isKnown: token.isKnown)
        if !opening.details.isEmpty || opening.details.locale != nil {
            try await introduce(visitor, opening.details, in: tenant)
        }
        return Session(
            visitor: visitor, token: token.text(signedWith: key),
            topic: topics.visitorTopic(visitor.point, in: tenant)?.description ?? "", settings: settings,
            thread: try await thread(of: visitor, after: 0, in: tenant))
    }

    /// Only pages of ours ask, in a frame that stands on one of the company's sites; or such a site itself.
    private func check(_ opening: Opening, _ rule: OriginRule?) throws {
        if let origin = opening.origin, opening.own.contains(origin) {
            guard let site = opening.site, opening.own.contains(site) || rule?.allows(site) == true
            else { throw Self.refused }
            return
        }
        guard rule?.allows(opening.origin) == true else { throw Self.refused }
    }

    private static let refused = InboxError(
        .originRefused, "The widget may not stand on this site: an owner adds it to the list of its origins.")

    private func token(for opening: Opening, _ open: OpenChannel, in tenant: Tenant) throws -> VisitorToken {
        let channel = opening.channel.description
        let now = clock.now()
        if let given = opening.identity {
            do throws(WidgetIdentity.Fault) {
                let identity = try WidgetIdentity(
                    userId: given.user, expires: given.expires, signature: given.signature,
                    with: open.secrets.signing, at: now)
                return VisitorToken(channel: channel, identity)
            } catch {
                throw InboxError(
                    .identityInvalid, "The company's word about who you are is not believed: \(error.rawValue).",
                    context: ["fault": error.rawValue])
            }
        }
        if let text = opening.token {
            // A token that is over, or of other keys, makes its visitor somebody new.
            if let token = try? VisitorToken(text, channel: channel, keys: keys, at: now) {
                let isFresh = token.isKnown || token.expires - now > Bounds.renewal
                return isFresh ? token : token.renewed(at: now)
            }
        }
        if case .refused(let refusal) = newcomers.admit(opening.group) { throw Problem(refusal) }
        return VisitorToken(channel: channel, now: now, using: randomness)
    }

    /// Who a request comes from.
    ///
    /// - Throws: `inbox.visitorInvalid`.
    func visitor(_ token: String?, at channel: ID<Channel>) throws -> Visitor {
        guard let token else { throw Self.invalid(.unreadable) }
        do throws(VisitorToken.Fault) {
            let token = try VisitorToken(token, channel: channel.description, keys: keys, at: clock.now())
            return Visitor(
                channel: channel, user: token.externalUserId, expires: token.expires, isKnown: token.isKnown)
        } catch {
            throw Self.invalid(error)
        }
    }

    private static func invalid(_ fault: VisitorToken.Fault) -> InboxError {
        InboxError(
            .visitorInvalid, "The visitor's token is not good (\(fault.rawValue)): open a session anew.",
            context: ["fault": fault.rawValue])
    }

    /// Keeps what a visitor tells of themselves: they become a contact with it, before they have said anything.
    private func introduce(_ visitor: Visitor, _ details: Details, in tenant: Tenant) async throws {
        let now = clock.now()
        func line(_ text: String?, _ most: Int) -> String? {
            let text = (text ?? "").storable.trimmed.firstScalars(most)
            return text.isEmpty ? nil : text
        }
        let contact = Contact(
            id: ID(at: now, using: randomness),
            name: line(details.name, Contact.Bounds.nameCharacters) ?? Contact.nameless,
            email: line(details.email?.lowercased(), 120), phone: line(details.phone, Contact.Bounds.phoneBytes / 2),
            locale: line(details.locale, 35), fields: [:], mergedInto: nil, createdAt: now, version: 1)
        let point = ContactPoint(
            id: visitor.point, contactID: contact.id, channelID: visitor.channel, externalUserID: visitor.user)
        let contacts = ContactStore(storage: storage)
        func write() async throws {
            try await storage.write(for: tenant) { transaction in
                guard
                    try await !store.introduce(contact, at: point.id, through: transaction, in: tenant),
                    !details.isEmpty
                else { return }
                try await contacts.insert(contact, point, picture: nil, through: transaction, in: tenant)
            }
        }
        do {
            try await write()
        } catch let error as StorageError where error.code == .uniqueViolation {
            // Two tabs at once: the second finds the first one's.
            try await write()
        }
    }

    // MARK: Talking

    /// Takes a message: kept with its work in one transaction before it is answered, once however often it is sent.
    ///
    /// - Throws: `inbox.messageInvalid`, `inbox.tooLong`, `inbox.notFound`, `Problem` above twenty a minute.
    func receive(
        _ text: String, clientID: String, file: StoredFile? = nil, from visitor: Visitor, in tenant: Tenant
    ) async throws {
        let open = try await widget(visitor.channel, in: tenant)
        let text = text.storable.trimmed
        let limit = open.adapter.rules.text
        guard limit.allows(text) else {
            throw InboxError(
                .tooLong, "A message has at most \(limit.limit) characters.",
                context: [
                    "length": "\(limit.length(of: text))", "limit": "\(limit.limit)", "unit": limit.unit.rawValue,
                ])
        }
        let attached = file.map {
            WidgetNote.File(
                id: $0.id.description, kind: InboundAttachment.Kind(rawValue: $0.kind) ?? .file, name: $0.name,
                mediaType: $0.mediaType, size: Int64($0.bytes))
        }
        let note = WidgetNote(
            visitor: visitor.user, clientId: clientID, text: text, receivedAt: clock.now(), file: attached)
        guard let note else {
            throw InboxError(
                .messageInvalid, "A message says something, and its clientId has letters, digits, - and _.")
        }
        try await hooks.keep(note.delivery, at: visitor.channel, in: tenant)
    }

    /// Counts a message of a visitor.
    ///
    /// - Throws: `Problem` above twenty a minute.
    func admit(_ visitor: Visitor, in tenant: Tenant) async throws {
        if case .refused(let refusal) = await messages.admitWaiting(LimitKey(tenant, visitor.point)) {
            throw Problem(refusal)
        }
    }

    /// Takes a file with its message.
    ///
    /// - Throws: as ``receive(_:clientID:file:from:in:)``, and `inbox.fileTooLarge`.
    func receive<Chunks: AsyncSequence & Sendable>(
        file chunks: Chunks, named name: String?, _ mediaType: String?, length: ByteCount?, clientID: String,
        from visitor: Visitor, in tenant: Tenant
    ) async throws -> StoredFile where Chunks.Element == ByteBuffer {
        guard try await settings(of: visitor.channel, in: tenant).takesFiles else {
            throw InboxError(.messageInvalid, "This widget takes no files.")
        }
        let file = try await files.keep(
            FileDesk.Upload(
                channel: visitor.channel, origin: .visitor, owner: visitor.user, name: name, mediaType: mediaType,
                length: length), from: chunks, in: tenant)
        try await receive("", clientID: clientID, file: file, from: visitor, in: tenant)
        return file
    }

    /// A part of a visitor's thread: at most two statements, three while they wait.
    func thread(of visitor: Visitor, after sequence: Int64, in tenant: Tenant) async throws -> VisitorThread {
        let head = try await store.conversation(of: visitor.point, through: storage.reader(for: tenant), in: tenant)
        guard let head else { return VisitorThread(state: nil, lines: [], next: 0, place: nil) }
        let found = try await store.shown(of: head.id, after: sequence, limit: Bounds.page, in: tenant)
        // What is still on its way is told later, at its own number: who comes back begins before it.
        let settled = found.prefix { VisitorLine.isShown($0) }
        let next = settled.count == found.count ? found.last?.sequence ?? sequence : settled.last?.sequence ?? sequence
        let shown = found.filter(VisitorLine.isShown)
        let names = try await names.names(of: shown.compactMap(\.personID), in: tenant)
        let state = VisitorState(head)
        var place: Int?
        if state.answering == .waiting, !state.isClosed {
            place = try await store.waiting(before: head.openedAt, at: visitor.channel, in: tenant) + 1
        }
        return VisitorThread(
            state: state, lines: shown.map { VisitorLine($0, name: $0.personID.flatMap { names[$0] }) }, next: next,
            place: place)
    }

    /// Tells agents that the visitor is typing.
    func typing(_ visitor: Visitor, in tenant: Tenant) async throws {
        guard case .granted = signs.admit(LimitKey(tenant, visitor.point)) else { return }
        let head = try await store.conversation(of: visitor.point, through: storage.reader(for: tenant), in: tenant)
        guard let head, head.state != .closed else { return }
        topics.tellCustomerTyping(in: head.id, of: tenant)
    }

    /// Has people be asked for; nothing changes when they answer already.
    ///
    /// - Throws: `inbox.notFound` before the first message.
    func askForPerson(_ visitor: Visitor, by conversations: ConversationDesk, in tenant: Tenant) async throws {
        let head = try await store.conversation(of: visitor.point, through: storage.reader(for: tenant), in: tenant)
        guard let head, head.state != .closed else { throw InboxError.missing("conversation") }
        _ = try await conversations.handOver(head.id, in: tenant)
    }

    /// Takes what a visitor thinks of a conversation that was closed.
    ///
    /// - Throws: `inbox.notFound` while it is open, or where nobody takes ratings.
    func rate(_ score: Int, _ text: String?, by visitor: Visitor, in tenant: Tenant) async throws {
        let head = try await store.conversation(of: visitor.point, through: storage.reader(for: tenant), in: tenant)
        guard let rating, let head, head.state == .closed else { throw InboxError.missing("closed conversation") }
        try await rating(
            WidgetRating(
                conversation: head.id, channel: visitor.channel, closing: head.closings, score: score,
                text: text.map { $0.storable.trimmed }.flatMap { $0.isEmpty ? nil : $0 }), tenant)
    }

    /// A file that a visitor may see: one of their own conversation.
    ///
    /// - Throws: `inbox.notFound`.
    func file(_ id: ID<StoredFile>, of visitor: Visitor, in tenant: Tenant) async throws -> StoredFile {
        let file = try await files.file(id, in: tenant)
        if file.owner == visitor.user, file.channelID == visitor.channel { return file }
        let head = try await store.conversation(of: visitor.point, through: storage.reader(for: tenant), in: tenant)
        guard let head, file.conversationID == head.id, file.origin == .agent else { throw InboxError.missing("file") }
        return file
    }
}

/// A topic as a client names it.
typealias TopicWord = String

/// What a visitor sees.
struct VisitorThread: Sendable {
    let state: VisitorState?
    let lines: [VisitorLine]
    /// After which number to ask again.
    let next: Int64
    /// How many wait before them, and they: 1 for whoever is next.
    let place: Int?
}
