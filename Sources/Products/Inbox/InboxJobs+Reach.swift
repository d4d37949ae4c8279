import Base
import Jobs
import Storage

/// What is done for channels, files, outgoing hooks and knowledge.
extension InboxJobs {
    /// Brings what an older version has written up to date.
    static let mend = JobKind<NoJobInput>(
        "inbox.backfill", lane: .bulk, timeout: .seconds(600), unique: .whilePendingOrRunning, isKept: false)
    /// Has all channels be looked after.
    static let checkAll = JobKind<NoJobInput>(
        "inbox.channel.checkAll", lane: .bulk, timeout: .seconds(600), unique: .whilePendingOrRunning, isKept: false)
    static let check = JobKind<ID<Channel>>(
        "inbox.channel.check", attemptsMax: 3, timeout: .seconds(120), unique: .whilePending, isKept: false)
    /// Copies what came with a message from the vendor's addresses.
    static let attachments = JobKind<ID<Message>>(
        "inbox.attachment.fetch", lane: .bulk, attemptsMax: 5,
        backoff: .exponential(from: .seconds(5), to: .seconds(600)), timeout: .seconds(600), unique: .whilePending,
        isKept: false)
    /// Asks a vendor who somebody is, and copies their picture.
    static let introduce = JobKind<ID<ContactPoint>>(
        "inbox.contact.introduce", lane: .bulk, attemptsMax: 5,
        backoff: .exponential(from: .seconds(5), to: .seconds(600)), timeout: .seconds(180), unique: .whilePending,
        isKept: false)
    /// Deletes the files of what is gone.
    static let forgetFiles = JobKind<FilesGone>(
        "inbox.file.forget", lane: .bulk, attemptsMax: 10, timeout: .seconds(600), isKept: false)
    /// Tells an endpoint of the company's: eight attempts within a day.
    static let outgoing = JobKind<ID<OutgoingHook>>(
        "inbox.hook.out", attemptsMax: OutgoingHook.Bounds.attempts,
        backoff: .exponential(from: .seconds(900), to: .seconds(57_600)), timeout: .seconds(30), isKept: false)
    /// Reads an address that the bot answers from.
    static let readSource = JobKind<ID<KnowledgeSource>>(
        "inbox.source.read", lane: .bulk, attemptsMax: 5,
        backoff: .exponential(from: .seconds(60), to: .seconds(3_600)), timeout: .seconds(180), unique: .whilePending)
    /// Answers beforehand what is asked most.
    static let prepare = JobKind<NoJobInput>(
        "inbox.embedding.popular", lane: .bulk, attemptsMax: 3, timeout: .seconds(900), unique: .whilePending,
        isKept: false)
    /// Has those companies prepare answers for whom it is two o'clock at night.
    static let prepareAll = JobKind<NoJobInput>(
        "inbox.embedding.popularAll", lane: .bulk, timeout: .seconds(600), unique: .whilePendingOrRunning, isKept: false
    )

    static func check(_ id: ID<Channel>, in transaction: WriteTransaction) throws(StorageError) {
        try transaction.enqueue(check, id, key: id.description)
    }

    static func attachments(_ id: ID<Message>, in transaction: WriteTransaction) throws(StorageError) {
        try transaction.enqueue(attachments, id, key: id.description)
    }

    static func introduce(_ id: ID<ContactPoint>, in transaction: WriteTransaction) throws(StorageError) {
        try transaction.enqueue(introduce, id, key: id.description)
    }

    static func forgetFiles(_ gone: FilesGone, in transaction: WriteTransaction) throws(StorageError) {
        try transaction.enqueue(forgetFiles, gone)
    }

    static func outgoing(_ id: ID<OutgoingHook>, in transaction: WriteTransaction) throws(StorageError) {
        try transaction.enqueue(outgoing, id)
    }

    /// Has an address be read now, whatever waits for its week to be over.
    static func readSource(_ id: ID<KnowledgeSource>, in transaction: WriteTransaction) throws(StorageError) {
        try transaction.enqueue(readSource, id, key: "\(id):now")
    }

    static func readSource(
        _ id: ID<KnowledgeSource>, after delay: Duration, in transaction: WriteTransaction
    ) throws(StorageError) {
        try transaction.enqueue(readSource, id, key: id.description, after: delay)
    }

    static func prepare(after delay: Duration, in transaction: WriteTransaction) throws(StorageError) {
        try transaction.enqueue(prepare, NoJobInput(), key: "all", after: delay)
    }

    static var reachSchedules: [JobSchedule] {
        [
            JobSchedule("inbox.channels", every: .seconds(600), checkAll, NoJobInput()),
            JobSchedule("inbox.popular", cron: "0 * * * *", prepareAll, NoJobInput()),
        ]
    }

    static func reachHandlers(_ office: Office) -> [JobHandler] {
        [
            checkAll.handler { [desk = office.channels] _, _ in try await desk.enqueueChecking() },
            check.handler { [care = office.care] id, context in try await care.check(id, in: context.tenant) },
            attachments.handler { [steps = office.attachments] id, context in
                try await steps.fetch(id, in: context.tenant, isLastAttempt: context.isLastAttempt)
            },
            introduce.handler { [steps = office.attachments] id, context in
                try await steps.introduce(id, in: context.tenant)
            },
            forgetFiles.handler { [desk = office.files] gone, context in
                try await desk.forget(gone, in: context.tenant)
            },
            outgoing.handler { [desk = office.outgoing] id, context in
                try await desk.deliver(id, in: context.tenant, isLastAttempt: context.isLastAttempt)
            },
            readSource.handler { [desk = office.sources] id, context in
                try await desk.read(id, in: context.tenant, isLastAttempt: context.isLastAttempt)
            },
            prepare.handler { [desk = office.prepared] _, context in try await desk.prepare(in: context.tenant) },
            prepareAll.handler { [desk = office.prepared] _, _ in try await desk.enqueue() },
        ]
    }
}
