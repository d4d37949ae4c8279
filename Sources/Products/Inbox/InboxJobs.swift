import Base
import Jobs
import Storage

/// What is done beside requests.
enum InboxJobs {
    enum Bounds {
        /// Conversations whose answers a process sends at once, of sixteen places on the lane.
        static let sendingAtOnce = 12
        /// Bots that think at once in a process, of thirty-two places on the lane.
        static let turnsAtOnce = 24
    }

    /// Works off what waits of a conversation.
    ///
    /// While one waits no second one does: it will find whatever has come.
    static let ingest = JobKind<ConversationKey>(
        "inbox.inbound.ingest", lane: .interactive, attemptsMax: 3,
        backoff: .exponential(from: .seconds(2), to: .seconds(60)), unique: .whilePending, isKept: false)
    /// Sends what is queued of a conversation.
    ///
    /// Never all of the lane, so that vendors who take their time do not hold up what comes in.
    static let send = JobKind<ID<Conversation>>(
        "inbox.message.send", lane: .interactive, attemptsMax: 5, timeout: .seconds(120), unique: .whilePending,
        concurrency: .fixed(Bounds.sendingAtOnce), isKept: false)
    /// The bot's turn after the customer's last message.
    ///
    /// On another lane than what comes in, and never all of it: a model takes seconds for an answer.
    static let botTurn = JobKind<ID<Conversation>>(
        "inbox.bot.turn", attemptsMax: 3, backoff: .exponential(from: .seconds(2), to: .seconds(30)),
        timeout: .seconds(120), unique: .whilePending, concurrency: .fixed(Bounds.turnsAtOnce), isKept: false)
    /// Reads a document and makes its passages findable.
    static let index = JobKind<ID<KnowledgeDocument>>(
        "inbox.document.index", lane: .bulk, attemptsMax: 5, timeout: .seconds(900), unique: .whilePending)
    /// Counts what has happened, of all companies.
    static let fold = JobKind<NoJobInput>(
        "inbox.counts.fold", timeout: .seconds(120), unique: .whilePendingOrRunning, isKept: false)
    /// Carries out the rules for something that has happened.
    static let rule = JobKind<RuleEvent>("inbox.rule.run", attemptsMax: 3, isKept: false)
    /// Has all channels be compared with what their vendors say.
    static let reconcileAll = JobKind<NoJobInput>(
        "inbox.reconcile.all", lane: .bulk, timeout: .seconds(600), unique: .whilePendingOrRunning, isKept: false)
    static let reconcile = JobKind<ID<Channel>>(
        "inbox.reconcile.pull", attemptsMax: 3, timeout: .seconds(300), unique: .whilePendingOrRunning, isKept: false)
    static let wake = JobKind<ID<Conversation>>("inbox.snooze.wake", attemptsMax: 10, isKept: false)
    /// Deletes contacts with their conversations, in steps.
    static let erase = JobKind<ID<Erasure>>(
        "inbox.contact.erase", lane: .bulk, attemptsMax: 10, timeout: .seconds(120), unique: .whilePending)
    static let sendLater = JobKind<ID<ScheduledMessage>>("inbox.scheduled.send", attemptsMax: 10)

    /// Looks for somebody who takes a conversation.
    static let handOut = JobKind<HandOut>(
        "inbox.assign", lane: .interactive, attemptsMax: 5, unique: .whilePending, isKept: false)
    /// Looks at the clocks whose time has come, of all companies.
    static let promises = JobKind<NoJobInput>(
        "inbox.sla.due", timeout: .seconds(120), unique: .whilePendingOrRunning, isKept: false)
    /// Seals the days of a company that are over.
    static let seal = JobKind<NoJobInput>("inbox.hour.seal", attemptsMax: 3, isKept: false)

    static func handOut(
        _ id: ID<Conversation>, attempt: Int, after delay: Duration?, in transaction: WriteTransaction
    ) throws(StorageError) {
        try transaction.enqueue(
            handOut, HandOut(conversation: id, attempt: attempt), key: id.description, after: delay)
    }

    static func ingest(_ key: ConversationKey, in transaction: WriteTransaction) throws(StorageError) {
        try transaction.enqueue(ingest, key, key: key.text, priority: .high)
    }

    static func send(
        _ id: ID<Conversation>, after delay: Duration?, in transaction: WriteTransaction
    ) throws(StorageError) {
        try transaction.enqueue(send, id, key: id.description, after: delay)
    }

