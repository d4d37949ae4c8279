public import Base
import Synchronization

/// What each route (or kind of job) has cost, for the operator's console and the audit.
///
/// Bounded: at most ``routesMax`` names; further ones are added up under `other`. Recording takes one short lock of the
/// route. Quantiles are shown both since the start and over the last one to two windows.
public final class CostLedger: Sendable {
    /// The name under which routes beyond the bound are added up.
    public static let other = "other"

    /// What the runs of one route cost together.
    public struct Aggregate: Sendable {
        /// How many runs there were.
        public internal(set) var count = 0
        /// How many of them failed on the server's side.
        public internal(set) var errors = 0
        /// How many used more statements than declared.
        public internal(set) var overBudget = 0
        /// How long they took.
        public internal(set) var latency = LatencyHistogram()
        private var sums = [Int](repeating: 0, count: Cost.Item.allCases.count)
        /// The most statements that one run sent.
        public internal(set) var statementsMax = 0

        /// The sum over all runs of something that ``Cost`` counts.
        public subscript(item: Cost.Item) -> Int { sums[item.rawValue] }

        /// The average per run of something that ``Cost`` counts; zero when there was no run.
        public func mean(_ item: Cost.Item) -> Double { count == 0 ? 0 : Double(sums[item.rawValue]) / Double(count) }

        /// Hits per look-up in caches, 0 to 1; `nil` when nothing was looked up.
        public var cacheHitRatio: Double? {
            let looked = self[.cacheHits] + self[.cacheMisses]
            return looked == 0 ? nil : Double(self[.cacheHits]) / Double(looked)
        }

        mutating func add(_ cost: Cost, took duration: Duration, failed: Bool, isOverBudget: Bool) {
            count += 1
            if failed { errors += 1 }
            if isOverBudget { overBudget += 1 }
            latency.record(duration)
            for item in Cost.Item.allCases { sums[item.rawValue] &+= cost[item] }
            statementsMax = max(statementsMax, cost[.statements])
        }

        mutating func merge(_ other: Aggregate) {
            count += other.count
            errors += other.errors
            overBudget += other.overBudget
            latency.merge(other.latency)
            for index in sums.indices { sums[index] &+= other.sums[index] }
            statementsMax = max(statementsMax, other.statementsMax)
        }
    }

    /// One route's line in the console.
    public struct Line: Sendable {
        /// The route's name.
        public var route: String
        /// How many statements one run may send; `nil` when it declares none.
        public var statementBudget: Int?
        /// Everything since the start of the process.
        public var total: Aggregate
        /// The last one to two windows.
        public var recent: Aggregate
    }

    /// Where one route records its runs; kept by whoever runs it.
    public final class Route: Sendable {
        private struct State {
            var total = Aggregate()
            var previous = Aggregate()
            var current = Aggregate()
            var window: Int64 = 0
        }

        /// The route's name.
        public let name: String
        /// How many statements one run may send; `nil` when it declares none.
        public let statementBudget: Int?
        private let clock: any WallClock
        private let windowLength: Duration
        private let state = Mutex(State())

        init(name: String, statementBudget: Int?, clock: any WallClock, windowLength: Duration) {
            self.name = name
            self.statementBudget = statementBudget
            self.clock = clock
            self.windowLength = windowLength
        }

        /// Adds one run.
        ///
        /// - Parameters:
        ///   - cost: What it cost.
        ///   - duration: How long it took.
        ///   - failed: Whether it failed on the server's side; a refusal that is the caller's fault is no failure.
        /// - Returns: Whether it sent more statements than the route declares.
        @discardableResult
        public func record(_ cost: Cost, took duration: Duration, failed: Bool) -> Bool {
            let isOverBudget = statementBudget.map { cost[.statements] > $0 } ?? false
            let window = clock.uptime().microseconds / windowLength.microseconds
            state.withLock { state in
                Self.turn(&state, to: window)
                state.current.add(cost, took: duration, failed: failed, isOverBudget: isOverBudget)
                state.total.add(cost, took: duration, failed: failed, isOverBudget: isOverBudget)
            }
            return isOverBudget
        }

