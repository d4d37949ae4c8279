import Base

/// How far one agent has read one conversation.
struct ReadCursor: Sendable, Hashable {
    /// The number of the last message that was read.
    let sequence: Int64
    /// How many of the customer's messages there are up to it.
    let customer: Int64
    /// How many there are in all.
    let customerTotal: Int64

    var unread: Int64 { max(0, customerTotal - customer) }
}
