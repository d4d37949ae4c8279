import Logging

/// The platform's events. `Documentation/Reference/events.md` shows them as a table.
extension Event {
    /// All of the platform's events.
    public static let platform: [Event] = [
        .processStarted, .processDrained, .processStopped, .serviceFailed, .settingRejected,
        .requestServed, .requestFailed, .requestRefused, .budgetExceeded, .requestAborted, .clientDisconnected,
        .connectionOpened, .connectionLost, .connectionRefused, .poolExhausted, .statementSlowed, .statementFailed,
        .transactionRetried, .flushSplit, .migrationApplied, .migrationRefused, .rowsRetired, .backupWritten,
        .cacheRefreshed, .cacheLoadFailed, .cacheInvalidated, .staleServed,
        .limitRefused, .reservationExpired, .breakerOpened, .breakerClosed, .dependencyPaused,
        .coordinationDegraded, .coordinationHealed, .busReconnected, .busLagged,
        .outboundAnswered, .outboundFailed, .modelAnswered, .modelFailed, .modelReplaced,
        .blobStored, .blobRejected, .blobRetired, .blobFailed,
        .personRegistered, .signInSucceeded, .signInRefused, .sessionsRevoked, .apiKeyCreated, .apiKeyRevoked,
        .jobEnded, .jobRetried, .jobBuried, .jobLoopFailed, .leaseLost, .workerRecovered, .workerFenced, .scheduleFired,
        .erasureBegun, .erasureFailed, .erasureFinished, .auditWritten, .pushSettled, .flagChanged,
        .topicReadFailed,
    ]

    // MARK: Process

    /// A process serves.
    public static let processStarted = Event(
        "process.started", .info, "The process is up and serves.", fields: ["version", "listen", "database", "took"])
    /// A process takes no more work.
    public static let processDrained = Event(
        "process.drained", .info, "The process takes no more work and has ended what it had.", fields: ["took", "open"])
    /// A process ends.
    public static let processStopped = Event(
        "process.stopped", .info, "The process ends.", fields: ["reason", "uptime"])
    /// A service ended unexpectedly.
    public static let serviceFailed = Event(
        "service.failed", .critical, "A background service ended although nobody had asked it to.",
        fields: ["service", "code"])
    /// A setting cannot be used.
    public static let settingRejected = Event(
        "setting.rejected", .error, "A setting's value cannot be used.", fields: ["key", "reason"])

    // MARK: Web

    /// A request was answered.
    public static let requestServed = Event(
        "request.served", .debug, "A request was answered.",
        fields: ["route", "method", "status", "took", "statements", "bytes"],
        feeds: .histogram("capstan_request_duration_seconds"))
    /// A request ended in an error of the server.
    public static let requestFailed = Event(
        "request.failed", .error, "A request ended with a status of 500 or above.",
        fields: ["route", "method", "status", "code", "error"])
    /// A request was refused for the client's fault.
    public static let requestRefused = Event(
        "request.refused", .debug, "A request was refused with a status of 400 to 499.",
        fields: ["route", "method", "status", "code"])
    /// A route used too many statements.
    public static let budgetExceeded = Event(
        "budget.exceeded", .warning, "A request sent more statements than its route declares.",
        fields: ["route", "statements", "budget"])
    /// A request was ended before its answer.
    public static let requestAborted = Event(
        "request.aborted", .notice, "A request ran into its deadline and was cancelled.", fields: ["route", "took"])
    /// A client went away.
    public static let clientDisconnected = Event(
        "client.disconnected", .debug, "A client went away before its answer was complete.", fields: ["route", "bytes"])

    // MARK: Storage

