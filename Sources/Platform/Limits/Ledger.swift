public import Base
import Synchronization
import Telemetry

/// Quotas, budgets and slots: what is reserved before the work, and settled after it with what it really used.
///
/// Reserve → settle → or expire. A reservation that nobody settles within its time to live (the caller crashed) is
/// given back. Both verbs are idempotent by the reservation's id. Several limits can be reserved as a whole, from the
/// tenant down to the key: all or nothing. Exact on one node; days and months are the server's, in the claim's zone.
public final class Ledger: Sendable {
    private let clock: any WallClock
    private let machine: Mutex<LedgerMachine>

    /// Makes an empty ledger.
    public init(clock: any WallClock, _ options: LedgerOptions = LedgerOptions()) {
        self.clock = clock
        machine = Mutex(LedgerMachine(options))
    }

    /// Reserves all claims, or none.
    ///
    /// - Parameters:
    ///   - id: the same id again is answered as before, with ``Grant/isRepeat``, and reserves nothing further.
    ///   - claims: one or more; of the first that does not fit the refusal tells.
    ///   - ttl: when an unsettled reservation is given back. Defaults to 60 seconds; more than zero.
    /// - Returns: the grant with the least left, or the refusal of the first claim that does not fit.
    public func reserve(_ id: ID<Reservation>, _ claims: [Claim], ttl: Duration = .seconds(60)) -> Admission {
        Cost.current?.add(claims.count, to: .limitDecisions)
        let moment = now()
        return machine.withLock { machine in
            machine.expire(moment)
            return machine.reserve(id, claims, ttl: ttl, moment)
        }
    }

    /// Charges what was really used and frees the rest.
    ///
    /// - Parameters:
    ///   - id: the reservation.
    ///   - used: for each claim in its order; may exceed what was reserved, and is then charged in full. `nil`
    ///     charges what was reserved; slots are freed in any case.
    /// - Returns: how it ended; nothing of it is an error.
    @discardableResult
    public func settle(_ id: ID<Reservation>, used: [Int]? = nil) -> Settlement {
        let moment = now()
        return machine.withLock { machine in
            machine.expire(moment)
            return machine.settle(id, used: used, moment)
        }
    }

    /// Gives a reservation back unused.
    @discardableResult
    public func release(_ id: ID<Reservation>) -> Settlement {
        let moment = now()
        return machine.withLock { machine in
            machine.expire(moment)
            return machine.release(id, moment)
        }
    }

    /// Runs work under a reservation: settled with what the work says it used, given back when it throws.
    ///
    /// - Throws: ``LimitsError`` when the reservation is refused; else what the work throws.
    public func spend<Result>(
        _ id: ID<Reservation>, _ claims: [Claim], ttl: Duration = .seconds(60),
        _ work: () async throws -> (result: Result, used: [Int]?)
    ) async throws -> Result {
        if case .refused(let refusal) = reserve(id, claims, ttl: ttl) { throw LimitsError(refusal) }
        do {
            let (result, used) = try await work()
            settle(id, used: used)
            return result
        } catch {
            release(id)
            throw error
        }
    }

    /// What a key has used and reserved in the current period.
    public func usage(of rule: LedgerRule, _ key: LimitKey) -> Usage {
        let moment = now()
        return machine.withLock { machine in
            machine.expire(moment)
            return machine.usage(of: rule, key, moment)
        }
    }

    /// The statistics of every rule used so far.
    public var statistics: [LimitStatistics] { machine.withLock { $0.statistics } }

    private func now() -> LedgerMachine.Moment {
        LedgerMachine.Moment(wall: clock.now(), uptime: clock.uptime().microseconds)
    }
}
