import Base
import Coordination
import Synchronization

/// Where calls wait for their part of a vendor's common rate, the urgent ones in front.
///
/// One of those that wait fetches tokens from the bank and hands each to whoever is next; when its own turn comes, another
/// one goes on. Between nodes no order is kept by anybody: a node whose next call nobody waits for asks a moment later
/// than the token is due, and so leaves it to a node where somebody does.
final class VendorLineKeeper: Sendable {
    enum Bounds {
        /// How much later a node asks whose next call nobody waits for.
        static let courtesy: Duration = .milliseconds(50)
        /// How long the line waits for a bank that does not answer, or does not say when it has tokens.
        static let blind: Duration = .seconds(1)
        /// When those that have waited in vain come again.
        static let rest: Duration = .seconds(2)
        /// How long a vendor is left alone that asks for it without saying how long.
        static let hold: Duration = .seconds(5)
        /// The longest time for which a vendor is left alone because it asked for that.
        static let holdMax: Duration = .seconds(600)
    }

    /// What somebody in the line is told.
    private enum Word: Sendable {
        case call
        /// Fetch tokens for everybody.
        case deal
        case later(Duration)
        case cancelled
    }

    private struct State {
        var machine = VendorLineMachine()
        var listeners: [UInt64: CheckedContinuation<Word, Never>] = [:]
        /// Words for those that do not listen yet.
        var words: [UInt64: Word] = [:]
        var lastTicket: UInt64 = 0
        /// Who fetches tokens.
        var dealer: UInt64?
        /// When the dealer's own call is to come again, since it was sent away.
        var dealerWait: Duration?
        var heldUntil: Duration = .zero
        /// What is said when the lock is left.
        var calls: [(listener: CheckedContinuation<Word, Never>, word: Word)] = []

        mutating func tell(_ ticket: UInt64, _ word: Word) {
            if let listener = listeners.removeValue(forKey: ticket) {
                calls.append((listener, word))
            } else {
                words[ticket] = word
            }
        }

        /// Sends a call away that is not in the line any more.
        mutating func sendAway(_ ticket: UInt64, for wait: Duration) {
            if ticket == dealer { dealerWait = wait } else { tell(ticket, .later(wait)) }
        }

        /// Has another one go on with the dealing.
        mutating func appointNext() {
            dealerWait = nil
            dealer = machine.next?.ticket
            if let dealer { tell(dealer, .deal) }
        }
    }

    private let account: TokenAccount
    private let bank: any TokenBank
    private let clock: any WallClock
    private let state = Mutex(State())

    /// - Parameters:
    ///   - account: the common rate.
    ///   - bank: where nodes take their part of it.
    ///   - clock: the time.
    init(_ account: TokenAccount, of bank: any TokenBank, clock: any WallClock) {
        self.account = account
        self.bank = bank
        self.clock = clock
    }

    /// How many wait, by urgency.
    var counts: [Urgency: Int] {
        state.withLock { state in state.machine.waiting.reduce(into: [:]) { $0[$1.urgency, default: 0] += 1 } }
    }

    /// Waits for a call's turn.
    ///
    /// - Parameters:
    ///   - tenant: on whose behalf.
    ///   - urgency: whether somebody waits for it.
    /// - Returns: `nil` when the call may begin, else when it should be tried again.
    /// - Throws: `CancellationError`.
    func take(for tenant: Tenant, _ urgency: Urgency) async throws -> Duration? {
        let now = clock.uptime()
        let (ticket, known): (UInt64, Word?) = change { state in
            state.lastTicket += 1
            let ticket = state.lastTicket
            if state.heldUntil > now { return (ticket, .later(state.heldUntil - now)) }
            guard state.machine.join(ticket, for: tenant, urgency, at: now) else {
                return (ticket, .later(Bounds.rest))
            }
            guard state.dealer == nil else { return (ticket, nil) }
            state.dealer = ticket
            return (ticket, .deal)
        }
        let word = if let known { known } else { await listen(ticket) }
        switch word {
        case .call: return nil
        case .later(let wait): return wait
        case .cancelled: throw CancellationError()
        case .deal: return try await deal(holding: ticket)
        }
    }

    /// Gives a turn back that was not used.
    func giveBack() async {
        // A token that cannot be given back lapses, which errs on the side of the limit.
        try? await bank.giveBack(1, to: account)
    }

    /// Leaves the vendor alone as it asked for: who waits is sent away, and who comes meanwhile.
    func hold(for asked: Duration?) {
        let wait = min(asked ?? Bounds.hold, Bounds.holdMax)
        let until = clock.uptime() + wait
        change { state in
            state.heldUntil = max(state.heldUntil, until)
            for call in state.machine.empty() { state.sendAway(call.ticket, for: wait) }
        }
    }

    /// Changes the state, and says what follows when the lock is left.
    private func change<Result: Sendable>(_ body: (inout State) -> Result) -> Result {
        let (result, calls) = state.withLock { state in
            let result = body(&state)
            defer { state.calls = [] }
            return (result, state.calls)
        }
        for call in calls { call.listener.resume(returning: call.word) }
        return result
    }

    // MARK: Those that wait

    private func listen(_ ticket: UInt64) async -> Word {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let word: Word? = change { state in
                    if let word = state.words.removeValue(forKey: ticket) { return word }
                    if Task.isCancelled, state.machine.leave(ticket) { return .cancelled }
                    state.listeners[ticket] = continuation
                    return nil
                }
                if let word { continuation.resume(returning: word) }
            }
        } onCancel: {
            change { state in
                // Who has been told something already finds out without this.
                guard state.listeners[ticket] != nil, state.machine.leave(ticket) else { return }
                state.tell(ticket, .cancelled)
            }
        }
    }

    // MARK: Dealing

    /// Fetches tokens for everybody until the own turn has come, or the own call is sent away.
    private func deal(holding own: UInt64) async throws -> Duration? {
        while true {
            do {
                if let wait = sendAway() { return wait }
                let batch = try await fetch()
                if batch.amount > 0 {
                    if serve(own) { return nil }
                } else {
                    let isAwaited = state.withLock { $0.machine.next?.urgency == .awaited }
                    let pause = max(batch.retryAfter ?? Bounds.blind, .milliseconds(1))
                    try await clock.sleep(for: isAwaited ? pause : pause + Bounds.courtesy)
                }
            } catch {
                change { state in
                    _ = state.machine.leave(own)
                    state.appointNext()
                }
                throw error
            }
        }
    }

    private func fetch() async throws -> TokenBatch {
        try Task.checkCancellation()
        do throws(CoordinationError) {
            return try await bank.take(upTo: 1, from: account)
        } catch {
            // Without the common account nothing is known of the other nodes: the vendor waits rather than is flooded.
            return TokenBatch(amount: 0, retryAfter: Bounds.blind)
        }
    }

    /// Sends those away that have waited long enough; says when to come again if the dealer was sent away, now or before.
    private func sendAway() -> Duration? {
        let now = clock.uptime()
        return change { state in
            for call in state.machine.expire(at: now) { state.sendAway(call.ticket, for: Bounds.rest) }
            guard let wait = state.dealerWait else { return nil }
            state.appointNext()
            return wait
        }
    }

    /// Hands a token to whoever is next; `true` when that is the own call.
    private func serve(_ own: UInt64) -> Bool {
        change { state in
            guard let next = state.machine.serve() else { return false }
            guard next.ticket == own else {
                state.tell(next.ticket, .call)
                return false
            }
            state.appointNext()
            return true
        }
    }
}
