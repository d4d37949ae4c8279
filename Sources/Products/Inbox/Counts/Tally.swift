import Base

import typealias Storage.SQLConvertible

/// Something that is counted, on its way to the counts.
struct Tally: Sendable, Hashable {
    enum Kind: String, Sendable, Hashable, Codable, CaseIterable, SQLConvertible {
        case opened, closed, inbound, botReply, agentReply, handOff
        /// The first answer since it was opened; the amount is the seconds that it took.
        case firstReply
        /// The closing of it; the amount is the seconds since it was opened.
        case resolution
        /// Tokens of a model.
        case tokens
        /// What a customer thought; the amount is the points.
        case rating
        /// A promise was kept.
        case slaMet
        /// A promise was broken.
        case slaBreached
        /// It was closed after the bot alone had answered.
        case deflected
        /// What is not counted, but heard of by clocks and rules.
        case assigned, snoozed, woken
    }

    var kind: Kind
    var conversation: ID<Conversation>
    var channel: ID<Channel>
    var person: ID<Person>?
    var amount: Int64 = 1
    var at: Timestamp
    /// How it came about, as far as rules have caused it.
    var chain = RuleChain()
}
