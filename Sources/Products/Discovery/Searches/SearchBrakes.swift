import Base
import Synchronization

/// Which searches have been stopped in this process: looked at right before a vendor is called, so that no call begins
/// after the cancellation was answered.
final class SearchBrakes: Sendable {
    enum Bounds {
        /// Stopped searches that are remembered; older ones are stopped in the database for long.
        static let searches = 10_000
    }

    private let stopped = Mutex(BoundedMap<ID<Search>, Bool>(capacity: Bounds.searches))

    func stop(_ search: ID<Search>) { stopped.withLock { $0[search] = true } }
    func release(_ search: ID<Search>) { stopped.withLock { $0[search] = nil } }
    func mayCall(for search: ID<Search>) -> Bool { stopped.withLock { $0[search] == nil } }
}
