import AIProviders
import Accounts
import Base
import Blobs
import Caching
import Coordination
import InboxVendors
import Jobs
import Limits
import Realtime
import Retrieval
import Storage
import Telemetry
import Web

/// The product at work: everything that routes, pages and jobs use.
final class Office: Sendable {
    /// What the product is made from.
    struct Parts: Sendable {
        var storage: Storage
        var caches: CacheRegistry
        var realtime: Realtime
        var nameOf: PersonNaming
        var adapters: ChannelAdapters
        var limits: LimitRegistry
        var models: AIModels
        var retrieval: Retrieval
        var blobs: any BlobStore
        var clock: any WallClock
        var randomness: any Randomness
        var events: EventLog
        var companiesOf: CompanyListing = { _ in [] }
        var bus: any Bus = InProcessBus()
        var reach: Reach
    }

    let storage: Storage
    let clock: any WallClock
    let agents: AgentKeeper
    let visible: VisibilityDesk
    let tags: TagKeeper
    let badges: BadgeDesk
    let health: HealthDesk
    let erasures: ErasureDesk
    let randomness: any Randomness
    let names: NameKeeper
    let frames: FrameDesk
    let topics: InboxTopics
    let channels: ChannelDesk
    let hooks: HookDesk
    let ingest: IngestSteps
    let threads: ThreadDesk
    let replies: ReplyDesk
    let sending: SendSteps
    let conversations: ConversationDesk
    let scheduled: ScheduledDesk
    let answering: BotDesk
    let bot: BotSteps
    let knowledge: KnowledgeDesk
    let rules: RuleDesk
    let counts: CountDesk
    let contacts: ContactDesk
    let notices: NoticeDesk
    let invitations: Invitations
    let exports: ExportDesk
    let retention: RetentionDesk
    let fileSweep: FileSweepDesk
    let work: Work
    let files: FileDesk
    let attachments: AttachmentSteps
    let widget: WidgetDesk
    let care: CareSteps
    let outgoing: OutgoingDesk
    let sources: SourceDesk
    let prepared: PreparedDesk
    let reach: Reach

    init(_ parts: Parts) {
        let (storage, clock, randomness, events) = (parts.storage, parts.clock, parts.randomness, parts.events)
        self.storage = storage
        self.clock = clock
        let ground = Ground(parts)
        names = ground.names
        frames = ground.frames
        channels = ground.channels
        visible = ground.visible
        tags = ground.tags
        agents = ground.agents
        topics = ground.topics
        files = ground.files
        self.randomness = randomness
        badges = BadgeDesk(storage: storage, topics: topics, realtime: parts.realtime, bus: parts.bus, clock: clock)
        hooks = HookDesk(
            storage: storage, channels: channels, topics: topics, clock: clock, randomness: randomness, events: events)
        health = HealthDesk(storage: storage, topics: topics, clock: clock)
        ingest = IngestSteps(
            storage: storage, channels: channels, topics: topics, clock: clock, randomness: randomness,
            events: events)
        threads = ThreadDesk(storage: storage, caches: parts.caches, topics: topics)
        replies = ReplyDesk(
            storage: storage, channels: channels, topics: topics, clock: clock, randomness: randomness)
        sending = SendSteps(
            storage: storage, channels: channels, topics: topics, files: files, names: names, clock: clock,
            events: events)
        notices = NoticeDesk(storage: storage, caches: parts.caches, clock: clock, randomness: randomness)
        invitations = Invitations(
            storage: storage, limits: parts.limits, clock: clock, randomness: randomness)
        conversations = ConversationDesk(
            storage: storage, topics: topics, notices: notices, clock: clock, randomness: randomness)
        scheduled = ScheduledDesk(
            storage: storage, replies: replies, notices: notices, clock: clock, randomness: randomness)
        answering = ground.answering
        bot = BotSteps(
            storage: storage, desk: answering, channels: channels, topics: topics, clock: clock,
            randomness: randomness, events: events)
        knowledge = ground.knowledge
        erasures = ErasureDesk(storage: storage, clock: clock, randomness: randomness)
        exports = ExportDesk(
            storage: storage, blobs: parts.blobs, notices: notices, clock: clock, randomness: randomness)
        retention = RetentionDesk(
            storage: storage, caches: parts.caches, files: files, exports: exports, clock: clock,
            randomness: randomness, events: events)
        fileSweep = FileSweepDesk(storage: storage, files: files, clock: clock, events: events)
        contacts = ContactDesk(storage: storage, clock: clock, randomness: randomness)
        rules = RuleDesk(
            storage: storage, caches: parts.caches, topics: topics, notices: notices, clock: clock,
            randomness: randomness)
        outgoing = ground.outgoing
        work = Work(parts, ground, notices: notices)
        counts = CountDesk(
            storage: storage, caches: parts.caches, channels: channels, rules: rules, promises: work.promises,
            assignments: work.assignments, outgoing: outgoing, clock: clock)
        reach = parts.reach
        attachments = AttachmentSteps(
            storage: storage, outbound: reach.outbound, files: files, channels: channels, topics: topics, clock: clock,
            randomness: randomness)
        care = CareSteps(storage: storage, channels: channels, publicAddress: reach.publicAddress, clock: clock)
        sources = SourceDesk(
            storage: storage, outbound: reach.outbound, knowledge: knowledge, clock: clock, randomness: randomness)
        prepared = PreparedDesk(storage: storage, desk: answering, channels: channels, clock: clock)
        widget = WidgetDesk(
            WidgetDesk.Parts(
                storage: storage, caches: parts.caches, limits: parts.limits, channels: channels, hooks: hooks,
                topics: topics, names: names, files: files, keys: reach.visitorKeys, clock: clock,
                randomness: randomness, rating: reach.rating ?? work.ratings.taking))
    }
}