        /// The route's line in the console.
        public var line: Line {
            let window = clock.uptime().microseconds / windowLength.microseconds
            return state.withLock { state in
                Self.turn(&state, to: window)
                var recent = state.previous
                recent.merge(state.current)
                return Line(route: name, statementBudget: statementBudget, total: state.total, recent: recent)
            }
        }

        /// Everything since the start of the process.
        public var total: Aggregate { state.withLock(\.total) }

        private static func turn(_ state: inout State, to window: Int64) {
            guard window != state.window else { return }
            state.previous = window == state.window + 1 ? state.current : Aggregate()
            state.current = Aggregate()
            state.window = window
        }
    }

    private let routes: Mutex<[String: Route]> = Mutex([:])
    private let clock: any WallClock
    private let windowLength: Duration
    private let rest: Route

    /// How many routes are told apart.
    public let routesMax: Int

    /// Makes an empty ledger.
    ///
    /// - Parameters:
    ///   - clock: What measures windows.
    ///   - routesMax: How many routes are told apart, at 13 KiB each. Defaults to 512; 1 to 10,000.
    ///   - window: The length of a window. Defaults to 60 seconds; 1 second to 1 hour.
    public init(clock: any WallClock, routesMax: Int = 512, window: Duration = .seconds(60)) {
        precondition((1...10_000).contains(routesMax), "routesMax is \(routesMax), not within 1 to 10,000")
        precondition((.seconds(1) ... .seconds(3_600)).contains(window), "the window must be 1 second to 1 hour")
        self.clock = clock
        self.routesMax = routesMax
        windowLength = window
        rest = Route(name: Self.other, statementBudget: nil, clock: clock, windowLength: window)
    }

    /// The route of this name, made at the first call; beyond ``routesMax`` names, the one named `other`.
    public func route(_ name: String, statementBudget: Int? = nil) -> Route {
        routes.withLock { routes in
            if let known = routes[name] { return known }
            guard name != Self.other, routes.count < routesMax else { return rest }
            let made = Route(name: name, statementBudget: statementBudget, clock: clock, windowLength: windowLength)
            routes[name] = made
            return made
        }
    }

    /// All routes that ran at least once, by name; `other` last.
    public var lines: [Line] { known.map(\.line).filter { $0.total.count > 0 } }

    private var known: [Route] { routes.withLock { $0.values.sorted { $0.name < $1.name } } + [rest] }

    /// Declares the routes' sums as metrics, with the route as their only label.
    ///
    /// - Parameters:
    ///   - registry: Where to.
    ///   - prefix: What the metrics' names begin with. Defaults to `capstan_route`.
    public func declareMetrics(in registry: MetricRegistry, prefix: String = "capstan_route") {
        func sum(
            _ name: String, _ help: String, unit: MetricUnit = .count, _ value: @escaping @Sendable (Aggregate) -> Int
        ) {
            registry.sampled("\(prefix)_\(name)_total", help, kind: .counter, unit: unit, labels: ["route"]) {
                self.known.compactMap { route in
                    let total = route.total
                    return total.count == 0 ? nil : .init(value(total), route.name)
                }
            }
        }
        sum("runs", "Runs of the route.") { $0.count }
        sum("errors", "Runs that failed on the server's side.") { $0.errors }
        sum("over_budget", "Runs that sent more statements than declared.") { $0.overBudget }
        sum("duration_seconds", "Time that all runs took together.", unit: .seconds) {
            $0.latency.totalMicroseconds
        }
        sum("statements", "Statements sent for the route alone.") { $0[.statements] }
        sum("rows_read", "Rows that came back.") { $0[.rowsRead] }
        sum("sent_bytes", "Bytes of response bodies.", unit: .bytes) { $0[.bytesSent] }
        sum("cache_hits", "Cache look-ups served from memory.") { $0[.cacheHits] }
        sum("cache_misses", "Cache look-ups that had to load.") { $0[.cacheMisses] }
    }
}
