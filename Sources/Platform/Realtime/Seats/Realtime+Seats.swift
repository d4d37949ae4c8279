public import Base
import Crypto
import Foundation

extension Realtime {
    /// By what a stream of events is counted whose visitor has neither session nor device: the first topic that is one
    /// visitor's own; `nil` when none is.
    public func seat(of topics: EventTopics) -> ID<TopicSeat>? {
        let personal = declared.filter(\.isPersonal)
        guard !personal.isEmpty else { return nil }
        let own = topics.names.first { name in personal.contains { $0.pattern.match(name) != nil } }
        return own.flatMap { ID(bytes: Array(SHA256.hash(data: Data($0.description.utf8)).prefix(16))) }
    }
}
