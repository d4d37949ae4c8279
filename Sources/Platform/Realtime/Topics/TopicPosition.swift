import Base

/// How far a reader has come in a topic: which life of the topic, and the number of the last message that it has.
public struct TopicPosition: Sendable, Hashable, CustomStringConvertible {
    private enum Bounds {
        /// Hours in which a reader may come back to a topic that had no message yet.
        static let unbornHours: Int64 = 7 * 24
    }

    /// The life: a random number above zero.
    ///
    /// Zero and below for a topic that has no message yet: the hour in which that was
    /// seen, negated, so that nobody takes a much later life for the first.
    public let epoch: Int64
    /// The number of the last message, from 1; 0 before the first.
    public let offset: Int64

    /// Names a position.
    public init(epoch: Int64, offset: Int64) {
        self.epoch = epoch
        self.offset = offset
    }

    /// The position in a topic that has no message yet.
    init(unbornAt time: Timestamp) { self.init(epoch: -(time.seconds / 3_600), offset: 0) }

    /// Reads `EPOCH.OFFSET`.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let epoch = Self.epoch(parts[0]), let offset = Int64(parts[1]), offset >= 0 else {
            return nil
        }
        self.init(epoch: epoch, offset: offset)
    }

    static func epoch(_ text: some StringProtocol) -> Int64? {
        text.utf8.count <= 16 ? Int64(text, radix: 16) : nil
    }

    /// The epoch as clients are given it.
    public var epochText: String { String(epoch, radix: 16) }

    /// `EPOCH.OFFSET`.
    public var description: String { "\(epochText).\(offset)" }

    /// Whether the topic had no message.
    var isUnborn: Bool { epoch <= 0 }

    /// Whether this is a place in the life that `head` belongs to.
    func isOfLife(of head: TopicPosition, at time: Timestamp) -> Bool {
        if epoch == head.epoch { return true }
        // Who saw no message yet and comes back soon has missed all of the first life, which is this one.
        return isUnborn && abs(time.seconds / 3_600 + epoch) <= Bounds.unbornHours
    }
}
