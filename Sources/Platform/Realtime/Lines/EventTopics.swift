/// What a stream of events listens to, and how far its reader has come.
public struct EventTopics: Sendable {
    /// Bounds of streams.
    public enum Bounds {
        /// Topics of one stream: 8.
        public static let topics = 8
    }

    let topics: [(topic: TopicName, position: TopicPosition?)]

    /// The topics, in order.
    public var names: [TopicName] { topics.map(\.topic) }

    /// Reads names and positions.
    ///
    /// - Parameters:
    ///   - names: 1 to ``Bounds/topics`` different names, separated by commas.
    ///   - lastEventID: what `Last-Event-ID` says: a position for each name, in order, `-` for none.
    /// - Throws: `realtime.malformedCommand` when the names cannot be read. Positions that cannot are none.
    public init(_ names: String, lastEventID: String?) throws(RealtimeError) {
        let texts = names.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        let read = texts.compactMap(TopicName.init)
        guard (1...Bounds.topics).contains(texts.count), read.count == texts.count, Set(read).count == read.count else {
            throw RealtimeError(
                .malformedCommand, "topics must be 1 to \(Bounds.topics) different names, separated by commas.")
        }
        let positions = lastEventID?.split(separator: ",").map { TopicPosition($0) } ?? []
        topics = read.enumerated().map { index, name in
            (name, positions.count == read.count ? positions[index] : nil)
        }
    }
}

extension Realtime {
    /// Which of a stream's topics are not open to somebody; `nil` when all are.
    ///
    /// - Throws: what a product's rule throws.
    public func refusal(of visitor: TopicVisitor, to topics: EventTopics) async throws -> RealtimeError? {
        for topic in topics.names where try await admission(of: visitor, to: topic) == nil {
            return declared.contains { $0.pattern.match(topic) != nil }
                ? RealtimeError(.forbidden, "The topic \(topic) is not open to you.")
                : RealtimeError(.unknownTopic, "There is no topic \(topic).")
        }
        return nil
    }
}
