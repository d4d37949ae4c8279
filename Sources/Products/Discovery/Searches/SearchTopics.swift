import Base
import Foundation
import Realtime
import Storage
import Telemetry

/// Tells whoever looks at a search what is committed, on all nodes.
///
/// Rows and what has changed of them are published in the transaction that writes them, in order and without a hole, and
/// are kept for who comes back. Where the search stands is a signal after the commit, kept nowhere: who was cut asks for
/// it, and for that it has ended there is a message.
struct SearchTopics: Sendable {
    enum Bounds {
        /// Bytes of the rows in one message, below what a message may hold.
        static let bytes = 30_000
        /// Messages that are kept for who comes back.
        static let history = 200
        /// How long they are kept: a search is over within an hour.
        static let age: Duration = .seconds(2 * 3_600)
    }

    /// What a message carries rows as.
    private enum Part: String {
        /// Creators that were found, each with its number.
        case rows
        /// Creators that were shown before and have changed.
        case patches
    }

    /// The searches of a company, for all who have a place in it.
    let kind: TopicKind
    private let realtime: Realtime
    private let storage: Storage
    private let clock: any WallClock
    private let events: EventLog

    init(realtime: Realtime, storage: Storage, clock: any WallClock, events: EventLog) {
        self.realtime = realtime
        self.storage = storage
        self.clock = clock
        self.events = events
        kind = TopicKind(
            "discovery/search/{id}",
            history: TopicHistory(count: Bounds.history, bytes: .kibibytes(1_024), age: Bounds.age)
        ) { visitor, topic in
            guard Asker(visitor) != nil, let id = ID<Search>(topic["id"]) else { return .refused }
            let status = try await SearchStore(storage: storage).status(
                of: id, through: storage.reader(for: visitor.tenant), in: visitor.tenant)
            return status == nil ? .refused : .admitted()
        }
    }

    /// How far a page has read what is published of a search.
    struct Place: Sendable {
        let epoch: String
        let offset: Int64
    }

    /// Where the topic of a search stands: read before what a page shows of it.
    func place(of search: ID<Search>, in tenant: Tenant) async throws(StorageError) -> Place {
        let position = try await storage.reader(for: tenant).position(of: kind("\(search)"), at: clock.now())
        return Place(epoch: position.epochText, offset: position.offset)
    }

    // MARK: In the transaction

    /// Publishes creators that were found, in the order of their numbers.
    func publish(
        _ found: [FoundMatch], of search: ID<Search>, in transaction: WriteTransaction
    ) throws(StorageError) {
        var parts: [String] = []
        for match in found { parts.append(try StoredJSON.text(MatchOutput(match))) }
        try publish(parts, as: .rows, of: search, in: transaction)
    }

    /// Publishes profiles that were read.
    func publish(
        patches creators: [Creator], of search: ID<Search>, in transaction: WriteTransaction
    ) throws(StorageError) {
        var parts: [String] = []
        for creator in creators { parts.append(try StoredJSON.text(CreatorOutput(creator))) }
        try publish(parts, as: .patches, of: search, in: transaction)
    }

    /// Publishes that the search has got further than what is shown of it tells: who listens asks where it stands.
    func publishChange(of search: ID<Search>, in transaction: WriteTransaction) throws(StorageError) {
        try transaction.publish(json: #"{"changed":true}"#, to: kind("\(search)"))
    }

    private func publish(
        _ parts: [String], as name: Part, of search: ID<Search>, in transaction: WriteTransaction
    ) throws(StorageError) {
        var start = parts.startIndex
        while start < parts.endIndex {
            var end = start
            var bytes = 0
            while end < parts.endIndex, bytes + parts[end].utf8.count < Bounds.bytes {
                bytes += parts[end].utf8.count + 1
                end += 1
            }
            guard end > start else {
                // One that is too long for a message is read by who shows it.
                try publishChange(of: search, in: transaction)
                start += 1
                continue
            }
            let joined = parts[start..<end].joined(separator: ",")
            try transaction.publish(json: "{\"\(name.rawValue)\":[\(joined)]}", to: kind("\(search)"))
            start = end
        }
    }

    // MARK: After the commit

    /// Tells where a search stands: one read for each step, whoever looks.
    func tellStatus(of search: ID<Search>, in tenant: Tenant) async {
        do {
            guard
                let status = try await SearchStore(storage: storage).status(
                    of: search, through: storage.reader(for: tenant), in: tenant)
            else { return }
            let json = try StoredJSON.text(StatusOutput(status, at: clock.now()))
            // One that is too long to be told is asked for by who shows it.
            let text = "{\"status\":\(json)}"
            realtime.tell(
                json: text.utf8.count <= RealtimeBounds.bodyBytes ? text : #"{"changed":true}"#, to: kind("\(search)"),
                for: tenant)
        } catch {
            // What was committed stands; the next step tells of it.
            events.record(.watchFailed, ["reason": .text(error.code.rawValue)])
        }
    }
}