    /// A database connection is there.
    public static let connectionOpened = Event(
        "connection.opened", .info, "A connection to a database was opened.", fields: ["engine", "pool", "took"])
    /// A database connection broke.
    public static let connectionLost = Event(
        "connection.lost", .warning, "A connection to a database broke and is opened again.",
        fields: ["engine", "pool", "code"])
    /// A database refuses connections.
    public static let connectionRefused = Event(
        "connection.refused", .error, "A database cannot be reached or refuses the connection.",
        fields: ["engine", "pool", "code", "retryIn"])
    /// No connection became free.
    public static let poolExhausted = Event(
        "pool.exhausted", .warning, "No connection became free within the deadline.",
        fields: ["pool", "waiting", "holders", "waited"])
    /// A statement took long.
    public static let statementSlowed = Event(
        "statement.slowed", .notice, "A statement took longer than the slow bound.",
        fields: ["statement", "took", "rows"])
    /// A statement failed.
    public static let statementFailed = Event(
        "statement.failed", .warning, "A statement failed for another reason than a constraint.",
        fields: ["statement", "code"])
    /// A transaction was run again.
    public static let transactionRetried = Event(
        "transaction.retried", .info, "A transaction failed to serialise or deadlocked and was run again.",
        fields: ["name", "attempt", "code"])
    /// A grouped write was split.
    public static let flushSplit = Event(
        "flush.split", .notice, "A grouped write failed and was split to find the row that cannot be written.",
        fields: ["kind", "rows", "code"])
    /// A migration ran.
    public static let migrationApplied = Event(
        "migration.applied", .notice, "A migration was applied.", fields: ["module", "migration", "took"])
    /// The database's history differs.
    public static let migrationRefused = Event(
        "migration.refused", .critical, "The database's history differs from this program's; nothing was changed.",
        fields: ["module", "migration", "reason"])
    /// Old rows were deleted.
    public static let rowsRetired = Event(
        "rows.retired", .info, "Rows past their retention were deleted.", fields: ["table", "rows", "took"],
        feeds: .counter("capstan_rows_retired_total"))
    /// A backup is complete.
    public static let backupWritten = Event(
        "backup.written", .notice, "A backup was written and read back.", fields: ["bytes", "took"])

    // MARK: Caching

    /// A cached value was loaded anew.
    public static let cacheRefreshed = Event(
        "cache.refreshed", .trace, "A value was loaded into a cache.", fields: ["cache", "took"],
        feeds: .histogram("capstan_cache_load_duration_seconds"))
    /// A load failed.
    public static let cacheLoadFailed = Event(
        "cacheLoad.failed", .warning, "A value could not be loaded into a cache.", fields: ["cache", "code"])
    /// A tag was invalidated.
    public static let cacheInvalidated = Event(
        "cache.invalidated", .debug, "Values of a tag were invalidated.", fields: ["cache", "tag"])
    /// Old values are served.
    public static let staleServed = Event(
        "stale.served", .notice, "A value past its time was served, because its source fails.",
        fields: ["cache", "age"])

    // MARK: Limits

    /// A limit said no.
    public static let limitRefused = Event(
        "limit.refused", .debug, "A limit refused.", fields: ["limit", "reason", "retryIn"])
    /// A reservation was never settled.
    public static let reservationExpired = Event(
        "reservation.expired", .notice, "A reservation was neither settled nor released in time.", fields: ["limit"])
    /// A dependency is given a rest.
    public static let breakerOpened = Event(
        "breaker.opened", .warning, "A dependency fails and is not called for a while.",
        fields: ["dependency", "failures", "retryIn"])
    /// A dependency is back.
    public static let breakerClosed = Event(
        "breaker.closed", .notice, "A dependency answers again.", fields: ["dependency", "openFor"])
    /// A dependency is left alone because it asked for that, or because another node says so.
    public static let dependencyPaused = Event(
        "dependency.paused", .notice, "A dependency asked to be left alone, or another node told that it is to be.",
        fields: ["dependency", "reason", "retryIn", "from"])

    // MARK: Coordination

