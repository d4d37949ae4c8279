import Base

/// What everything else in the office stands on: who is who, which channels there are, and how people are told.
struct Ground: Sendable {
    let names: NameKeeper
    let frames: FrameDesk
    let channels: ChannelDesk
    let visible: VisibilityDesk
    let tags: TagKeeper
    let agents: AgentKeeper
    let topics: InboxTopics
    let files: FileDesk
    let outgoing: OutgoingDesk
    let canned: CannedReplyDesk
    let knowledge: KnowledgeDesk
    let answering: BotDesk

    init(_ parts: Office.Parts) {
        let (storage, clock, randomness, events) = (parts.storage, parts.clock, parts.randomness, parts.events)
        names = NameKeeper(caches: parts.caches, nameOf: parts.nameOf)
        frames = FrameDesk(caches: parts.caches, companiesOf: parts.companiesOf)
        channels = ChannelDesk(
            storage: storage, caches: parts.caches, clock: clock, randomness: randomness, events: events,
            adapters: parts.adapters, box: parts.reach.box)
        visible = VisibilityDesk(storage: storage, caches: parts.caches, channels: channels)
        tags = TagKeeper(storage: storage, caches: parts.caches)
        agents = AgentKeeper(storage: storage, caches: parts.caches, visible: visible, clock: clock)
        topics = InboxTopics(
            realtime: parts.realtime, storage: storage, agents: agents, nameOf: parts.nameOf,
            visitorKeys: parts.reach.visitorKeys)
        files = FileDesk(
            storage: storage, blobs: parts.blobs, keys: parts.reach.visitorKeys,
            publicAddress: parts.reach.publicAddress, clock: clock, randomness: randomness)
        answering = BotDesk(
            storage: storage, caches: parts.caches, limits: parts.limits, models: parts.models,
            retrieval: parts.retrieval, clock: clock, randomness: randomness)
        knowledge = KnowledgeDesk(
            storage: storage, blobs: parts.blobs, retrieval: parts.retrieval, clock: clock, randomness: randomness)
        canned = CannedReplyDesk(
            storage: storage, caches: parts.caches, names: names, clock: clock, randomness: randomness)
        outgoing = OutgoingDesk(
            storage: storage, caches: parts.caches, outbound: parts.reach.outbound, box: parts.reach.box, clock: clock,
            randomness: randomness, events: events)
    }
}
