import Accounts
import Base
import Blobs
import Caching
import Jobs
import Storage
import Telemetry

/// Deletes what a company keeps no longer: once a day, in the lane of bulk work, each step a job of its own so that
/// everything else goes first.
///
/// A step finds what is left by itself, so that one which was killed is done again without harm. Counts stay: what was
/// said is gone, how much it was is not.
final class RetentionDesk: Sendable {
    /// What cached values carry.
    enum Tag {
        static let rules = "inbox.retention"
    }

    let store: RetentionStore
    private let storage: Storage
    private let erasing: ErasureStore
    private let files: FileDesk
    private let exports: ExportDesk
    private let trail: AuditTrail
    private let clock: any WallClock
    private let events: EventLog
    private let kept: Cache<String, RetentionRecord>
    private let pacer: StepPacer

    init(
        storage: Storage, caches: CacheRegistry, files: FileDesk, exports: ExportDesk, clock: any WallClock,
        randomness: any Randomness,
        events: EventLog
    ) {
        self.storage = storage
        self.files = files
        self.exports = exports
        self.clock = clock
        self.events = events
        store = RetentionStore(storage: storage)
        erasing = ErasureStore(storage: storage)
        trail = AuditTrail(storage: storage, clock: clock, randomness: randomness)
        kept = Cache(
            "inbox.retention", CacheOptions(ttl: .seconds(600), capacity: 20_000, tags: { _ in [Tag.rules] }),
            in: caches)
        pacer = StepPacer(
            StepPace(sizes: Erasure.Bounds.rows, target: Erasure.Bounds.step, share: Erasure.Bounds.share),
            clock: clock)
    }

    /// What a company has said and what has gone by it, from memory as a rule.
    func record(in tenant: Tenant) async throws -> RetentionRecord {
        try await kept.value(for: "all", in: tenant) { [store, storage] in
            try await shared { try await store.record(through: storage.reader(for: tenant), in: tenant) }
        }
    }

    /// Says what a company keeps for how long, from the next day on: two statements.
    ///
    /// - Throws: `inbox.settingInvalid` naming the field.
    func set(_ rules: RetentionRules, by person: ID<Person>, in tenant: Tenant) async throws {
        if let fault = rules.fault {
            throw InboxError(
                .settingInvalid,
                "What is kept is said as nothing, for ever, or as \(RetentionRules.Bounds.days.lowerBound) to "
                    + "\(RetentionRules.Bounds.days.upperBound) days.",
                context: ["field": fault])
        }
        let now = clock.now()
        try await storage.write(for: tenant) { transaction in
            try await store.set(rules, at: now, through: transaction, in: tenant)
            try await trail.append(
                "retention.changed", by: .person(person), on: ("company", tenant.id.description),
                [
                    "conversationDays": rules.conversationDays.map(String.init) ?? "never",
                    "fileDays": rules.fileDays.map(String.init) ?? "never",
                ], for: tenant, in: transaction)
            transaction.afterCommit(.invalidate(tag: Tag.rules))
        }
    }

    // MARK: The job

    /// Does one step, and asks for the next; without anything to do, nothing.
    func step(in tenant: Tenant) async throws {
        if try await dropMessages(in: tenant) { return }
        if try await exports.steps.expire(in: tenant) {
            return try await storage.write(for: tenant) { try InboxJobs.retention(in: $0) }
        }
        // As it is written now: a rule that was taken back a moment ago deletes nothing more.
        let rules = try await store.record(through: storage.reader(for: tenant), in: tenant).rules
        if let days = rules.conversationDays, try await dropConversations(olderThan: days, in: tenant) { return }
        if let days = rules.fileDays { try await dropFiles(olderThan: days, in: tenant) }
    }

    /// Deletes some messages of conversations that are gone; `false` when there are none.
    private func dropMessages(in tenant: Tenant) async throws -> Bool {
        try await pacer.step { step in
            try await storage.write(for: tenant) { transaction in
                let retired = try await store.retired(through: transaction, in: tenant)
                guard !retired.isEmpty else { return false }
                step.begin()
                let messages = try await erasing.dropMessages(
                    of: retired, max: step.size, through: transaction, in: tenant)
                try transaction.add(messages.map { WordsOutbox.Row(message: $0, words: nil) }, to: WordsOutbox.self)
                if messages.count < step.size {
                    try await store.settle(retired, through: transaction, in: tenant)
                }
                try InboxJobs.retention(after: step.rest, in: transaction)
                return true
            }
        }
    }

    /// Deletes the heads of some conversations with all that belongs to them, and has their messages and files go; `false`
    /// when there are none.
    private func dropConversations(olderThan days: Int, in tenant: Tenant) async throws -> Bool {
        let now = clock.now()
        let gone = try await pacer.step { step in
            try await storage.write(for: tenant) { transaction in
                let closed = try await store.closed(
                    before: now - InboxSchema.day * days, max: step.size, through: transaction, in: tenant)
                guard !closed.isEmpty else { return 0 }
                step.begin()
                try await store.retire(closed, through: transaction, in: tenant)
                try await erasing.dropConversations(closed, through: transaction, in: tenant)
                for id in closed { try InboxJobs.forgetFiles(.conversation(id), in: transaction) }
                try await store.note(conversations: closed.count, at: now, through: transaction, in: tenant)
                try InboxJobs.retention(after: step.rest, in: transaction)
                transaction.afterCommit(.invalidate(tag: Tag.rules))
                return closed.count
            }
        }
        if gone > 0 { events.record(.conversationsRetired, amount: gone, ["conversations": .number(gone)]) }
        return gone > 0
    }

    /// Deletes the contents of some files: the bytes first, so that what is left behind by a crash is found again.
    private func dropFiles(olderThan days: Int, in tenant: Tenant) async throws {
        let now = clock.now()
        let old = try await store.files(before: now - InboxSchema.day * days, in: tenant)
        guard !old.isEmpty else { return }
        try await files.deleteBytes(of: old, in: tenant)
        let gone = Set(old.map(\.id))
        try await storage.write(for: tenant) { transaction in
            let messages = Array(Set(old.compactMap(\.messageID))).sorted()
            let attachments = try await store.attachments(of: messages, through: transaction, in: tenant)
            try await store.set(
                attachments.map { line in
                    (line.message, line.files.map { file in file.id.map(gone.contains) == true ? file.expired : file })
                }, through: transaction, in: tenant)
            try await files.store.delete(old.map(\.id), through: transaction, in: tenant)
            try await store.note(files: old.count, at: now, through: transaction, in: tenant)
            try InboxJobs.retention(in: transaction)
            transaction.afterCommit(.invalidate(tag: Tag.rules))
        }
        events.record(.filesRetired, amount: old.count, ["files": .number(old.count), "reason": "age"])
    }
}

extension MessageFile {
    /// The word for a file whose time is over.
    static let expiry = "expired"

    /// The same without its contents, whose time is over.
    fileprivate var expired: MessageFile {
        var copy = self
        copy.id = nil
        copy.bytes = nil
        copy.address = nil
        copy.reference = nil
        copy.failure = Self.expiry
        return copy
    }
}
