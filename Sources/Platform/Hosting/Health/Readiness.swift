import Coordination
public import Storage
import Synchronization

/// Whether this process should be sent requests: it has started, is not draining, and its database answers.
public final class Readiness: Sendable {
    /// A phase of the process.
    public enum Phase: String, Sendable, CaseIterable {
        /// Migrating, loading, filling.
        case starting
        /// Answering.
        case serving
        /// Finishing what is in flight; balancers should look elsewhere.
        case draining
    }

    private let storage: Storage
    private let coordination: CoordinationServices
    private let current = Mutex(Phase.starting)

    /// Starts in the phase `starting`.
    public convenience init(storage: Storage) { self.init(storage: storage, coordination: .alone()) }

    init(storage: Storage, coordination: CoordinationServices) {
        self.storage = storage
        self.coordination = coordination
    }

    /// The phase, which whoever runs the process moves on.
    public var phase: Phase {
        get { current.withLock { $0 } }
        set { current.withLock { $0 = newValue } }
    }

    /// Whether statements can be sent.
    public var isDatabaseAvailable: Bool { storage.driver.statistics().isAvailable }

    /// Whether what nodes share is reached; while it is not this process decides for itself, and serves.
    var isShared: Bool { coordination.status().isReachable }

    /// Whether requests are welcome.
    ///
    /// A database that is away does not make a process unready: cached reads still answer, and no other process would
    /// do better.
    public var isReady: Bool { phase == .serving }
}
