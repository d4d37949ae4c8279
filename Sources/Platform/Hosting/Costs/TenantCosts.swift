public import Base
import Foundation
public import Logging
public import ServiceLifecycle
public import Storage
import Synchronization
public import Telemetry

/// What each tenant costs in each product: added up in memory, written once a minute, capped per day.
///
/// A request adds to a cell of its tenant, product and group of ten minutes; a flush writes all cells with one
/// statement. Several nodes add to the same rows. What a node has not flushed when it is killed is lost, at most a
/// minute; a flush whose answer is lost may count twice.
public final class TenantCosts: TenantCostSink, Service {
    private enum Bounds {
        /// Cells kept until the next flush; what comes beyond is counted as lost.
        static let cells = 10_000
        /// Cells in one statement.
        static let batch = 2_000
        /// Tenants whose sums of the day are known.
        static let tenants = 50_000
        static let flush = Duration.seconds(60)
        /// The group of minutes that one row stands for.
        static let groupMicroseconds: Int64 = 600_000_000
    }

    struct Cell: Hashable, Sendable {
        var tenant: Tenant
        var product: String
        var startsAt: Timestamp
    }

    private struct State {
        var cells: [Cell: CostSums] = [:]
        var lost = 0
        /// The day that `today` is of, and what tenants have cost on all nodes by the last flush.
        var day = CalendarDay(daysSinceEpoch: 0)
        var today: [Tenant: CostSums] = [:]
        /// What this node has added since.
        var since: [Tenant: CostSums] = [:]
    }

    private let store: CostStore
    private let clock: any WallClock
    private let caps: CostCaps
    private let products: Set<String>
    private let logger: Logger
    private let state = Mutex(State())

    /// Makes an account without entries.
    ///
    /// - Parameters:
    ///   - storage: where the rows are.
    ///   - clock: tells minutes and days.
    ///   - products: the names of products; what belongs to none counts as `platform` and is never capped.
    ///   - caps: what a tenant may cost per day. Defaults to no caps.
    ///   - logger: told when a flush fails.
    public init(
        storage: Storage, clock: any WallClock, products: [String], caps: CostCaps = CostCaps(), logger: Logger
    ) {
        store = CostStore(storage: storage)
        self.clock = clock
        self.caps = caps
        self.products = Set(products)
        self.logger = logger
    }

    /// Pieces of work that were not counted, because there were too many tenants between two flushes.
    public var lost: Int { state.withLock { $0.lost } }

    // MARK: Counting

    private func product(of name: String) -> String? {
        let prefix = String(name.prefix { $0 != "." })
        return products.contains(prefix) ? prefix : nil
    }

    /// Adds what a piece of work has cost.
    public func record(_ cost: Cost, of name: String, for tenant: Tenant) {
        let sums = CostSums(
            requests: cost[.jobs] == 0 ? 1 : 0, statements: cost[.statements] + cost[.sharedStatements],
            databaseMicroseconds: cost[.databaseMicroseconds], bytes: cost[.bytesSent], jobs: cost[.jobs],
            tokens: cost[.tokens], money: cost[.money])
        let now = clock.now()
        let start = Timestamp(microseconds: now.microseconds / Bounds.groupMicroseconds * Bounds.groupMicroseconds)
        let product = product(of: name) ?? "platform"
        let cell = Cell(tenant: tenant, product: product, startsAt: start)
        let isCapped = !caps.isEmpty && product != "platform"
        state.withLock { state in
            if isCapped, state.since.count < Bounds.tenants { state.since[tenant, default: CostSums()] += sums }
            guard state.cells[cell] != nil || state.cells.count < Bounds.cells else {
                state.lost += 1
                return
            }
            state.cells[cell, default: CostSums()] += sums
        }
    }

    /// Until midnight UTC for a tenant that has reached a cap; `nil` otherwise.
    public func wait(for tenant: Tenant, before name: String) -> Duration? {
        guard !caps.isEmpty, product(of: name) != nil else { return nil }
        let now = clock.now()
        let day = CalendarDay(of: now, in: .gmt)
        let isOver = state.withLock { state in
            // The sums of yesterday are of no meaning today; those of today are read with the next flush.
            var sums = state.day == day ? state.today[tenant] ?? CostSums() : CostSums()
            if let since = state.since[tenant] { sums += since }
            return caps.areReached(by: sums)
        }
        return isOver ? day.next.start(in: .gmt) - now : nil
    }

    // MARK: Writing

    /// Flushes once a minute, and once more at the shutdown.
    public func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { [self] in
                while true {
                    await flushLogged()
                    try await clock.sleep(for: Bounds.flush)
                }
            }
        } catch is CancellationError {
            // The shutdown: what is left is written below.
        }
        await flushLogged()
    }

    private func flushLogged() async {
        do {
            try await flush()
        } catch {
            logger.error("costs.flushFailed", metadata: ["error": "\(error)"])
        }
    }

    /// Writes what has been added, and reads what tenants have cost today where that is capped.
    public func flush() async throws(StorageError) {
        let cells = state.withLock { state in
            defer { state.cells = [:] }
            return state.cells
        }
        // In one order on all nodes, so that two of them do not wait for each other.
        var left = cells.sorted { $0.key < $1.key }[...]
        while !left.isEmpty {
            do {
                try await store.add(Array(left.prefix(Bounds.batch)))
            } catch {
                restore(left)
                throw error
            }
            left = left.dropFirst(Bounds.batch)
        }
        guard !caps.isEmpty else { return }
        let day = CalendarDay(of: clock.now(), in: .gmt)
        let before = state.withLock { $0.since }
        let sums = try await store.sums(since: day.start(in: .gmt), limit: Bounds.tenants)
        state.withLock { state in
            state.day = day
            state.today = sums
            // What was added while the sums were read is not among them yet.
            for (tenant, sum) in before { state.since[tenant]? -= sum }
            state.since = state.since.filter { $0.value != CostSums() }
        }
    }

    private func restore(_ cells: ArraySlice<(key: Cell, value: CostSums)>) {
        state.withLock { state in
            for (cell, sums) in cells {
                if state.cells[cell] != nil || state.cells.count < Bounds.cells {
                    state.cells[cell, default: CostSums()] += sums
                } else {
                    state.lost += 1
                }
            }
        }
    }

    // MARK: Reading

    func lines(since start: Timestamp) async throws(StorageError) -> [CostLine] { try await store.lines(since: start) }

    func export(since start: Timestamp, _ body: (CostRow) async throws -> Void) async throws {
        try await store.export(since: start, body)
    }
}

extension TenantCosts.Cell: Comparable {
    static func < (left: Self, right: Self) -> Bool {
        (left.tenant.id, left.startsAt, left.product) < (right.tenant.id, right.startsAt, right.product)
    }
}

extension CostSums {
    static func -= (sum: inout Self, other: Self) {
        sum.requests -= other.requests
        sum.statements -= other.statements
        sum.databaseMicroseconds -= other.databaseMicroseconds
        sum.bytes -= other.bytes
        sum.jobs -= other.jobs
        sum.tokens -= other.tokens
        sum.money -= other.money
    }
}
