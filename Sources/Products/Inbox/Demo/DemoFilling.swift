import AIProviders
import Base
import Hosting
import InboxVendors
import Retrieval
import Storage

/// Fills the demo's companies, each once: channels, people who write, ninety days of conversations, what the bot knows.
struct DemoFilling: Sendable {
    let office: Office
    let clock: any WallClock
    let randomness: any Randomness

    private var store: DemoStore { DemoStore(storage: office.storage) }

    /// Fills what is empty; returns all companies of the demo.
    func fill(_ stage: DemoStage) async throws -> [DemoPlace] {
        let now = clock.now()
        let places = try await DemoPlace.all(
            on: stage, isFilled: { try await store.hasConversations(in: $0) },
            orElse: { ID(at: now, using: randomness) })
        let empty = places.filter { !$0.isFilled }
        for place in empty { try await fill(place) }
        if !empty.isEmpty, office.storage.dialect == .postgres {
            // Until then PostgreSQL plans as if the tables were empty.
            try await office.storage.writer(bypassingTenant: CountStore.counting).execute("demo.analyse", "ANALYZE")
        }
        return places
    }

    /// Fills one company.
    func fill(_ place: DemoPlace) async throws {
        let now = clock.now()
        let chance = DemoChance(seed: place.seed)
        let channels = try await connect(place, now)
        // Whoever answers began two days ago: what is older is not unread for them.
        for person in place.people {
            _ = try await AgentStore(storage: office.storage).joined(
                person, at: now - .seconds(2 * 86_400), in: place.tenant)
        }
        try await DemoTalkFilling(office: office, place: place, channels: channels, now: now, chance: chance).fill()
        try await teach(place)
        try await DemoHouse(office: office, place: place, channels: channels).setUp()
        try await buryOne(place, channels)
    }

    /// Connects the channels: their accounts are the demo's own, so nothing leaves the process.
    private func connect(_ place: DemoPlace, _ now: Timestamp) async throws -> [ChannelKind: OpenChannel] {
        var channels: [ChannelKind: OpenChannel] = [:]
        for channel in place.company.channels {
            let secret = Secret(Base64URL.encode(randomness.bytes(32)))
            let made = try await office.channels.connect(
                ChannelDesk.Draft(
                    kind: channel.kind, externalAccount: channel.account, name: channel.title, isBotFirst: true,
                    keys: ChannelKeys(secrets: ChannelSecrets(signing: [secret]))), in: place.tenant)
            if let days = channel.tokenDays {
                try await store.setTokenEnd(now + .seconds(Int64(days) * 86_400), of: made.id, in: place.tenant)
            }
            channels[channel.kind] = try await office.channels.channel(made.id, in: place.tenant)
        }
        return channels
    }

    /// Gives the bot its documents, which the workers read.
    private func teach(_ place: DemoPlace) async throws {
        guard let person = place.people.first else { return }
        for number in 0..<place.company.documentCount {
            let document = place.company.document(number)
            do {
                _ = try await office.knowledge.add(
                    Array(document.text.utf8), as: .markdown, titled: document.title, by: person, in: place.tenant)
            } catch let error as InboxError where error.code == .documentKnown {
                continue
            }
        }
        var policy = BotPolicy()
        // The built-in model compares words, not meanings: what it is sure of is less alike than what others are sure of.
        policy.threshold = 0.35
        policy.unsure = "\(place.company.bot) does not know that. A colleague will answer you here."
        _ = try await office.answering.set(policy, by: person, in: place.tenant)
    }

    /// One delivery that is believed and cannot be read, so that there is something to look at and to retry.
    private func buryOne(_ place: DemoPlace, _ channels: [ChannelKind: OpenChannel]) async throws {
        guard let channel = channels[.messenger]?.channel else { return }
        let now = clock.now()
        let dead = DemoCrowd.dead
        let receipt = Receipt(
            id: ID(at: now, using: randomness), channelID: channel.id, deliveryKey: dead.key,
            conversationKey: dead.conversationKey, raw: dead.raw, receivedAt: now)
        let receipts = ReceiptStore(storage: office.storage)
        try await office.storage.write(for: place.tenant) { transaction in
            _ = try await receipts.keep([receipt], through: transaction, in: place.tenant)
            try await receipts.bury(
                [receipt.id], "malformed", at: now, through: transaction, in: place.tenant)
        }
    }
}
