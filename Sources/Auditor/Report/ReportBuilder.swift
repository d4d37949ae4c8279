/// Puts together what the passes saw, so that all sections stand on the same numbers.
struct ReportBuilder {
    let users: Double
    let prices: Prices
    private let day: String
    private var findings: [Finding] = []
    private var good: [KeepNote] = []
    private var questions: [Question] = []
    private var missing: [NotJudged] = []
    private var examined: [Finding.Quantity] = []
    private var assumptions: [Report.Assumption] = []
    private var workload = Workload()
    /// What a running server says it handed out.
    private var served: [Workload.Quantity] = []
    private var components: Set<Component> = []

    init(users: Double, prices: Prices, day: String) {
        self.users = users
        self.prices = prices
        self.day = day
        assumptions = [Report.Assumption(name: "users", value: users, unit: "users", origin: "given with --users")]
        for price in prices.prices {
            assumptions.append(
                Report.Assumption(
                    name: "price.\(price.name)", value: Double(price.micros) / 1_000_000,
                    unit: "\(prices.currency) a \(price.unit)", origin: "\(price.source), read on \(price.date)"))
        }
    }

    mutating func add(_ result: SourcePass.Result, isCut: Bool) {
        findings += result.findings
        good += result.good
        questions += result.questions
        missing += result.notJudged
        examined += result.examined
        components.formUnion(Component.allCases)
        if isCut {
            missing.append(
                NotJudged(
                    rule: "source", reason: "the folder has more files than are looked at",
                    remedy: "audit the application's own folder"))
        }
    }

    mutating func add(_ result: DatabasePass.Result) {
        findings += result.findings
        good += result.good
        questions += result.questions
        missing += result.notJudged
        examined += result.examined
        assumptions += result.assumptions
        workload = Workload(result.catalogue)
        components.insert(.database)
    }

    mutating func add(_ result: RunningJudge.Result) {
        findings += result.findings
        good += result.good
        missing += result.notJudged
        examined += result.examined
        served += result.quantities
        components.formUnion([.requests, .caching, .database])
    }

    mutating func notJudged(_ entry: NotJudged) { missing.append(entry) }

    /// Ranks what the source says by what the database knows.
    mutating func join(_ source: SourcePass.Result, with database: DatabasePass.Result) {
        let join = JoinedPass(source: source, database: database)
        findings = findings.map { join.located(join.measured($0)) }
        missing += join.notJudged
    }

    /// The report, most urgent findings first.
    func report(target: String, baseline: Baseline?, suppressions: Suppressions) -> Report {
        var workload = workload
        workload.quantities += served
        workload.add(prices)
        let own = SourcePass.distinct(findings).map { withCost($0, workload) }
        let marked = suppressions.apply(to: own, on: day).sorted(by: Self.isMoreUrgent)
        let counted = marked.filter { $0.suppression == nil }
        workload.spare(counted)
        let costs = costs(of: counted, workload)
        let bands = capacity(of: counted, workload)
        return Report(
            target: target, date: day, examined: examined,
            summary: Report.Summary(
                counts: Dictionary(
                    uniqueKeysWithValues: Severity.allCases.map { severity in
                        (severity.rawValue, counted.count { $0.severity == severity })
                    }), suppressed: marked.count - counted.count,
                headline: headline(counted, bands, costs),
                grades: Component.allCases.filter(components.contains).map { Report.Grade(of: $0, from: counted) }),
            findings: marked, good: merged(good), questions: questions.sorted { $0.rule < $1.rule },
            notJudged: missing.sorted { ($0.rule, $0.reason) < ($1.rule, $1.reason) },
            assumptions: assumptions + sharedAssumptions(workload), capacity: bands,
            timeline: timeline(of: counted, bands), costs: costs, roadmap: roadmap(of: counted),
            metrics: Metrics.watching(counted), comparison: baseline?.compare(counted))
    }

    private func withCost(_ finding: Finding, _ workload: Workload) -> Finding {
        guard let taken = finding.taken(over: workload.window),
            let line = prices.line(taken.amount, of: taken.price, per: "month")
        else { return finding }
        var copy = finding
        copy.cost = line
        return copy
    }

    private static func isMoreUrgent(_ left: Finding, _ right: Finding) -> Bool {
        if left.severity != right.severity { return left.severity > right.severity }
        let order: [Confidence] = [.measured, .shown, .suspected]
        let (first, second) = (order.firstIndex(of: left.confidence) ?? 0, order.firstIndex(of: right.confidence) ?? 0)
        return first != second ? first < second : left.id < right.id
    }

    private func merged(_ notes: [KeepNote]) -> [KeepNote] { notes.sorted { ($0.rule, $0.text) < ($1.rule, $1.text) } }
}

/// Rough work, as numbers to sort by.
enum Effort {
    /// The longest that `10 min`, `2-3 h`, `half a day`, `1-2 days`, `weeks` may mean.
    static func minutes(_ text: String) -> Int {
        if text.contains("half a day") { return 240 }
        let number = text.split { !$0.isNumber }.compactMap { Int($0) }.last ?? 3
        if text.contains("min") { return number }
        if text.contains("h") && !text.contains("mont") { return number * 60 }
        if text.contains("week") { return number * 2_400 }
        return number * 480
    }
}

/// What to watch for each kind of finding.
enum Metrics {
    private static let all: [(name: String, threshold: String, rules: Set<String>)] = [
        (
            "statements of a request, p99", "over twice the route's usual number",
            ["n-plus-one", "sequential-queries", "per-request-user-lookup", "no-request-coalescing"]
        ),
        (
            "rows of an answer, maximum", "over 1,000",
            ["unbounded-result", "over-fetching", "in-memory-export", "app-side-aggregate", "unvirtualised-list"]
        ),
        ("connections in use", "over 80 % of the limit", ["no-pool", "connection-limit"]),
        (
            "time of statements by fingerprint, share", "a statement with over 20 %",
            [
                "missing-index", "heavy-join", "offset-pagination", "vector-no-index", "no-precomputed-aggregate",
                "rls-per-row", "hot-statement",
            ]
        ),
        (
            "age of the oldest waiting job", "over the time a user waits",
            [
                "fanout-burst", "fixed-concurrency", "no-priority-queue", "no-batching", "linear-schedule",
                "no-user-concurrency-limit",
            ]
        ),
        ("jobs that failed for good", "any that nobody looked at", ["no-dlq", "silent-partial-result", "no-retry"]),
        (
            "spend on calls to models, by tenant and day", "over the tenant's budget",
            ["no-quota", "ai-without-max-tokens", "no-cost-tracking"]
        ),
        (
            "hit ratio of the cache", "below 80 %",
            ["no-cache", "uncached-flag", "cache-invalidation", "cache-key-scan"]
        ),
        (
            "size of the largest tables", "faster than their users grow",
            ["no-retention", "unbounded-json", "table-bloat"]
        ),
        ("open sockets by user", "over a few", ["socket-no-limit", "no-authentication", "realtime-limit"]),
        ("time of webhooks, p99", "over a quarter of the sender's limit", ["sync-webhook", "webhook-unsigned"]),
    ]

    static func watching(_ findings: [Finding]) -> [Report.Metric] {
        all.compactMap { metric in
            let ids = findings.filter { metric.rules.contains($0.rule) }.map(\.id)
            return ids.isEmpty ? nil : Report.Metric(name: metric.name, threshold: metric.threshold, findings: ids)
        }
    }
}
