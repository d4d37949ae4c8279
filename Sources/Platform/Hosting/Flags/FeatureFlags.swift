public import Base
public import Coordination
public import Logging
public import ServiceLifecycle
public import Storage
import Synchronization

/// The flags of all tenants in memory: evaluated without a statement, changed by a statement, seen on every node within
/// a second.
public final class FeatureFlags: Service {
    /// Bounds of the flags in memory.
    public enum Bounds {
        /// Decisions that are kept: tenants × flags that somebody has changed.
        public static let decisions = 200_000
        /// Changes that one look at the table reads.
        static let changesPerLook = 5_000
        /// How far each look reaches back, for commits that became visible after later ones.
        static let overlap = Duration.seconds(30)
    }

    private struct Key: Hashable {
        var tenant: Tenant
        var flag: String
    }

    private struct Decisions {
        var byKey = BoundedMap<Key, FlagStore.Entry>(capacity: Bounds.decisions)
        var newest: Int64 = 0
    }

    private static let topic = "hosting.flags"

    private let store: FlagStore
    private let bus: (any Bus)?
    private let clock: any WallClock
    private let pace: WatchPace
    private let logger: Logger
    private let decisions = Mutex(Decisions())
    private let declared: [String: FeatureFlag]

    /// Declares the flags of a process.
    ///
    /// - Parameters:
    ///   - flags: all flags of all products.
    ///   - storage: where decisions are kept.
    ///   - clock: stamps and paces.
    ///   - pace: how often the table is looked at. Defaults to every 800 milliseconds.
    ///   - bus: tells other nodes of changes, before their next look. Defaults to none.
    ///   - logger: hears of looks that failed.
    /// - Throws: `hosting.invalidManifest` when a key is declared twice.
    public init(
        _ flags: [FeatureFlag], storage: Storage, clock: any WallClock,
        pace: WatchPace = WatchPace(untold: .milliseconds(800)), bus: (any Bus)? = nil, logger: Logger
    ) throws(HostingError) {
        var declared: [String: FeatureFlag] = [:]
        for flag in flags where declared.updateValue(flag, forKey: flag.key) != nil {
            throw HostingError(.invalidManifest, "the flag \(flag.key) is declared twice: rename one")
        }
        self.declared = declared
        store = FlagStore(storage: storage)
        self.clock = clock
        self.pace = pace
        self.bus = bus
        self.logger = logger
    }

    /// All declared flags, by key.
    public var flags: [FeatureFlag] { declared.values.sorted { $0.key < $1.key } }

    /// Whether a feature is on in a tenant; `subject` (an id's text) decides where it is on for a share of the users.
    public func isOn(_ flag: FeatureFlag, for tenant: Tenant, subject: String? = nil) -> Bool {
        guard let state = state(of: flag, for: tenant) else { return flag.isOnByDefault }
        return state.isOn(key: flag.key, subject: subject)
    }

    /// What somebody has decided about a flag in a tenant; `nil` when nobody has.
    public func state(of flag: FeatureFlag, for tenant: Tenant) -> FlagState? {
        decisions.withLock { $0.byKey[Key(tenant: tenant, flag: flag.key)]?.state }
    }

    /// Decides about a flag.
    ///
    /// This node sees it when the call returns, the others within a second.
    ///
    /// - Throws: `hosting.invalidFlag` for a key that no product declares; errors of storage.
    public func set(_ key: String, to state: FlagState, for tenant: Tenant) async throws {
        guard declared[key] != nil else {
            throw HostingError(
                .invalidFlag, "no flag has this key; there are \(declared.keys.sorted().joined(separator: ", "))")
        }
        take([try await store.set(key, to: state, for: tenant, at: clock.now())])
        // Whom this does not reach finds the change at its next look.
        try? await bus?.publish(Array(key.utf8), to: Self.topic)
    }

    /// Reads what has changed since the last look.
    public func refresh() async throws {
        var from = decisions.withLock { $0.newest } - Bounds.overlap.microseconds
        while true {
            let changes = try await store.changes(since: from, limit: Bounds.changesPerLook)
            take(changes)
            guard changes.count == Bounds.changesPerLook, let last = changes.last, last.version > from else { return }
            from = last.version
        }
    }

    /// Looks at the table at intervals and whenever another node tells of a change, until the service is stopped.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.lookAgainAndAgain() }
                // It ends by cancellation alone, which is what ends all of this.
                group.addTask { try? await self.bus?.follow(Self.topic, clock: self.clock) { _ in await self.look() } }
                await group.waitForAll()
            }
        }
    }

    private func lookAgainAndAgain() async {
        while !Task.isCancelled {
            await look()
            // Cancellation ends the loop, which is what it asks for.
            try? await pace.wait(on: clock)
        }
    }

    private func look() async {
        do {
            try await refresh()
        } catch {
            logger.warning("flags could not be read", metadata: ["error": "\(error)"])
        }
    }

    private func take(_ entries: [FlagStore.Entry]) {
        decisions.withLock { decisions in
            for entry in entries {
                let key = Key(tenant: entry.tenant, flag: entry.key)
                if let known = decisions.byKey[key], known.version >= entry.version { continue }
                decisions.byKey[key] = entry
                decisions.newest = max(decisions.newest, entry.version)
            }
        }
    }
}
