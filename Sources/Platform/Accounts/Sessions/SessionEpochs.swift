public import Base
public import Coordination
public import Storage
import Synchronization
public import Web

/// Which sessions are still good, answered from memory: the last revocations of all people.
///
/// A session carries the version it was made with; signing out everywhere, a ban, another role or a new password raise
/// the person's version. The node that does it knows at once, the others as soon as the bus has told them, and at the
/// latest at their next ``refresh()``: after 2 seconds where no bus tells, after 30 where one does.
/// Only revocations matter that are younger than the longest session, and of these at most ``peopleMax`` people are
/// kept; whoever was never revoked costs nothing.
public final class SessionEpochs: SessionRevocation {
    enum Bounds {
        static let pageRows = 1_000
        static let pagesPerRefresh = 200
        /// Nodes stamp changes by their own clocks, and a transaction takes its time to commit: each refresh looks
        /// again at what was changed shortly before the last one it has seen.
        static let overlap = Duration.seconds(30)
    }

    private struct State {
        var versions: BoundedMap<ID<Person>, Int>
        var seen: Timestamp
    }

    private struct Change: RowDecodable {
        let person: ID<Person>
        let version: Int
        let changedAt: Timestamp

        init(row: SQLRow) throws(StorageError) {
            person = try row.value(at: 0)
            version = try row.value(at: 1)
            changedAt = try row.value(at: 2)
        }
    }

    /// How many revoked people are kept in memory, at about 100 bytes each.
    public let peopleMax: Int
    private static let topic = "accounts.revocations"

    private let storage: Storage
    private let bus: (any Bus)?
    private let clock: any WallClock
    private let state: Mutex<State>

    /// Knows of no revocation until the first ``refresh()``.
    ///
    /// - Parameters:
    ///   - storage: Where epochs are.
    ///   - clock: The time.
    ///   - sessionLifetime: The longest time that a session is good. Defaults to 14 days.
    ///   - peopleMax: How many revoked people are kept in memory. Defaults to 1,000,000; at least 1,000.
    ///   - bus: Carries revocations to the other nodes. Defaults to none.
    public init(
        storage: Storage, clock: any WallClock, sessionLifetime: Duration = .seconds(14 * 86_400),
        peopleMax: Int = 1_000_000, bus: (any Bus)? = nil
    ) {
        precondition(peopleMax >= 1_000, "peopleMax is \(peopleMax), below 1,000")
        self.storage = storage
        self.peopleMax = peopleMax
        self.bus = bus
        self.clock = clock
        state = Mutex(
            State(versions: BoundedMap(capacity: peopleMax), seen: clock.now() - sessionLifetime))
    }

    /// Whether a session of this version is good.
    public func isCurrent(_ person: ID<Person>, version: Int, in tenant: Tenant) -> Bool {
        state.withLock { $0.versions[person].map { version >= $0 } ?? true }
    }

    /// How many revoked people are known.
    public var count: Int { state.withLock { $0.versions.count } }

    /// Takes note of a revocation that this node has made.
    func learn(_ person: ID<Person>, version: Int) {
        state.withLock { state in
            state.versions[person] = max(version, state.versions[person] ?? 0)
        }
    }

    /// Takes note of a revocation that this node has made, and tells the others.
    ///
    /// Where the bus fails they find it in the database at their next refresh.
    func announce(_ person: ID<Person>, version: Int) async {
        learn(person, version: version)
        // What is lost here is read from the table.
        try? await bus?.publish(Array("\(person) \(version)".utf8), to: Self.topic)
    }

    /// Takes note of what other nodes revoke as they tell it, until the task is cancelled.
    ///
    /// - Throws: `CancellationError` when the task is cancelled, nothing else.
    public func listen() async throws {
        try await bus?.follow(Self.topic, clock: clock) { event in
            guard case .message(let bytes) = event, let (person, version) = Self.revocation(bytes) else {
                // Missed, or told by a newer node in other words: the table knows. If it is away, the next refresh asks.
                try? await refresh()
                return
            }
            learn(person, version: version)
        }
    }

    private static func revocation(_ bytes: [UInt8]) -> (ID<Person>, Int)? {
        let parts = String(decoding: bytes, as: UTF8.self).split(separator: " ")
        guard parts.count == 2, let person = ID<Person>(String(parts[0])), let version = Int(parts[1]) else {
            return nil
        }
        return (person, version)
    }

    /// Learns of revocations on other nodes.
    ///
    /// One statement, or one per 1,000 when there are more.
    public func refresh() async throws(StorageError) {
        var after = (time: state.withLock { $0.seen - Bounds.overlap }, person: ID<Person>(high: 0, low: 0))
        for _ in 0..<Bounds.pagesPerRefresh {
            let changes = try await storage.reader(bypassingTenant: AccountsSchema.peopleCapability).list(
                Change.self, "accounts.changedEpochs",
                """
                SELECT person_id, version, changed_at FROM session_epochs
                WHERE (changed_at, person_id) > (\(after.time), \(after.person))
                ORDER BY changed_at, person_id
                """, limit: Bounds.pageRows)
            state.withLock { state in
                for change in changes {
                    if state.versions[change.person].map({ $0 < change.version }) ?? true {
                        state.versions[change.person] = change.version
                    }
                    state.seen = max(state.seen, change.changedAt)
                }
            }
            guard changes.count == Bounds.pageRows, let last = changes.last else { return }
            after = (last.changedAt, last.person)
        }
    }
}
