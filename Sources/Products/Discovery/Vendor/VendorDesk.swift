import Base
import Caching
import Coordination
import Crypto
import Foundation
import Limits
import Storage
import Synchronization
import Telemetry

/// The one way to a vendor: what everybody has asked before is answered from the cluster's cache, what has not is asked
/// within the vendor's common rate, counted, and left alone while the vendor is paused.
final class VendorDesk: Sendable {
    enum Bounds {
        /// Calls that may begin in two seconds in the whole cluster, evenly spread.
        static let calls = 10
        static let period: Duration = .seconds(2)
        /// How long a page of results is true for everybody.
        static let pageLife: Duration = .seconds(86_400)
        /// Weight of pages kept by a process, in kibibytes.
        static let cachedKibibytes = 65_536
        /// How long a page may take, for this node and for others that want the same.
        static let loadTime: Duration = .seconds(310)
        /// Which part of the day's calls is told as a warning, in hundredths.
        static let warning = 80
        static let warnedTenants = 10_000
    }

    /// Why nothing came of a call.
    enum Refusal: Error, Sendable, Hashable {
        /// Not now: the common rate is used up, the vendor is paused, or has asked for less.
        case later(Duration, reason: String)
        /// The workspace has made all of the day's calls.
        case dailyLimit
        case failed(DirectoryFailure)
    }

    /// On whose behalf the vendor is called, and how soon.
    struct Caller: Sendable, Hashable {
        let tenant: Tenant
        let person: ID<Person>
        var urgency = Urgency.awaited
    }

    let directory: any CreatorDirectory
    let callsPerDay: Int
    private let line: VendorLineKeeper
    private let pages: Cache<String, DirectoryPage>
    private let today: Cache<CalendarDay, Int>
    private let combiner: WriteCombiner<VendorCall, Bool>
    private let store: VendorDayStore
    private let clock: any WallClock
    private let events: EventLog
    private let pauses: PauseKeeper
    private let warned = Mutex(BoundedMap<Tenant, CalendarDay>(capacity: Bounds.warnedTenants))

    /// - Parameters:
    ///   - directory: who is asked.
    ///   - storage: where calls are counted.
    ///   - caches: where caches are entered.
    ///   - bank: where nodes take their part of the common rate.
    ///   - board: where nodes tell each other of pauses.
    ///   - callsPerDay: how many calls a workspace may make in a day.
    ///   - clock: the time.
    ///   - events: where calls are told.
    init(
        _ directory: any CreatorDirectory, storage: Storage, caches: CacheRegistry, bank: any TokenBank,
        board: PauseBoard, callsPerDay: Int, clock: any WallClock, events: EventLog
    ) {
        self.directory = directory
        self.callsPerDay = callsPerDay
        self.clock = clock
        self.events = events
        store = VendorDayStore(storage: storage)
        pauses = PauseKeeper(of: directory.vendor.name, board: board, bank: bank, clock: clock, events: events)
        line = VendorLineKeeper(
            TokenAccount(
                name: "discovery.vendor.\(directory.vendor.name)",
                rate: GCRA(limit: Bounds.calls, per: Bounds.period, burst: 1)), of: bank, clock: clock)
        pages = Cache(
            "discovery.vendorPages",
            CacheOptions(
                ttl: Bounds.pageLife, failureWindow: .zero, loadTimeout: Bounds.loadTime,
                capacity: Bounds.cachedKibibytes, weigh: { _, page in max(1, page.creators.count) },
                shared: .json(version: 1, leaseTTL: Bounds.loadTime)), in: caches)
        today = Cache("discovery.callsToday", CacheOptions(ttl: .seconds(5), failureWindow: .zero), in: caches)
        combiner = WriteCombiner(
            name: "vendorDay.add", settings: CombinerSettings(for: storage.dialect),
            key: { (_: VendorCall) -> Int? in nil }
        ) { [store] tenant, calls in
            try await store.add(calls, in: tenant)
            return calls.map { _ in .success(true) }
        }
    }

    /// What runs beside requests: what was counted is written before the process ends.
    var services: [WriteCombiner<VendorCall, Bool>] { [combiner] }

    /// Whether all work waits, why and since when: on every node.
    var paused: (reason: VendorPause.Reason, since: Timestamp)? { pauses.current }

    // MARK: Asking

    /// A page of results, from whoever has it: one call in the cluster for the same question in a day.
    ///
    /// - Parameters:
    ///   - query: what is asked.
    ///   - caller: on whose behalf.
    ///   - mayCall: asked right before a call is made.
    /// - Returns: the page.
    /// - Throws: ``Refusal``; `CancellationError` when `mayCall` says no.
    func page(
        _ query: DirectoryQuery, for caller: Caller, mayCall: @escaping @Sendable () async throws -> Bool = { true }
    ) async throws -> DirectoryPage {
        let day = CalendarDay(of: clock.now(), in: .gmt)
        let key = [
            directory.vendor.name, query.platform.rawValue, query.region, query.keyword, query.cursor, day.description,
        ].joined(separator: "\u{1F}")
        // A vendor's cursor may be long; under its hash a page has a name of one length.
        let name = SHA256.hash(data: Data(key.utf8)).map { String($0, radix: 16) }.joined(separator: ".")
        return try await pages.valueBypassingTenant(for: name) { [self] in
            try await shared { try await ask(query, for: caller, mayCall: mayCall) }
        }
    }