    /// Nodes decide for themselves.
    public static let coordinationDegraded = Event(
        "coordination.degraded", .error,
        "What nodes share cannot be reached: this node decides for itself until it is back.",
        fields: ["store", "code", "retryIn"], feeds: .counter("capstan_coordination_degraded_total"))
    /// Nodes decide together again.
    public static let coordinationHealed = Event(
        "coordination.healed", .notice, "What nodes share is reached again.", fields: ["store", "took"])
    /// The bus is back.
    public static let busReconnected = Event(
        "bus.reconnected", .notice, "The bus is connected again; messages may have been missed.",
        fields: ["topic", "took"])
    /// A listener is slow.
    public static let busLagged = Event(
        "bus.lagged", .warning, "A listener fell behind and missed messages.", fields: ["topic", "missed"])

    // MARK: Jobs

    /// A run of a job is over.
    public static let jobEnded = Event(
        "job.ended", .debug, "A run of a job is over.", fields: ["kind", "fate", "took", "statements"],
        feeds: .histogram("capstan_job_duration_seconds"))
    /// A job is tried again.
    public static let jobRetried = Event(
        "job.retried", .info, "An attempt at a job failed and is made again later.",
        fields: ["kind", "attempt", "reason"], feeds: .counter("capstan_jobs_retried_total"))
    /// A job is given up.
    public static let jobBuried = Event(
        "job.buried", .warning, "A job was given up and is a dead letter.", fields: ["kind", "job", "reason"],
        feeds: .counter("capstan_jobs_buried_total"))
    /// A worker's loop failed.
    public static let jobLoopFailed = Event(
        "jobLoop.failed", .warning, "A worker could not reach the queues and tries again.", fields: ["what", "code"])
    /// A worker lost a job.
    public static let leaseLost = Event(
        "lease.lost", .warning, "A worker ended a job that was not its own any more; nothing was written.",
        fields: ["job"], feeds: .counter("capstan_job_leases_lost_total"))
    /// A dead worker's jobs are taken over.
    public static let workerRecovered = Event(
        "worker.recovered", .warning, "A worker gave no sign of life; its jobs wait again.",
        fields: ["worker", "jobs"], feeds: .counter("capstan_jobs_recovered_total"))
    /// A worker learns that it was taken to be dead.
    public static let workerFenced = Event(
        "worker.fenced", .warning, "This worker was taken to be dead and starts anew; what it had is done elsewhere.",
        fields: ["worker", "jobs"])
    /// A schedule fired.
    public static let scheduleFired = Event(
        "schedule.fired", .debug, "A schedule enqueued its jobs.", fields: ["schedule", "tick", "jobs"])

    // MARK: Outbound

    /// The outside world answered.
    public static let outboundAnswered = Event(
        "outbound.answered", .debug, "A call to the outside world was answered.",
        fields: ["method", "host", "status", "took"],
        feeds: .histogram(
            "capstan_outbound_duration_seconds", by: MetricLabel("status", ["2xx", "3xx", "4xx", "5xx"])))
    /// A call failed.
    public static let outboundFailed = Event(
        "outbound.failed", .notice, "A call to the outside world failed or was refused.", fields: ["code", "took"],
        feeds: .counter(
            "capstan_outbound_failures_total",
            by: MetricLabel(
                "code",
                [
                    "requestInvalid", "addressRefused", "unresolved", "unreachable", "tls", "timedOut", "closed",
                    "malformed", "tooLarge", "redirectRefused", "busy", "contentFailed",
                ])))

    // MARK: Blobs

    /// An object is stored.
    public static let blobStored = Event(
        "blob.stored", .debug, "An object was stored.", fields: ["bytes", "took"],
        feeds: .counter("capstan_blob_stored_bytes_total", unit: .bytes))
    /// An object was refused.
    public static let blobRejected = Event(
        "blob.rejected", .info, "An object was refused: too large, cut off, or not what it claims.",
        fields: ["code", "bytes"])
    /// Old objects were deleted.
    public static let blobRetired = Event(
        "blob.retired", .info, "Objects past their lifecycle were deleted.", fields: ["prefix", "objects"],
        feeds: .counter("capstan_blob_retired_total"))
    /// The object store fails.
    public static let blobFailed = Event(
        "blob.failed", .error, "The object store could not read or write.", fields: ["code", "operation"])

