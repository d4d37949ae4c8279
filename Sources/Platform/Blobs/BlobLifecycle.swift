public import Base
public import Telemetry

/// How long objects of a kind are kept.
public struct BlobLifecycle: Sendable, Hashable {
    /// What the keys of these objects begin with; never empty.
    public let prefix: String
    /// How long an object is kept after it was stored.
    public let age: Duration

    /// Declares a rule.
    ///
    /// - Parameters:
    ///   - prefix: What the keys of these objects begin with; never empty, so that no rule takes everything by accident.
    ///   - age: How long an object is kept after it was stored; at least one minute.
    public init(prefix: String, age: Duration) {
        precondition(!prefix.isEmpty, "a lifecycle rule needs a prefix")
        precondition(age >= .seconds(60), "objects must be kept for a minute at least")
        self.prefix = prefix
        self.age = age
    }
}

/// Deletes objects past their lifecycle, a bounded batch at a time.
public struct BlobRetention: Sendable {
    /// How far a sweep has come.
    public struct Progress: Sendable, Hashable {
        /// How many objects were looked at.
        public var examined = 0
        /// How many were deleted.
        public var deleted = 0
        /// Where the next batch begins; `nil` when the sweep is complete.
        public var next: BlobKey?
    }

    private let store: any BlobStore
    private let rules: [BlobLifecycle]
    private let clock: any WallClock
    private let events: EventLog

    /// Makes a sweeper.
    ///
    /// - Parameters:
    ///   - store: Where objects are.
    ///   - rules: What is kept how long. At most 100.
    ///   - clock: What ages are measured by.
    ///   - events: Where deletions are told.
    public init(store: any BlobStore, rules: [BlobLifecycle], clock: any WallClock, events: EventLog) {
        precondition(rules.count <= 100, "\(rules.count) lifecycle rules are over the bound of 100")
        self.store = store
        self.rules = rules
        self.clock = clock
        self.events = events
    }

    /// Looks at one batch of a tenant's objects and deletes those past their time.
    ///
    /// - Parameters:
    ///   - rule: Which objects, and how long they are kept.
    ///   - tenant: Whose.
    ///   - key: The batch begins after this key; `nil` for the first.
    ///   - limit: How many objects are looked at, 1 to 1,000.
    /// - Returns: How far it came.
    /// - Throws: ``BlobsError``; what was deleted before stays deleted.
    public func sweep(
        _ rule: BlobLifecycle, for tenant: Tenant, after key: BlobKey? = nil, limit: Int = 500
    ) async throws(BlobsError) -> Progress {
        let page = try await store.list(for: tenant, prefix: rule.prefix, after: key, limit: limit)
        let oldest = clock.now() - rule.age
        var progress = Progress(examined: page.blobs.count, next: page.next)
        for blob in page.blobs where blob.storedAt < oldest {
            if try await store.delete(blob.key, for: tenant) { progress.deleted += 1 }
        }
        if progress.deleted > 0 {
            events.record(
                .blobRetired, amount: progress.deleted,
                ["prefix": .text(rule.prefix), "objects": .number(progress.deleted)])
        }
        return progress
    }

    /// Sweeps all tenants and rules once.
    ///
    /// - Returns: How many objects were deleted.
    @discardableResult
    public func sweepAll() async throws(BlobsError) -> Int {
        var deleted = 0
        var last: Tenant?
        repeat {
            let tenants = try await store.tenants(after: last, limit: 1_000)
            for tenant in tenants {
                for rule in rules {
                    var next: BlobKey?
                    repeat {
                        let progress = try await sweep(rule, for: tenant, after: next)
                        deleted += progress.deleted
                        next = progress.next
                    } while next != nil
                }
            }
            last = tenants.count == 1_000 ? tenants.last : nil
        } while last != nil
        return deleted
    }

    /// Sweeps every hour until the task is cancelled; a sweep that fails is told and tried again an hour later.
    ///
    /// - Parameter interval: The time between sweeps. Defaults to 1 hour; 1 second to 7 days.
    /// - Throws: `CancellationError` when the task is cancelled, nothing else.
    public func run(every interval: Duration = .seconds(3_600)) async throws {
        precondition((.seconds(1) ... .seconds(604_800)).contains(interval), "sweep every second to every 7 days")
        while true {
            do throws(BlobsError) {
                try await sweepAll()
            } catch {
                events.record(.blobFailed, ["code": .text(error.code.rawValue), "operation": "sweep"])
            }
            try await clock.sleep(for: interval)
        }
    }
}
