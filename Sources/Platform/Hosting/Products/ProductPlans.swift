public import Storage

/// The products of an installation, checked against each other before anything runs.
public struct ProductPlans: Sendable {
    /// The plans, in the order in which they are mounted.
    public let plans: [ProductPlan]

    /// All parts of the database: the platform's and the products'.
    public let modules: [SchemaModule]

    /// Checks plans.
    ///
    /// - Parameters:
    ///   - plans: the products'.
    ///   - platform: the tables of the platform's own modules.
    /// - Throws: `hosting.invalidManifest` naming the first contradiction and what to do.
    public init(_ plans: [ProductPlan], platform: [SchemaModule]) throws(HostingError) {
        self.plans = plans
        modules = platform + plans.map(\.schema)
        try Self.requireUnique(plans.map(\.name), "products", "mount each once")
        try Self.requireUnique(modules.map(\.name), "schema modules", "rename one")
        try Self.requireUnique(modules.flatMap(\.tables).map(\.name), "tables", "rename one")
        try Self.requireUnique(plans.flatMap(\.capabilities).map(\.name), "system capabilities", "rename one")
        for module in modules {
            guard module.migrations.map(\.number) == Array(1...max(1, module.migrations.count)) else {
                throw HostingError(
                    .invalidManifest,
                    "the migrations of \(module.name) are numbered \(module.migrations.map(\.number)): count from 1")
            }
        }
        for plan in plans {
            for setting in plan.settings where !setting.key.hasPrefix(plan.name + ".") {
                throw HostingError(
                    .invalidManifest, "the setting \(setting.key) of \(plan.name) must begin with \(plan.name).")
            }
        }
    }

    private static func requireUnique(_ names: [String], _ what: String, _ advice: String) throws(HostingError) {
        var seen: Set<String> = []
        for name in names where !seen.insert(name).inserted {
            throw HostingError(.invalidManifest, "there are two \(what) named \(name): \(advice)")
        }
    }
}
