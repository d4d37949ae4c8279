import Foundation

/// What is used today, by how many people, of what there is: the numbers that capacity, timeline and costs share.
struct Workload: Sendable {
    /// Something of which there is so much and no more.
    struct Resource: Sendable, Hashable {
        /// The name in the table of assumptions, such as `connections`.
        var name: String
        /// In words.
        var text: String
        var used: Double
        var limit: Double
        var unit: String
        /// How `used` was read.
        var origin: String
        /// Who says what the limit is.
        var limitOrigin: String
        /// Findings of these rules spare it.
        var rules: Set<String>
    }

    /// Something that is paid for by the month.
    struct Quantity: Sendable, Hashable {
        /// The price's name.
        var price: String
        /// How much a month, today.
        var amount: Double
        var unit: String
        /// How it was read.
        var origin: String
        /// How much of it fixes spare, as a share.
        var spared: Double = 0
    }

    /// A number that has an origin.
    struct Figure: Sendable, Hashable {
        var value: Double
        var origin: String
    }

    enum Bounds {
        /// Up to this share of a resource, waiting grows as load does; beyond it, as 1 / (1 - share).
        static let knee = 0.7
        static let hoursMonth = 730.0
        /// Counters of less than an hour say nothing about a month.
        static let windowMin = 3_600.0
        static let daysMonth = 30.0
    }

    var usersNow: Figure?
    var resources: [Resource] = []
    var quantities: [Quantity] = []
    /// For how long counters counted, in seconds.
    var window = 0.0
    /// The names of tables whose rows are people, the most usual first.
    static let people = ["users", "user", "profiles", "accounts", "members", "customers", "people"]
}

extension Workload {
    /// What a catalogue and its counters say.
    init(_ catalogue: Catalogue) {
        window = catalogue.counterSeconds
        for name in Self.people {
            guard let table = catalogue.tables.first(where: { $0.name.lowercased() == name }), table.rows >= 1 else {
                continue
            }
            usersNow = Figure(
                value: table.rows.rounded(), origin: "measured: rows of \(table.key), reltuples of pg_class")
            break
        }
        addConnections(catalogue)
        addTime(catalogue)
        addBytes(catalogue)
    }

    private mutating func addConnections(_ catalogue: Catalogue) {
        guard let limit = catalogue.settings["max_connections"].flatMap(Double.init) else { return }
        let reserved = catalogue.settings["superuser_reserved_connections"].flatMap(Double.init) ?? 0
        let used = catalogue.connections.reduce(0) { $0 + $1.count }
        guard used >= 1, limit > reserved else { return }
        resources.append(
            Resource(
                name: "connections", text: "connections of the database server", used: used, limit: limit - reserved,
                unit: "connections", origin: "measured at one moment: pg_stat_activity",
                limitOrigin: "measured: max_connections less superuser_reserved_connections",
                rules: ["no-pool", "connection-limit", "idle-in-transaction"]))
    }

    /// Time in statements, by the law of utilisation: rate times time is how many work at once.
    private mutating func addTime(_ catalogue: Catalogue) {
        let milliseconds = catalogue.statements.reduce(0) { $0 + $1.totalMilliseconds }
        // Minutes of counters are the minutes of somebody's trial, not of the product.
        guard milliseconds > 0, window >= Bounds.windowMin else { return }
        let busy = milliseconds / 1_000 / window
        quantities.append(
            Quantity(
                price: "database.core.hour", amount: busy * Bounds.hoursMonth, unit: "core-hours",
                origin: "measured: time in all statements of pg_stat_statements, over the window, times 730 h"))
    }

    private mutating func addBytes(_ catalogue: Catalogue) {
        let gigabytes = catalogue.databaseBytes / 1_000_000_000
        guard gigabytes > 0 else { return }
        quantities.append(
            Quantity(
                price: "database.gigabyte.month", amount: gigabytes, unit: "GB", origin: "measured: pg_database_size"))
    }

    /// What the owner says beside: limits that no measurement knows, quantities that are paid for.
    mutating func add(_ prices: Prices) {
        for given in prices.quantities ?? [] {
            let origin = "given: \(given.source), read on \(given.date)"
            switch given.name {
            case "users.now": usersNow = Figure(value: given.value, origin: origin)
            case "database.cores":
                guard let busy = quantities.first(where: { $0.price == "database.core.hour" }) else { continue }
                resources.append(
                    Resource(
                        name: "processor", text: "processor of the database server",
                        used: busy.amount / Bounds.hoursMonth, limit: given.value, unit: "cores", origin: busy.origin,
                        limitOrigin: origin,
                        rules: ["missing-index", "hot-statement", "offset-pagination", "vector-no-index"]))
            case "database.gigabytes":
                guard let size = quantities.first(where: { $0.price == "database.gigabyte.month" }) else { continue }
                resources.append(
                    Resource(
                        name: "disk", text: "disk of the database server", used: size.amount, limit: given.value,
                        unit: "GB", origin: size.origin, limitOrigin: origin,
                        rules: ["no-retention", "table-bloat", "unused-index", "duplicate-index"]))
            default:
                guard let price = given.price else { continue }
                let perMonth = given.period == "day" ? Bounds.daysMonth : 1
                let amount = given.value * perMonth
                if let index = quantities.firstIndex(where: { $0.price == price }) {
                    quantities[index].amount += amount
                    quantities[index].origin += "; \(origin)"
                } else {
                    quantities.append(Quantity(price: price, amount: amount, unit: given.unit, origin: origin))
                }
            }
        }
    }

    /// What fixes spare of what is paid for, as far as it was measured.
    mutating func spare(_ findings: [Finding]) {
        for index in quantities.indices {
            let amount = quantities[index].amount
            guard amount > 0 else { continue }
            let spared = findings.reduce(0.0) { $0 + ($1.spared(of: quantities[index].price, over: window) ?? 0) }
            quantities[index].spared = min(0.95, spared / amount)
        }
    }
}

extension Finding {
    /// How much a month its fix spares of what is paid for; `nil` where nothing says so.
    func spared(of price: String, over window: Double) -> Double? {
        switch (price, rule) {
        case ("database.gigabyte.month", "unused-index"), ("database.gigabyte.month", "duplicate-index"),
            ("database.gigabyte.month", "invalid-index"):
            return number("size").map { $0 / 1_000 }
        case ("database.core.hour", "missing-index"):
            guard let trial, let before = trial.costBefore, let after = trial.costAfter, before > 0, window > 0,
                let total = number("total")
            else { return nil }
            return total / 1_000 / window * Workload.Bounds.hoursMonth * max(0, 1 - after / before)
        default: return nil
        }
    }

    /// What it takes a month of what is paid for; `nil` where nothing says so.
    func taken(over window: Double) -> (price: String, amount: Double)? {
        if ["unused-index", "duplicate-index", "invalid-index", "no-retention"].contains(rule),
            let size = number("size")
        {
            return ("database.gigabyte.month", size / 1_000)
        }
        if let total = number("total"), location.statement != nil, window > 0 {
            return ("database.core.hour", total / 1_000 / window * Workload.Bounds.hoursMonth)
        }
        return nil
    }

    private func number(_ name: String) -> Double? { observation.numbers.first { $0.name == name }?.value }
}