    // MARK: AIProviders

    private static let providerNames = ["openai", "anthropic", "perplexity", "compatible", "local"]
    private static let providers = MetricLabel("provider", providerNames)

    /// A provider as a label has it: one of those that settings know.
    public static func providerLabel(_ name: String) -> String {
        providerNames.contains(name) ? name : MetricLabel.other
    }

    /// A model has answered.
    public static let modelAnswered = Event(
        "model.answered", .debug, "A language model has answered.",
        fields: ["model", "reason", "input", "output", "took"],
        feeds: .histogram("capstan_model_duration_seconds", by: providers))
    /// A model has not answered.
    public static let modelFailed = Event(
        "model.failed", .warning, "A call of a language model failed, and no other one was left to ask.",
        fields: ["model", "code", "took"], feeds: .counter("capstan_model_failed_total", by: providers))
    /// Another model was asked.
    public static let modelReplaced = Event(
        "model.replaced", .notice, "A language model failed before its first text, and the next one was asked.",
        fields: ["from", "to", "code"], feeds: .counter("capstan_model_replaced_total", by: providers))

    // MARK: Accounts

    /// A person signed up.
    public static let personRegistered = Event(
        "person.registered", .info, "A person signed up.", fields: ["person"])
    /// A person signed in.
    public static let signInSucceeded = Event(
        "signIn.succeeded", .info, "A person signed in.", fields: ["person"])
    /// A sign-in was refused.
    public static let signInRefused = Event(
        "signIn.refused", .info, "A sign-in was refused.", fields: ["reason"],
        feeds: .counter(
            "capstan_sign_in_refused_total",
            by: MetricLabel("reason", ["credentials", "limited", "banned", "busy"])))
    /// A person's sessions ended.
    public static let sessionsRevoked = Event(
        "sessions.revoked", .notice, "All sessions of a person were ended.", fields: ["person", "reason"])
    /// A key was made.
    public static let apiKeyCreated = Event(
        "apiKey.created", .notice, "An API key was made.", fields: ["key", "person"])
    /// A key was withdrawn.
    public static let apiKeyRevoked = Event(
        "apiKey.revoked", .notice, "An API key was withdrawn.", fields: ["key", "person"])
    /// A person has left.
    public static let erasureBegun = Event(
        "erasure.begun", .notice, "A person has closed the account; what was done is being removed.",
        fields: ["request"])
    /// A step of an erasure failed.
    public static let erasureFailed = Event(
        "erasure.failed", .error, "A step of removing a person failed and is tried again.",
        fields: ["request", "code"], feeds: .counter("capstan_erasure_failed_total"))
    /// A person is removed.
    public static let erasureFinished = Event(
        "erasure.finished", .notice, "Everything of a person who has left is removed.",
        fields: ["request", "took"])
    /// An audit entry was written.
    public static let auditWritten = Event(
        "audit.written", .debug, "An audit entry was written.", fields: ["action"])

    /// A push to a device has come to something.
    public static let pushSettled = Event(
        "push.settled", .debug, "A push to a device was delivered, put off or given up.",
        fields: ["outcome", "kind", "attempt"],
        feeds: .counter(
            "capstan_pushes_total",
            by: MetricLabel("outcome", ["delivered", "gone", "refused", "retried", "abandoned", "expired"])))

    // MARK: Hosting

    /// A feature flag was changed.
    public static let flagChanged = Event(
        "flag.changed", .notice, "A feature flag was changed.", fields: ["flag", "person"])

    // MARK: Realtime

    /// A topic's log could not be read.
    public static let topicReadFailed = Event(
        "topicRead.failed", .warning, "The log of a topic could not be read or trimmed; the next look tries again.",
        fields: ["code"])
}
