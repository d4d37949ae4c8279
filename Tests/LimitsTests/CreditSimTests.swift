import Base
import BaseTestKit
import Logging
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Limits

/// Callers that crash between any two steps, answers that get lost, transactions that are undone, on both engines: after
/// each stretch the accounts equal the sum of the book and of the journal.
@Suite(.databases) struct CreditSimTests {
    @Test(arguments: Backend.all, 1...2 as ClosedRange<UInt64>)
    func `the ledger equals the counters after crashes and time-outs`(backend: Backend, seed: UInt64) async throws {
        let bench = try await CreditBench(backend, per: .forever)
        var book = CreditBook(seed: seed)
        for step in 1...1_500 {
            try await book.step(bench)
            if step % 500 == 0 { try await book.compare(bench) }
        }
        for outcome in [Settlement.settled, .repeated, .late, .unknown] {
            #expect(book.outcomes[outcome, default: 0] > 10, "seed \(seed) never reached \(outcome)")
        }
    }
}

private struct CreditBook {
    enum State: Equatable { case open(until: Timestamp), charged(Int), expired, released }
    struct Line {
        var amount: Int
        var state: State
    }

    let seed: UInt64
    let chance: SeededRandomness
    var lines: [UInt64: Line] = [:]
    var charged = 0
    var nextID: UInt64 = 40
    var ids: [UInt64] = Array(0..<40)
    var outcomes: [Settlement: Int] = [:]

    init(seed: UInt64) {
        self.seed = seed
        chance = SeededRandomness(seed: seed)
    }

    struct Undone: Error {}

    mutating func step(_ bench: CreditBench) async throws {
        bench.clock.advance(by: .milliseconds(chance.below(400)))
        if chance.below(50) == 0 { try await sweep(bench) }
        let place = chance.below(ids.count)
        let id = ids[place]
        // Now and then the process dies before the commit: nothing of it may remain.
        let isUndone = chance.below(6) == 0
        switch chance.below(8) {
        case 0...3: try await reserve(id, bench, isUndone: isUndone)
        case 4...5:
            try await settle(id, bench, isUndone: isUndone)
            if case .charged = lines[id]?.state, chance.below(2) == 0 {
                ids[place] = nextID
                nextID += 1
            }
        case 6: try await release(id, bench)
        default: try await releasePart(id, bench)
        }
    }

    mutating func sweep(_ bench: CreditBench) async throws {
        let sweeper = CreditSweeper(storage: bench.storage, clock: bench.clock)
        try await sweeper.sweep()
        expire(bench.clock.now())
    }

    mutating func expire(_ now: Timestamp) {
        for (id, line) in lines {
            if case .open(let until) = line.state, until <= now { lines[id]?.state = .expired }
        }
    }

    private func undoable<Result: Sendable>(
        _ isUndone: Bool, _ bench: CreditBench,
        _ body: @Sendable (WriteTransaction) async throws -> Result
    ) async throws -> Result? {
        do {
            return try await bench.storage.write(for: bench.tenant) { transaction in
                let result = try await body(transaction)
                if isUndone { throw Undone() }
                return result
            }
        } catch is Undone {
            return nil
        }
    }

    mutating func reserve(_ id: UInt64, _ bench: CreditBench, isUndone: Bool) async throws {
        let amount = chance.below(40)
        let ttl = Duration.milliseconds(1 + chance.below(20_000))
        let now = bench.clock.now()
        let answer = try await undoable(isUndone, bench) { transaction in
            try await bench.ledger.reserve(
                bench.id(id), CreditClaim(LimitKey(bench.tenant), amount: amount, limit: .max / 2), ttl: ttl,
                in: transaction)
        }
        guard case .granted(let grant)? = answer else { return }
        // An overdue reservation of this id is found out when it is asked for again.
        if case .open(let until)? = lines[id]?.state, until <= now { expire(now) }
        switch lines[id]?.state {
        case .open, .charged: #expect(grant.isRepeat, "seed \(seed): a repeat was taken for new")
        case .expired, .released, nil:
            #expect(!grant.isRepeat, "seed \(seed): a new one was taken for a repeat")
            lines[id] = Line(amount: amount, state: .open(until: now + ttl))
        }
    }

    mutating func settle(_ id: UInt64, _ bench: CreditBench, isUndone: Bool) async throws {
        let used = chance.below(50)
        for _ in 0...chance.below(2) {
            let outcome = try await undoable(isUndone, bench) { transaction in
                try await bench.ledger.settle(bench.id(id), used: used, for: bench.tenant, in: transaction)
            }
            guard let outcome else { return }
            outcomes[outcome, default: 0] += 1
            switch lines[id]?.state {
            case .open:
                #expect(outcome == .settled)
                lines[id]?.state = .charged(used)
                charged += used
            case .expired:
                #expect(outcome == .late)
                lines[id]?.state = .charged(used)
                charged += used
            case .charged: #expect(outcome == .repeated)
            case .released, nil: #expect(outcome == .unknown)
            }
        }
    }

    mutating func release(_ id: UInt64, _ bench: CreditBench) async throws {
        let outcome = try await bench.ledger.release(bench.id(id), for: bench.tenant)
        switch lines[id]?.state {
        case .open:
            #expect(outcome == .settled)
            lines[id]?.state = .released
        case .expired:
            #expect(outcome == .late)
            lines[id]?.state = .released
        case .charged: #expect(outcome == .repeated)
        case .released, nil: #expect(outcome == .unknown)
        }
    }

    mutating func releasePart(_ id: UInt64, _ bench: CreditBench) async throws {
        let part = chance.below(20)
        let outcome = try await bench.ledger.release(bench.id(id), amount: part, for: bench.tenant)
        if case .open? = lines[id]?.state {
            #expect(outcome == .settled)
            let amount = lines[id]?.amount ?? 0
            lines[id]?.amount = amount - min(part, amount)
        }
    }

    var held: Int {
        lines.values.reduce(0) { sum, line in
            if case .open = line.state { sum + line.amount } else { sum }
        }
    }

    mutating func compare(_ bench: CreditBench) async throws {
        #expect(try await bench.usage() == [charged, held], "seed \(seed)")
        let sums = try await bench.storage.reader(for: bench.tenant).aggregate(
            Sums.self, "test.sums",
            """
            SELECT CAST(coalesce(sum(held), 0) AS bigint), CAST(coalesce(sum(used), 0) AS bigint)
            FROM credit_entries WHERE tenant_id = \(bench.tenant)
            """)
        #expect([sums.used, sums.held] == [charged, held], "seed \(seed): the journal differs")
    }
}

private struct Sums: RowDecodable {
    let held: Int
    let used: Int

    init(row: SQLRow) throws(StorageError) {
        held = try row.value(at: 0)
        used = try row.value(at: 1)
    }
}
