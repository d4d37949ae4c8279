import Base
import Coordination
import Limits
import Synchronization
import Telemetry

/// A vendor's pause as all nodes have it: what one learns the others are told, and of all nodes one asks again, once a
/// minute.
///
/// A node that the word does not reach finds out by itself with one call; it is told again every five seconds. The token
/// of the probe is the cluster's: while the bank does not answer nobody probes, as nobody calls without its common rate.
final class PauseKeeper: Sendable {
    private let name: String
    private let vendor: String
    private let board: PauseBoard
    private let bank: any TokenBank
    private let clock: any WallClock
    private let events: EventLog
    private let state = Mutex(VendorPause())
    private let following = Mutex<PauseFollowing?>(nil)
    private let probes: TokenAccount

    init(of vendor: String, board: PauseBoard, bank: any TokenBank, clock: any WallClock, events: EventLog) {
        self.vendor = vendor
        name = "discovery.vendor.\(vendor)"
        self.board = board
        self.bank = bank
        self.clock = clock
        self.events = events
        probes = TokenAccount(
            name: "\(name).probe", rate: GCRA(limit: 1, per: VendorPause.Bounds.probe, burst: 1))
        let made = board.follow(name) { [weak self] in self?.hear($0) }
        following.withLock { $0 = made }
    }

    /// Whether all work waits, why and since when.
    var current: (reason: VendorPause.Reason, since: Timestamp)? {
        state.withLock { pause in pause.reason.map { ($0, pause.since) } }
    }

    /// Why and how long a call has to wait; `nil` when it may be made, be it to see whether the vendor is mended.
    func wait() async -> (reason: VendorPause.Reason, time: Duration)? {
        switch state.withLock({ $0.ask(at: clock.now()) }) {
        case .allowed: return nil
        case .refused(let reason, let after): return (reason, after)
        case .probe(let reason):
            guard let wait = await probeToken() else { return nil }
            state.withLock { $0.postpone(for: wait, at: clock.now()) }
            return (reason, wait)
        }
    }

    /// How long until this node may probe; `nil` when it may now.
    private func probeToken() async -> Duration? {
        do throws(CoordinationError) {
            let batch = try await bank.take(upTo: 1, from: probes)
            return batch.amount > 0 ? nil : batch.retryAfter ?? VendorPause.Bounds.probe
        } catch {
            return VendorPause.Bounds.away
        }
    }

    /// Takes how a call ended.
    func learn(_ failure: DirectoryFailure?) {
        let now = clock.now()
        let before = current?.reason
        let isChanged = state.withLock { $0.learn(failure, at: now) }
        if let reason = failure.flatMap(VendorPause.Reason.init) {
            board.begin(name, because: reason.rawValue, for: VendorPause.Bounds.probe)
        } else if isChanged, let before {
            board.end(name, because: before.rawValue)
        }
        if isChanged { tell() }
    }

    private func hear(_ change: PauseChange) {
        let now = clock.now()
        let isChanged = state.withLock { pause in
            switch change {
            case .began(let word, let remaining):
                VendorPause.Reason(rawValue: word).map { pause.hear($0, for: remaining, at: now) } ?? false
            case .ended(let word):
                VendorPause.Reason(rawValue: word).map { pause.hearEnd(of: $0) } ?? false
            }
        }
        if isChanged { tell() }
    }

    private func tell() {
        if let current {
            events.record(.vendorPaused, ["vendor": .text(vendor), "reason": .text(current.reason.rawValue)])
        } else {
            events.record(.vendorResumed, ["vendor": .text(vendor)])
        }
    }
}