    private func ask(
        _ query: DirectoryQuery, for caller: Caller, mayCall: @Sendable () async throws -> Bool
    ) async throws -> DirectoryPage {
        try await call("search", for: caller, mayCall: mayCall) { directory throws(DirectoryFailure) in
            let page = try await directory.search(query)
            return (page, page.credits)
        }
    }

    /// The profile of a creator.
    func profile(_ subject: DirectorySubject, for caller: Caller) async throws -> DirectoryProfile {
        try await call("profile", for: caller) { directory throws(DirectoryFailure) in
            let profile = try await directory.profile(subject)
            switch profile {
            case .found(_, _, let credits), .gone(let credits): return (profile, credits)
            }
        }
    }

    var vendor: Vendor { directory.vendor }

    // MARK: Calling

    private func call<Answer: Sendable>(
        _ name: String, for caller: Caller, mayCall: @Sendable () async throws -> Bool = { true },
        _ work: (any CreatorDirectory) async throws(DirectoryFailure) -> (Answer, credits: Int)
    ) async throws -> Answer {
        if let wait = await pauses.wait() { throw Refusal.later(wait.time, reason: wait.reason.rawValue) }
        guard try await hasCallsLeft(caller.tenant) else { throw Refusal.dailyLimit }
        if let wait = try await line.take(for: caller.tenant, caller.urgency) {
            throw Refusal.later(wait, reason: "rate")
        }
        // Nothing is between this look and the call: what was stopped before is not begun.
        guard try await mayCall() else {
            await line.giveBack()
            throw CancellationError()
        }
        let start = clock.uptime()
        let answer: Result<(Answer, credits: Int), DirectoryFailure>
        do throws(DirectoryFailure) {
            answer = .success(try await work(directory))
        } catch {
            answer = .failure(error)
        }
        let took = clock.uptime() - start
        let failure: DirectoryFailure? = if case .failure(let failure) = answer { failure } else { nil }
        learn(failure, of: name, took: took)
        // A call that was not made is not counted.
        if failure != .cancelled, !(failure?.isUnasked ?? false) {
            let credits = (try? answer.get().credits) ?? 0  // A failed call costs nothing.
            try await count(caller, failed: failure != nil, credits: credits, took: took)
        }
        switch answer {
        case .success(let answer): return answer.0
        case .failure(.cancelled): throw CancellationError()
        case .failure(let failure):
            if let reason = VendorPause.Reason(failure) {
                throw Refusal.later(VendorPause.Bounds.probe, reason: reason.rawValue)
            }
            if failure.isUnasked {
                throw Refusal.later(failure.wait ?? VendorPause.Bounds.probe, reason: failure.word)
            }
            if failure.asksForLess {
                // Not this call's fault: nobody calls for a while, and this one is made again.
                line.hold(for: failure.wait)
                throw Refusal.later(
                    min(failure.wait ?? VendorLineKeeper.Bounds.hold, VendorLineKeeper.Bounds.holdMax),
                    reason: failure.word)
            }
            throw Refusal.failed(failure)
        }
    }

    private func learn(_ failure: DirectoryFailure?, of name: String, took: Duration) {
        if let failure {
            events.record(
                .vendorFailed,
                ["vendor": .text(vendor.name), "call": .text(name), "reason": .text(failure.word)])
        } else {
            events.record(
                .vendorAnswered, took: took,
                ["vendor": .text(vendor.name), "call": .text(name), "took": .time(took)])
        }
        pauses.learn(failure)
        // Those that wait for their turn would only hear the same; who comes is told by the pause itself.
        if pauses.current != nil { line.hold(for: nil) }
    }

    private func count(_ caller: Caller, failed: Bool, credits: Int, took: Duration) async throws {
        _ = try await combiner.submit(
            VendorCall(
                vendor: vendor.name, day: CalendarDay(of: clock.now(), in: .gmt), personID: caller.person,
                failed: failed, credits: credits, microseconds: took.microseconds), for: caller.tenant)
    }

    // MARK: The day's calls

    /// How many calls a workspace has made today; at most five seconds old.
    func callsToday(in tenant: Tenant) async throws -> Int {
        let day = CalendarDay(of: clock.now(), in: .gmt)
        return try await today.value(for: day, in: tenant) { [store] in
            try await shared { try await store.calls(on: day, in: tenant) }
        }
    }

    private func hasCallsLeft(_ tenant: Tenant) async throws -> Bool {
        let calls = try await callsToday(in: tenant)
        guard calls * 100 >= callsPerDay * Bounds.warning else { return true }
        let day = CalendarDay(of: clock.now(), in: .gmt)
        let isFirst = warned.withLock { warned in
            guard warned[tenant] != day else { return false }
            warned[tenant] = day
            return true
        }
        let isSpent = calls >= callsPerDay
        if isFirst || isSpent {
            events.record(
                isSpent ? .quotaSpent : .quotaNeared, ["calls": .number(calls), "limit": .number(callsPerDay)])
        }
        return !isSpent
    }
}

extension DirectoryFailure {
    /// Whether the vendor has answered that it is asked too much.
    var asksForLess: Bool { if case .unavailable(.overloaded, _) = self { true } else { false } }
    /// Whether the vendor was left alone instead of asked.
    var isUnasked: Bool { if case .unavailable(.circuitOpen, _) = self { true } else { false } }
    /// When asking again makes sense, as far as it is known.
    var wait: Duration? { if case .unavailable(_, let wait) = self { wait } else { nil } }
}
