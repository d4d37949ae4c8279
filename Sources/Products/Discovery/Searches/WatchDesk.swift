import Base
import Caching
import Coordination
import Foundation
import Storage
import Web

/// Streams searches to browsers: what is committed comes over the bus, at most four times a second, and no watcher reads
/// the database while messages come without gaps.
final class WatchDesk: Sendable {
    enum Bounds {
        /// Time between two messages to one watcher.
        static let pause: Duration = .milliseconds(250)
        /// Time after which a watcher who heard nothing is sent a sign of life.
        static let beat: Duration = .seconds(15)
        /// How long one stream lasts; browsers come back by themselves.
        static let life: Duration = .seconds(600)
        /// Rows that are read at once for those who have missed some.
        static let missed = 400
        /// Signs of life after which a watcher looks whether the search has ended without a word.
        static let looks = 4
    }

    private let bus: any Bus
    private let desk: SearchDesk
    private let clock: any WallClock
    private let missed: Cache<Gap, SearchMessage>
    private let looks: Cache<ID<Search>, SearchMessage>

    /// What a watcher has not got.
    private struct Gap: Hashable, Sendable {
        let search: ID<Search>
        let after: Int64
    }

    init(bus: any Bus, desk: SearchDesk, caches: CacheRegistry, clock: any WallClock) {
        self.bus = bus
        self.desk = desk
        self.clock = clock
        missed = Cache(
            "discovery.missedRows", CacheOptions(ttl: .milliseconds(500), failureWindow: .zero, capacity: 2_000),
            in: caches)
        looks = Cache(
            "discovery.searchLooks", CacheOptions(ttl: .seconds(10), failureWindow: .zero, capacity: 10_000), in: caches
        )
    }

    /// Sends what a search finds behind a number, until it has ended, the time is over, or the browser has gone.
    func stream(
        _ search: ID<Search>, after sequence: Int64, in tenant: Tenant, to sender: EventSender
    ) async throws {
        let subscription = try await bus.subscribe(to: SearchTopics.name(of: search, in: tenant))
        defer { subscription.close() }
        // Read after the subscription stands, so that nothing falls between the two.
        var last = sequence
        var open = try await state(of: search, after: last, in: tenant)
        var quiet = 0
        let end = clock.uptime() + Bounds.life
        while clock.uptime() < end {
            if let message = open {
                try await send(message, &last, to: sender)
                if message.isEnd { return }
                try await clock.sleep(for: Bounds.pause)
            }
            switch try await next(subscription, search, last, in: tenant) {
            case .message(let message):
                open = message
                quiet = 0
            case .silence:
                quiet += 1
                open = nil
                if quiet >= Bounds.looks {
                    quiet = 0
                    open = try await look(at: search, in: tenant)
                }
                if open == nil { try await sender.beat() }
            case .closed: return
            }
        }
    }

    private func send(_ message: SearchMessage, _ last: inout Int64, to sender: EventSender) async throws {
        last = max(last, message.to)
        try await sender.send(message.json, event: message.isEnd ? "end" : "change", id: String(last))
    }

    private enum Heard {
        case message(SearchMessage)
        case silence
        case closed
    }

    /// Waits for messages and takes all that are there, so that a watcher is told at most four times a second.
    private func next(
        _ subscription: BusSubscription, _ search: ID<Search>, _ last: Int64, in tenant: Tenant
    ) async throws -> Heard {
        guard let first = try await hear(subscription, within: Bounds.beat) else { return .silence }
        guard let event = first.event else { return .closed }
        var gathered = SearchMessage()
        var isTorn = !Self.take(event, into: &gathered, after: last)
        while !isTorn, let more = try await hear(subscription, within: .zero), let event = more.event {
            isTorn = !Self.take(event, into: &gathered, after: max(last, gathered.to))
        }
        guard isTorn else { return .message(gathered) }
        guard let whole = try await state(of: search, after: last, in: tenant) else { return .closed }
        return .message(whole)
    }

    /// Adds an event; `false` when something was lost before it or there is no room.
    private static func take(_ event: BusEvent, into gathered: inout SearchMessage, after last: Int64) -> Bool {
        guard case .message(let bytes) = event,
            // A message of another version of the program is read again from the database.
            var message = try? JSONDecoder().decode(SearchMessage.self, from: Data(bytes))
        else { return false }
        if message.isTorn { return false }
        if !message.rows.isEmpty {
            if message.to <= last { message.rows = [] } else if message.from != last + 1 { return false }
        }
        return gathered.append(message)
    }

    private struct Word: Sendable {
        /// `nil` when the subscription has ended.
        let event: BusEvent?
    }

    /// The next event, or `nil` when none comes in time.
    private func hear(_ subscription: BusSubscription, within time: Duration) async throws -> Word? {
        try await withThrowingTaskGroup(of: Word?.self) { group in
            group.addTask { Word(event: await subscription.next()) }
            group.addTask { [clock] in
                try await clock.sleep(for: time)
                return nil
            }
            let first = try await group.next() ?? nil
            group.cancelAll()
            if let first { return first }
            // The reader may have got an event while time ran out: it must not be lost. Without one it returns nothing,
            // as it does when it is cancelled.
            guard let second = try await group.next() ?? nil, second.event != nil else { return nil }
            return second
        }
    }

    /// Where a search stands and what is behind a number, read once for all watchers of this node who miss the same.
    private func state(of search: ID<Search>, after last: Int64, in tenant: Tenant) async throws -> SearchMessage? {
        try await missed.value(for: Gap(search: search, after: last), in: tenant) { [desk, clock] in
            let status = try await desk.status(of: search, in: tenant)
            var message = SearchMessage()
            if status.found > last {
                let rows = try await desk.matches.since(last, of: search, limit: Bounds.missed, in: tenant)
                message.from = rows.first?.match.sequence ?? 0
                message.to = rows.last?.match.sequence ?? 0
                message.rows = rows.compactMap { SearchTopics.json(MatchOutput($0)) }
            }
            message.status = SearchTopics.json(StatusOutput(status, at: clock.now()))
            message.isEnd = status.search.state.isOver && message.rows.count < Bounds.missed
            return message
        }
    }

    /// Whether a search that nobody has heard of for long has ended; `nil` when it goes on.
    private func look(at search: ID<Search>, in tenant: Tenant) async throws -> SearchMessage? {
        let message = try await looks.value(for: search, in: tenant) { [desk, clock] in
            let status = try await desk.status(of: search, in: tenant)
            var message = SearchMessage()
            message.status = SearchTopics.json(StatusOutput(status, at: clock.now()))
            message.isEnd = status.search.state.isOver
            return message
        }
        return message.isEnd ? message : nil
    }
}
