import Base
import Jobs
import Storage

/// What is done beside requests.
enum InboxJobs {
    /// Works off what waits of a conversation. While one waits no second one does: it will find whatever has come.
    static let ingest = JobKind<ConversationKey>(
        "inbox.inbound.ingest", lane: .interactive, attemptsMax: 3,
        backoff: .exponential(from: .seconds(2), to: .seconds(60)), unique: .whilePending, isKept: false)
    /// Sends what is queued of a conversation.
    static let send = JobKind<ID<Conversation>>(
        "inbox.message.send", lane: .interactive, attemptsMax: 5, timeout: .seconds(120), unique: .whilePending,
        isKept: false)
    static let wake = JobKind<ID<Conversation>>("inbox.snooze.wake", attemptsMax: 10, isKept: false)
    static let sendLater = JobKind<ID<ScheduledMessage>>("inbox.scheduled.send", attemptsMax: 10)

    static func ingest(_ key: ConversationKey, in transaction: WriteTransaction) throws(StorageError) {
        try transaction.enqueue(ingest, key, key: key.text, priority: .high)
    }

    static func send(
        _ id: ID<Conversation>, after delay: Duration?, in transaction: WriteTransaction
    ) throws(StorageError) {
        try transaction.enqueue(send, id, key: id.description, after: delay)
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

    /// How they are handled.
    static func handlers(_ office: Office) -> [JobHandler] {
        [
            ingest.handler { [steps = office.ingest] key, context in
                try await steps.ingest(key, in: context.tenant, isLastAttempt: context.isLastAttempt) { body in
                    try await context.complete { try await body($0) }
                }
            },
            send.handler { [steps = office.sending] id, context in try await steps.send(id, in: context.tenant) },
            wake.handler { [desk = office.conversations] id, context in
                try await desk.wake(id, in: context.tenant)
            },
            sendLater.handler { [desk = office.scheduled] id, context in
                try await desk.send(id, in: context.tenant)
            },
        ]
    }
}
