import Base
import Jobs
import Storage

/// What is done for lists beside requests.
enum ListJobs {
    static let addSelection = JobKind<Selection>(
        "discovery.list.addSelection", lane: .bulk, timeout: .seconds(600), unique: .whilePending)
    static let respace = JobKind<BoardWork>(
        "discovery.list.respace", lane: .bulk, timeout: .seconds(300), unique: .whilePending)
    static let regroup = JobKind<ID<CreatorList>>(
        "discovery.list.regroup", lane: .bulk, attemptsMax: 20, timeout: .seconds(600), unique: .whilePending)
    /// A line of the log follows from what was done, outside of the transaction that did it.
    static let activity = JobKind<Activity>("discovery.activity", attemptsMax: 10, isKept: false)

    /// Enqueues the line of the log that tells what a transaction does.
    static func record(_ activity: Activity, in transaction: WriteTransaction) throws(StorageError) {
        try transaction.enqueue(Self.activity, activity)
    }

    static func add(_ selection: Selection, in transaction: WriteTransaction) throws(StorageError) {
        try transaction.enqueue(addSelection, selection, key: "\(selection.list) \(selection.source)")
    }

    static func respace(
        _ list: ID<CreatorList>, bucket: String, in transaction: WriteTransaction
    ) throws(StorageError) {
        try transaction.enqueue(respace, BoardWork(list: list, bucket: bucket), key: "\(list) \(bucket)")
    }

    static func regroup(_ list: ID<CreatorList>, in transaction: WriteTransaction) throws(StorageError) {
        try transaction.enqueue(regroup, list, key: list.description)
    }

    /// How they are handled.
    static func handlers(_ steps: ListSteps, _ contacts: ContactStore, _ storage: Storage) -> [JobHandler] {
        [
            addSelection.handler { selection, context in
                try await steps.add(selection, in: context.tenant, isCancelled: { context.isCancelled }) {
                    try await context.progress($0, of: $1)
                }
            },
            respace.handler { work, context in try await steps.respace(work, in: context.tenant) },
            regroup.handler { list, context in try await steps.regroup(list, in: context.tenant) },
            activity.batchHandler(max: 200) { activities, contexts in
                // A batch may be of several tenants; each tenant's lines are one statement.
                var results = [Result<Void, any Error>](repeating: .success(()), count: activities.count)
                for tenant in Set(contexts.map(\.tenant)) {
                    let places = contexts.indices.filter { contexts[$0].tenant == tenant }
                    do {
                        try await storage.write(for: tenant) { transaction in
                            try await contacts.record(
                                places.map { activities[$0] }, through: transaction, in: tenant)
                        }
                    } catch {
                        for place in places { results[place] = .failure(error) }
                    }
                }
                return results
            },
        ]
    }
}
