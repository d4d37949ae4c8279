import Base
import Coordination
import Foundation
import Web

/// Tells those who look at a board what happens on it, over the bus, which reaches every node.
///
/// Messages are hints: the bus may lose some, and a page that heard nothing for a while reads its board again. Who is
/// looking is told by the watchers themselves, by a sign of life that pages forget after three beats without one.
struct ListTopics: Sendable {
    enum Bounds {
        /// Time between two signs of life.
        static let beat: Duration = .seconds(15)
        /// How long one stream lasts; browsers come back by themselves.
        static let life: Duration = .seconds(600)
        /// Time between two messages to one watcher.
        static let pause: Duration = .milliseconds(150)
    }

    enum Message: Sendable, Hashable {
        /// A card has another place.
        case moved(ChangedEntry)
        /// Something else has changed: totals, cards, columns.
        case changed
    }

    /// A message as it is sent.
    struct Note: Sendable, Hashable, Codable {
        enum Kind: String, Sendable, Hashable, Codable { case moved, changed, here, left }

        let kind: Kind
        var entry: ID<ListEntry>?
        var from: String?
        var bucket: String?
        var rank: String?
        var followers: Int64?
        var person: ID<Person>?
        var name: String?
    }

    let bus: any Bus
    let clock: any WallClock

    static func name(of list: ID<CreatorList>, in tenant: Tenant) -> String { "discovery/\(tenant.id)/list/\(list)" }

    /// Tells everybody who looks at a list; what cannot be told now is seen at the next look.
    func publish(_ message: Message, to list: ID<CreatorList>, by person: ID<Person>?, in tenant: Tenant) async {
        switch message {
        case .moved(let entry):
            await send(
                Note(
                    kind: .moved, entry: entry.id, from: entry.movedFrom, bucket: entry.bucket,
                    rank: entry.rank.rawValue, followers: entry.followers, person: person), to: list, in: tenant)
        case .changed: await send(Note(kind: .changed, person: person), to: list, in: tenant)
        }
    }

    private func send(_ note: Note, to list: ID<CreatorList>, in tenant: Tenant) async {
        // The change is committed and the bus carries hints only: a lost one costs others a few seconds.
        guard let bytes = try? JSONEncoder().encode(note) else { return }
        // As above.
        try? await bus.publish(Array(bytes), to: Self.name(of: list, in: tenant))
    }

    /// Sends what happens on a list until the time is over or the browser has gone.
    func stream(
        _ list: ID<CreatorList>, as name: String, in tenant: Tenant, to sender: EventSender
    ) async throws {
        let subscription = try await bus.subscribe(to: Self.name(of: list, in: tenant))
        defer { subscription.close() }
        let here = Note(kind: .here, name: name)
        await send(here, to: list, in: tenant)
        let end = clock.uptime() + Bounds.life
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { [clock] in
                    while clock.uptime() < end {
                        try await clock.sleep(for: Bounds.beat)
                        await send(here, to: list, in: tenant)
                        try await sender.beat()
                    }
                }
                group.addTask { [clock] in
                    while let event = await subscription.next() {
                        switch event {
                        case .message(let bytes):
                            try await sender.send(String(decoding: bytes, as: UTF8.self), event: "note")
                        case .missed: try await sender.send("{\"kind\":\"changed\"}", event: "note")
                        }
                        try await clock.sleep(for: Bounds.pause)
                    }
                }
                // Whichever ends first: the time, or the subscription, or the browser.
                try await group.next()
                group.cancelAll()
            }
        } catch {
            await send(Note(kind: .left, name: name), to: list, in: tenant)
            throw error
        }
        await send(Note(kind: .left, name: name), to: list, in: tenant)
    }
}