    static func botTurn(
        _ id: ID<Conversation>, after delay: Duration?, in transaction: WriteTransaction
    ) throws(StorageError) {
        try transaction.enqueue(botTurn, id, key: id.description, after: delay)
    }

    static func index(
        _ id: ID<KnowledgeDocument>, in transaction: WriteTransaction
    ) throws(StorageError) {
        try transaction.enqueue(index, id, key: id.description)
    }

    static func rule(_ event: RuleEvent, in transaction: WriteTransaction) throws(StorageError) {
        try transaction.enqueue(rule, event)
    }

    static func reconcile(_ id: ID<Channel>, in transaction: WriteTransaction) throws(StorageError) {
        try transaction.enqueue(reconcile, id, key: id.description)
    }

    static func wake(
        _ id: ID<Conversation>, after delay: Duration, in transaction: WriteTransaction
    ) throws(StorageError) {
        try transaction.enqueue(wake, id, after: delay)
    }

    static func sendLater(
        _ id: ID<ScheduledMessage>, after delay: Duration, in transaction: WriteTransaction
    ) throws(StorageError) {
        try transaction.enqueue(sendLater, id, after: delay)
    }

    static func erase(
        _ id: ID<Erasure>, after rest: Duration?, in transaction: WriteTransaction
    ) throws(StorageError) {
        try transaction.enqueue(erase, id, key: id.description, after: rest)
    }

    /// What is done by the clock; a second in which nothing has happened costs a look.
    static func schedules(_ office: Office) -> [JobSchedule] {
        [
            JobSchedule(
                "inbox.counts", every: .seconds(1), fold, NoJobInput(), missed: .skip,
                onlyIf: { [store = office.counts.store] in try await store.hasTallies() }),
            JobSchedule(
                "inbox.promises", every: .seconds(5), promises, NoJobInput(), missed: .skip,
                onlyIf: { [store = office.promises.store, clock = office.clock] in
                    try await store.hasDue(at: clock.now())
                }),
            JobSchedule(
                "inbox.seals", every: .seconds(3_600), seal, NoJobInput(), missed: .once, audience: .eachTenant),
            JobSchedule("inbox.reconcile", every: .seconds(900), reconcileAll, NoJobInput()),
            JobSchedule(
                "inbox.backfill", every: .seconds(5), mend, NoJobInput(), missed: .skip,
                onlyIf: { [steps = BackfillSteps(storage: office.storage)] in try await steps.isNeeded() }),
        ] + reachSchedules + keepingSchedules
    }

    /// How they are handled.
    static func handlers(_ office: Office) -> [JobHandler] {
        [
            ingest.handler { [steps = office.ingest] key, context in
                try await steps.ingest(key, in: context.tenant, isLastAttempt: context.isLastAttempt) { body in
                    try await context.complete { try await body($0) }
                }
            },
            send.handler { [steps = office.sending] id, context in try await steps.send(id, in: context.tenant) },
            botTurn.handler { [steps = office.bot] id, context in try await steps.turn(id, in: context.tenant) },
            index.handler { [desk = office.knowledge] id, context in
                do {
                    try await desk.index(id, in: context.tenant)
                } catch  where context.isLastAttempt {
                    try await desk.giveUp(id, in: context.tenant)
                    throw error
                }
            },
            fold.handler { [desk = office.counts] _, _ in try await desk.fold() },
            handOut.handler { [desk = office.assignments] wish, context in
                try await desk.handOut(wish, in: context.tenant)
            },
            promises.handler { [desk = office.promises] _, _ in try await desk.lookAtDue() },
            seal.handler { [desk = office.seals] _, context in _ = try await desk.seal(in: context.tenant) },
            rule.handler { [desk = office.rules] event, context in
                try await desk.carryOut(event, in: context.tenant)
            },
            mend.handler { [steps = BackfillSteps(storage: office.storage)] _, _ in try await steps.mend() },
            reconcileAll.handler { [desk = office.channels] _, _ in try await desk.enqueueReconciling() },
            reconcile.handler { [steps = office.ingest] id, context in
                try await steps.reconcile(id, in: context.tenant)
            },
            erase.handler { [desk = office.erasures] id, context in try await desk.step(id, in: context.tenant) },
            wake.handler { [desk = office.conversations] id, context in
                try await desk.wake(id, in: context.tenant)
            },
            sendLater.handler { [desk = office.scheduled] id, context in
                try await desk.send(id, in: context.tenant)
            },
        ] + reachHandlers(office) + keepingHandlers(office)
    }
}
