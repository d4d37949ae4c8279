import Base
import Coordination
import Foundation
import Synchronization

/// Where the nodes tell each other which dependencies are to be left alone, and which work again.
///
/// What one node learns the hard way (a `Retry-After`, a breaker that opened, a key that is refused) the others are
/// told over the bus at once, and again every five seconds while it lasts, for those that missed it or came later.
/// Nothing is read before a call: whoever follows a name is told of changes and keeps them where it decides.
///
/// Times travel as durations, so no clock is compared with another's: a pause ends on another node later than here by
/// as long as the message took. Without a bus, or while it does not run, each node has its own pauses.
public final class PauseBoard: Sendable {
    private typealias Handler = @Sendable (PauseChange) -> Void

    private enum Bounds {
        static let nameBytes = 200
        static let reasonBytes = 64
        static let followers = 1_024
    }

    static let topic = "limits.pauses"

    private struct State {
        var table: PauseTable
        var followers: [String: [UInt64: Handler]] = [:]
        var followerCount = 0
        var lastID: UInt64 = 0
    }

    private let clock: any WallClock
    private let randomness: any Randomness
    private let bus: (any Bus)?
    private let state: Mutex<State>
    private let calls: AsyncStream<Void>
    private let call: AsyncStream<Void>.Continuation

    init(clock: any WallClock, randomness: any Randomness, bus: (any Bus)?) {
        self.clock = clock
        self.randomness = randomness
        self.bus = bus
        state = Mutex(State(table: PauseTable(node: randomness.next())))
        (calls, call) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    // MARK: Telling

    /// Tells all nodes that a dependency is to be left alone.
    ///
    /// Returns at once; the message leaves as soon as ``LimitRegistry/run()`` comes to it.
    ///
    /// - Parameters:
    ///   - name: The dependency's, the same on all nodes; 1 to 200 bytes.
    ///   - reason: Why, in a word of the program's; 1 to 64 bytes. Pauses of different reasons are kept apart.
    ///   - duration: For how long from now; at most an hour counts.
    public func begin(_ name: String, because reason: String, for duration: Duration) {
        check(name, reason)
        let (now, id) = (clock.uptime(), randomness.next() as UInt64)
        state.withLock {
            $0.table.begin(PauseTable.Subject(name: name, reason: reason), id: id, for: duration, at: now)
        }
        call.yield()
    }

    /// Tells all nodes that a dependency works again: also those whose pause has run out and who kept something by it.
    public func end(_ name: String, because reason: String) {
        check(name, reason)
        let now = clock.uptime()
        state.withLock { $0.table.end(PauseTable.Subject(name: name, reason: reason), at: now) }
        call.yield()
    }

    private func check(_ name: String, _ reason: String) {
        precondition((1...Bounds.nameBytes).contains(name.utf8.count), "a pause of a dependency named “\(name)”")
        precondition((1...Bounds.reasonBytes).contains(reason.utf8.count), "a pause because of “\(reason)”")
    }

    // MARK: Being told

    /// Calls `handler` whenever another node has found something new of `name`, and at once with what is known.
    ///
    /// - Parameters:
    ///   - name: The dependency's.
    ///   - handler: Short and without waiting; it holds no strong reference to what keeps the result.
    /// - Returns: What keeps it being called; it ends with this object.
    public func follow(_ name: String, _ handler: @escaping @Sendable (PauseChange) -> Void) -> PauseFollowing {
        let now = clock.uptime()
        let (id, known) = state.withLock { state in
            precondition(state.followerCount < Bounds.followers, "more than \(Bounds.followers) follow the pauses")
            state.followerCount += 1
            state.lastID += 1
            state.followers[name, default: [:]][state.lastID] = handler
            return (state.lastID, state.table.all(at: now).filter { $0.subject.name == name })
        }
        for pause in known { handler(.began(reason: pause.subject.reason, remaining: pause.remaining)) }
        return PauseFollowing { [weak self] in self?.leave(name, id) }
    }

    private func leave(_ name: String, _ id: UInt64) {
        state.withLock { state in
            guard state.followers[name]?.removeValue(forKey: id) != nil else { return }
            state.followerCount -= 1
            if state.followers[name]?.isEmpty == true { state.followers[name] = nil }
        }
    }

    /// The pauses that this node knows of, its own included, for the operator's console.
    public var pauses: [KnownPause] {
        let now = clock.uptime()
        return state.withLock { $0.table.all(at: now) }
            .map { KnownPause(name: $0.subject.name, reason: $0.subject.reason, remaining: $0.remaining) }
    }

    // MARK: The bus

    /// Sends and listens until the task is cancelled.
    func run() async {
        guard let bus else { return }
        await withTaskGroup(of: Void.self) { group in
            // Cancellation is the only end of both.
            group.addTask { try? await bus.follow(Self.topic, clock: self.clock) { self.hear($0) } }
            group.addTask { await self.send(over: bus) }
            group.addTask {
                while !Task.isCancelled {
                    do { try await self.clock.sleep(for: PauseTable.Bounds.again / 5) } catch { return }
                    self.call.yield()
                }
            }
            await group.waitForAll()
        }
    }

    private func hear(_ event: BusEvent) {
        // What was missed is told again while it lasts.
        guard case .message(let bytes) = event,
            // A newer node may speak otherwise; this one then finds out by itself, as without a bus.
            let message = try? JSONDecoder().decode(PauseTable.Message.self, from: Data(bytes))
        else { return }
        let now = clock.uptime()
        let (change, handlers) = state.withLock { state in
            (state.table.hear(message, at: now), state.followers[message.name].map { Array($0.values) } ?? [])
        }
        // There may be something to answer.
        call.yield()
        guard let change else { return }
        for handler in handlers { handler(change) }
    }

    private func send(over bus: any Bus) async {
        for await _ in calls {
            let now = clock.uptime()
            for message in state.withLock({ $0.table.take(at: now) }) {
                do {
                    try await bus.publish(Array(JSONEncoder().encode(message)), to: Self.topic)
                } catch {
                    // The bus is away, which its carrier tells; what must not get lost is sent at the next call.
                    state.withLock { $0.table.keep(message) }
                }
            }
        }
    }
}

/// Keeps a handler of a ``PauseBoard`` being called, for as long as this object lives.
public final class PauseFollowing: Sendable {
    private let end: @Sendable () -> Void

    init(_ end: @escaping @Sendable () -> Void) { self.end = end }

    deinit { end() }
}

/// A dependency that is left alone.
public struct KnownPause: Sendable, Hashable {
    /// The dependency.
    public let name: String
    /// Why, in a word.
    public let reason: String
    /// For how much longer.
    public let remaining: Duration
}
