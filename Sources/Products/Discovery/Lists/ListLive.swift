import Base
import Synchronization

/// Tells those who look at a board what happens on it, at most as fast as they read.
///
/// Each watcher has a bounded queue; one that is full is told to load the board anew. Messages are hints of this process:
/// pages also ask from time to time, so that a move on another node is seen too.
final class ListLive: Sendable {
    enum Bounds {
        /// Watchers of one list.
        static let watchers = 200
        /// Watchers of all lists in this process.
        static let total = 10_000
        /// Messages that wait for one watcher.
        static let waiting = 64
    }

    enum Message: Sendable, Hashable {
        /// A card has another place.
        case moved(ChangedEntry)
        /// Something else has changed: totals, cards, columns.
        case changed
        /// Who is looking.
        case looking([ID<Person>])
    }

    /// A message with who caused it.
    struct Note: Sendable {
        let message: Message
        let by: ID<Person>?
    }

    private struct Key: Hashable, Sendable {
        let tenant: Tenant
        let list: ID<CreatorList>
    }

    private struct Watcher: Sendable {
        let person: ID<Person>
        let continuation: AsyncStream<Note>.Continuation
    }

    private struct State {
        var watchers: [Key: [Int: Watcher]] = [:]
        var total = 0
        var next = 0
    }

    private let state = Mutex(State())

    /// Tells everybody who looks at a list.
    func publish(_ message: Message, to list: ID<CreatorList>, by person: ID<Person>?, in tenant: Tenant) {
        let watchers = state.withLock { Array(($0.watchers[Key(tenant: tenant, list: list)] ?? [:]).values) }
        for watcher in watchers { watcher.continuation.yield(Note(message: message, by: person)) }
    }

    /// Looks at a list until the stream is dropped; `nil` when too many do.
    func watch(_ list: ID<CreatorList>, by person: ID<Person>, in tenant: Tenant) -> AsyncStream<Note>? {
        let key = Key(tenant: tenant, list: list)
        let (stream, continuation) = AsyncStream<Note>.makeStream(bufferingPolicy: .bufferingNewest(Bounds.waiting))
        let number = state.withLock { state -> Int? in
            guard state.total < Bounds.total, (state.watchers[key]?.count ?? 0) < Bounds.watchers else { return nil }
            state.next += 1
            state.total += 1
            state.watchers[key, default: [:]][state.next] = Watcher(person: person, continuation: continuation)
            return state.next
        }
        guard let number else { return nil }
        continuation.onTermination = { [weak self] _ in self?.leave(number, key) }
        tellWhoLooks(key)
        return stream
    }

    private func leave(_ number: Int, _ key: Key) {
        state.withLock { state in
            guard state.watchers[key]?.removeValue(forKey: number) != nil else { return }
            state.total -= 1
            if state.watchers[key]?.isEmpty ?? false { state.watchers[key] = nil }
        }
        tellWhoLooks(key)
    }

    private func tellWhoLooks(_ key: Key) {
        publish(.looking(looking(at: key.list, in: key.tenant)), to: key.list, by: nil, in: key.tenant)
    }

    /// Who looks at a list, each once.
    func looking(at list: ID<CreatorList>, in tenant: Tenant) -> [ID<Person>] {
        let watchers = state.withLock { $0.watchers[Key(tenant: tenant, list: list)] ?? [:] }
        return Set(watchers.values.map(\.person)).sorted()
    }
}
