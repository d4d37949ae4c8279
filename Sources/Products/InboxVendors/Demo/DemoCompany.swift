import Base

/// A company of the demo: who works there, over which channels it is written to, what it knows and answers.
///
/// Everything follows from the seed; nothing is read, kept or drawn elsewhere. Names are invented.
public struct DemoCompany: Sendable {
    /// How much there is.
    public struct Scale: Sendable, Hashable {
        /// Contacts, doubles included.
        public var contacts: Int
        /// How many of them are obvious doubles of others.
        public var doubles: Int
        /// Conversations.
        public var conversations: Int
        /// Messages in all of them.
        public var messages: Int
        /// Open conversations.
        public var open: Int
        /// Of the open ones, those nobody has taken.
        public var unassigned: Int
        /// Of the open ones, those about to miss their time.
        public var pressing: Int
        /// Conversations that sleep, beside the open ones.
        public var snoozed: Int

        /// States the numbers; see ``DemoCompany/lumenBikes`` for ones that fit together.
        public init(
            contacts: Int, doubles: Int, conversations: Int, messages: Int, open: Int, unassigned: Int, pressing: Int,
            snoozed: Int
        ) {
            precondition(doubles * 2 <= contacts && open + snoozed <= conversations, "a demo of \(contacts) contacts")
            precondition(unassigned + pressing <= open, "\(open) open conversations hold not all of their kinds")
            precondition(
                messages >= conversations * 7 && messages <= conversations * 8 && conversations % 8 == 0,
                "\(messages) messages in \(conversations) conversations: seven to eight in each, by eights")
            self.contacts = contacts
            self.doubles = doubles
            self.conversations = conversations
            self.messages = messages
            self.open = open
            self.unassigned = unassigned
            self.pressing = pressing
            self.snoozed = snoozed
        }
    }

    /// A channel of the demo.
    public struct Channel: Sendable, Hashable {
        /// What it is.
        public var kind: ChannelKind
        /// What it is called.
        public var title: String
        /// Its account: one that ``DemoAdapter`` answers for.
        public var account: String
        /// In how many days its token ends; `nil` for never.
        public var tokenDays: Int?

        /// Describes a channel.
        public init(_ kind: ChannelKind, _ title: String, account: String, tokenDays: Int? = nil) {
            self.kind = kind
            self.title = title
            self.account = DemoAdapter.prefix + account
            self.tokenDays = tokenDays
        }
    }

    /// The name.
    public let name: String
    /// Who owns the company.
    public let owner: String
    /// Who answers.
    public let agents: [String]
    /// What the bot is called.
    public let bot: String
    /// Its time zone.
    public let zone: String
    /// The channels, one of each kind at most.
    public let channels: [Channel]
    /// How much there is.
    public let scale: Scale
    let subjects: [DemoTalk.Subject]
    let chance: DemoChance

    init(
        _ name: String, owner: String, agents: [String], bot: String, zone: String, channels: [Channel], scale: Scale,
        subjects: [DemoTalk.Subject], chance: DemoChance
    ) {
        self.name = name
        self.owner = owner
        self.agents = agents
        self.bot = bot
        self.zone = zone
        self.channels = channels
        self.scale = scale
        self.subjects = subjects
        self.chance = chance
    }

    /// A shop for bicycles with four channels and a quarter's worth of conversations.
    public static let lumenBikes = DemoCompany(
        "Lumen Bikes", owner: "Ines", agents: ["Tom", "Priya", "Ana", "Leo"], bot: "Spoke", zone: "Europe/Berlin",
        channels: [
            Channel(.messenger, "Lumen Bikes on Messenger", account: "lumen-page", tokenDays: 3),
            Channel(.instagram, "@lumen.bikes", account: "lumen-ig", tokenDays: 41),
            Channel(.telegram, "Lumen bot", account: "lumen-bot"),
            Channel(.widget, "lumenbikes.example", account: "lumen-site"),
        ],
        scale: Scale(
            contacts: 1_200, doubles: 9, conversations: 2_400, messages: 19_000, open: 140, unassigned: 26, pressing: 3,
            snoozed: 12), subjects: DemoTalk.bicycles, chance: DemoChance(seed: 0x1B0C_5EED))

    /// A second company beside it, so that what must not mix can be seen not to.
    public static let casaVerde = DemoCompany(
        "Casa Verde", owner: "Marta", agents: ["Nico"], bot: "Hoja", zone: "Europe/Madrid",
        channels: [Channel(.telegram, "Casa Verde bot", account: "verde-bot")],
        scale: Scale(
            contacts: 60, doubles: 2, conversations: 96, messages: 760, open: 12, unassigned: 3, pressing: 1,
            snoozed: 2), subjects: DemoTalk.plants, chance: DemoChance(seed: 0xCA5A_5EED))

    /// The company on a smaller scale and with accounts of its own: an account is one channel's in an installation.
    ///
    /// - Parameters:
    ///   - name: What it is called.
    ///   - prefix: What its accounts begin with, after ``DemoAdapter/prefix``.
    ///   - scale: How much there is.
    /// - Returns: The branch.
    public func branch(_ name: String, accounts prefix: String, scale: Scale) -> DemoCompany {
        let start = DemoAdapter.prefix.count
        return DemoCompany(
            name, owner: owner, agents: agents, bot: bot, zone: zone,
            channels: channels.map {
                Channel(
                    $0.kind, $0.title, account: prefix + "-" + $0.account.dropFirst(start), tokenDays: $0.tokenDays)
            }, scale: scale, subjects: subjects, chance: chance)
    }
}
