/// Refuses migrations that would stop a running server or leave a table without its tenant.
///
/// Pure: it looks at the declarations only. Statements on tables that the same migration creates are free, as those
/// hold no rows yet.
public enum MigrationLint {
    /// A broken rule, and where.
    public struct Finding: Sendable, Hashable, CustomStringConvertible {
        /// The module.
        public let module: String
        /// The migration; `nil` for the module as a whole.
        public let migration: Int?
        /// What is wrong and what to do.
        public let message: String

        /// As in `tournament 2: …`.
        public var description: String { "\(module)\(migration.map { " \($0)" } ?? ""): \(message)" }
    }

    /// All broken rules of all modules.
    public static func findings(in modules: [SchemaModule]) -> [Finding] {
        var findings: [Finding] = []
        var owners: [String: String] = [:]
        for module in modules {
            func add(_ migration: Int?, _ message: String) {
                findings.append(Finding(module: module.name, migration: migration, message: message))
            }
            for (index, migration) in module.migrations.enumerated() where migration.number != index + 1 {
                add(migration.number, "stands at place \(index + 1): number migrations from 1 without gaps")
            }
            for table in module.tables {
                if let owner = owners.updateValue(module.name, forKey: table.name) {
                    add(nil, "the table \(table.name) is declared by \(owner) already")
                }
            }
            for message in tableFindings(module) { add(nil, message) }
            for migration in module.migrations {
                for message in statementFindings(migration) { add(migration.number, message) }
            }
        }
        let names = modules.map(\.name)
        for name in Set(names) where names.count(where: { $0 == name }) > 1 {
            findings.append(Finding(module: name, migration: nil, message: "two modules have this name"))
        }
        return findings
    }

    /// Each declared table is created, each created one declared, and a tenant's key begins with the tenant.
    private static func tableFindings(_ module: SchemaModule) -> [String] {
        var messages: [String] = []
        let texts = module.migrations.flatMap(\.steps).compactMap(\.anyText).map(SchemaText.init)
        let created = Dictionary(grouping: texts.filter { $0.createdTable != nil }) { $0.createdTable ?? "" }
        for table in module.tables {
            guard let statements = created[table.name] else {
                messages.append("the table \(table.name) is declared, but no migration creates it")
                continue
            }
            guard table.tenancy == .tenant else { continue }
            for statement in statements where statement.primaryKey.first != "tenant_id" {
                messages.append(
                    "the primary key of the tenant table \(table.name) begins with "
                        + "\(statement.primaryKey.first ?? "nothing"): begin it with tenant_id")
            }
        }
        let declared = Set(module.tables.map(\.name))
        for name in created.keys.sorted() where !declared.contains(name) {
            messages.append("the table \(name) is created, but not declared: say whose its rows are")
        }
        return messages
    }

    private static func statementFindings(_ migration: Migration) -> [String] {
        let texts = migration.steps.compactMap(\.anyText).map(SchemaText.init)
        let fresh = Set(texts.compactMap(\.createdTable))
        return texts.compactMap { finding($0, fresh: fresh) }
    }

    private static func finding(_ text: SchemaText, fresh: Set<String>) -> String? {
        if let table = text.indexedTable, !fresh.contains(table) {
            return "CREATE INDEX locks writers of \(table) out while it builds: use the step .index"
        }
        if let table = text.rewrittenTable, !fresh.contains(table) {
            return "\(text.words[0]) changes all of \(table) in one transaction: do it in batches in a service"
        }
        if text.words.first == "LOCK" || text.contains("VACUUM", "FULL") || text.words.first == "CLUSTER" {
            return "\(text.words[0]) locks everybody out"
        }
        guard let table = text.alteredTable, !fresh.contains(table) else { return nil }
        return alteration(text, table)
    }

    private static let volatile: Set<String> = [
        "RANDOM", "GEN_RANDOM_UUID", "CLOCK_TIMESTAMP", "NEXTVAL", "TIMEOFDAY", "UUID_GENERATE_V4",
    ]

    private static func alteration(_ text: SchemaText, _ table: String) -> String? {
        if text.contains("ADD", "COLUMN") {
            if text.contains("NOT", "NULL"), !text.contains("DEFAULT") {
                return "a column of \(table) is NOT NULL without DEFAULT, which its rows cannot satisfy"
            }
            if text.contains("DEFAULT"), !volatile.isDisjoint(with: text.words) {
                return "a column of \(table) has a default that differs per row, which rewrites the table: add it "
                    + "without one, then fill it in batches"
            }
            if text.contains("PRIMARY", "KEY") || text.contains("UNIQUE") {
                return "a key on a new column of \(table) builds an index under a lock: use the step .index"
            }
            return nil
        }
        if text.contains("TYPE") { return "a changed type rewrites \(table): add a new column instead" }
        if text.contains("SET", "NOT", "NULL") {
            return "SET NOT NULL reads all of \(table) under a lock: add a CHECK … NOT VALID and validate it later"
        }
        if text.contains("ADD", "CONSTRAINT") || text.contains("ADD", "FOREIGN") || text.contains("ADD", "CHECK") {
            if text.contains("UNIQUE") || text.contains("PRIMARY", "KEY") {
                return "a key on \(table) builds an index under a lock: use the step .index"
            }
            if !text.contains("NOT", "VALID") {
                return "a constraint reads all of \(table) under a lock: add it NOT VALID and validate it later"
            }
        }
        if text.contains("RENAME") {
            return "a new name on \(table) breaks servers of the last version: add, copy, then drop"
        }
        return nil
    }
}

extension Migration.Step {
    /// The statement, whichever engine it is for.
    fileprivate var anyText: String? {
        switch self {
        case .both(let text), .postgres(let text), .sqlite(let text): text
        case .index: nil
        }
    }
}
