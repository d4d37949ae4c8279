/// What a call asks of the database, as far as its text says.
struct QueryText: Sendable, Hashable {
    enum Dialect: String, Sendable { case prisma, supabase, drizzle, sql, knex }

    struct Order: Sendable, Hashable {
        var column: String
        var isDescending: Bool
    }

    var dialect: Dialect
    /// The model, table variable or table, as the call names it.
    var table: String
    /// `findMany`, `select`, `update`.
    var method: String
    /// Columns that are compared for equality.
    var equal: [String] = []
    /// Columns that are compared with a list of keys.
    var listed: [String] = []
    /// Columns with a lower or upper bound.
    var ranged: [String] = []
    var order: [Order] = []
    /// Whether a part of the filter is built elsewhere.
    var isOpen = false
    /// The statement, where the call has one.
    var statement: String?

    /// Whether there is any filter.
    var isFiltered: Bool { isOpen || !equal.isEmpty || !listed.isEmpty || !ranged.isEmpty }

    /// Whether it changes nothing.
    var isRead: Bool {
        ["find", "select", "count", "aggregate", "groupBy"].contains { method.hasPrefix($0) }
    }

    /// Reads a call; `nil` when it is none that is known.
    init?(call: String) {
        let links = ScriptText(call).chain()
        if let found = Self.prisma(links) ?? Self.supabase(links) ?? Self.drizzle(links) ?? Self.knex(links)
            ?? Self.sql(links)
        {
            self = found
        } else {
            return nil
        }
    }

    init(dialect: Dialect, table: String, method: String) {
        self.dialect = dialect
        self.table = table
        self.method = method
    }

    // MARK: Prisma

    private static let prismaMethods: Set<String> = [
        "findMany", "findFirst", "findUnique", "findFirstOrThrow", "findUniqueOrThrow", "count", "aggregate", "groupBy",
        "create", "createMany", "createManyAndReturn", "update", "updateMany", "upsert", "delete", "deleteMany",
    ]

    private static func prisma(_ links: [ScriptText.Link]) -> QueryText? {
        // What follows the call (`.then(…)`) changes nothing about it.
        guard let index = links.firstIndex(where: { $0.arguments != nil }), index >= 2,
            prismaMethods.contains(links[index].name), let arguments = links[index].arguments
        else { return nil }
        let method = links[index].name
        if links[index - 2].name == "query" {
            var query = QueryText(dialect: .drizzle, table: links[index - 1].name, method: method)
            query.readDrizzle(arguments)
            return query
        }
        var query = QueryText(dialect: .prisma, table: links[index - 1].name, method: method)
        let properties = ScriptText(arguments).properties()
        for property in properties {
            switch property.key {
            case "where": query.readPrisma(property.value)
            case "orderBy": query.readPrismaOrder(property.value)
            default: break
            }
        }
        if properties.isEmpty, !arguments.trimmed.isEmpty { query.isOpen = true }
        // What is spread in may hold the filter, and the bound.
        if properties.contains(where: { $0.key == nil && $0.value.hasPrefix("...") }) { query.isOpen = true }
        return query
    }

    private mutating func readPrisma(_ text: String) {
        let properties = ScriptText(text).properties()
        if properties.isEmpty, !text.hasPrefix("{") { isOpen = true }
        for property in properties {
            guard let key = property.key else {
                isOpen = true
                continue
            }
            if key == "AND" {
                let parts = ScriptText(property.value).elements()
                for part in parts.isEmpty ? [property.value] : parts { readPrisma(part) }
                continue
            }
            if key == "OR" || key == "NOT" {
                isOpen = true
                continue
            }
            let inner = ScriptText(property.value).properties()
            guard property.value.hasPrefix("{") else {
                equal.append(key)
                continue
            }
            readPrisma(key, comparing: inner)
        }
    }

    private mutating func readPrisma(_ column: String, comparing inner: [ScriptText.Property]) {
        let keys = Set(inner.compactMap(\.key))
        if keys.contains("equals") {
            equal.append(column)
        } else if keys.contains("in") {
            listed.append(column)
        } else if !keys.isDisjoint(with: ["lt", "lte", "gt", "gte"]) {
            ranged.append(column)
        } else if !keys.isDisjoint(with: ["contains", "startsWith", "endsWith", "search", "not", "notIn", "has"]) {
            isOpen = true
        } else if !keys.isDisjoint(with: ["some", "every", "none", "is", "isNot"]) {
            isOpen = true
        } else if column.contains("_") {
            // A key of several columns: `userId_weekId: { userId, weekId }`.
            equal += inner.compactMap(\.key)
        } else {
            isOpen = true
        }
    }

    private mutating func readPrismaOrder(_ text: String) {
        let elements = ScriptText(text).elements()
        for element in elements.isEmpty ? [text] : elements {
            for property in ScriptText(element).properties() {
                guard let key = property.key, !property.value.hasPrefix("{") else { continue }
                order.append(Order(column: key, isDescending: property.value.contains("desc")))
            }
        }
    }

    // MARK: Supabase

    private static func supabase(_ links: [ScriptText.Link]) -> QueryText? {
        guard let from = links.firstIndex(where: { $0.name == "from" && $0.arguments != nil }),
            let table = ScriptText(links[from].arguments ?? "").literal(),
            let verb = links[(from + 1)...].first(where: {
                ["select", "insert", "update", "upsert", "delete"].contains($0.name)
            })
        else { return nil }
        var query = QueryText(dialect: .supabase, table: table, method: verb.name)
        for link in links[(from + 1)...] {
            let arguments = ScriptText(link.arguments ?? "").arguments()
            let column = arguments.first.flatMap { ScriptText($0).literal() } ?? ""
            switch link.name {
            case "eq", "is": query.equal.append(column)
            case "in": query.listed.append(column)
            case "gt", "gte", "lt", "lte": query.ranged.append(column)
            case "match": query.equal += ScriptText(link.arguments ?? "").properties().compactMap(\.key)
            case "or", "not", "neq", "ilike", "like", "filter", "textSearch", "contains", "overlaps":
                query.isOpen = true
            case "order":
                let isAscending = !(arguments.dropFirst().first ?? "").contains("false")
                query.order.append(Order(column: column, isDescending: !isAscending))
            default: break
            }
        }
        return query
    }

    // MARK: Drizzle

    private static func drizzle(_ links: [ScriptText.Link]) -> QueryText? {
        guard let verb = links.first(where: { $0.arguments != nil }),
            ["select", "selectDistinct", "selectDistinctOn", "insert", "update", "delete"].contains(verb.name),
            links.count > 1, links[0].arguments == nil
        else { return nil }
        let table =
            verb.name.hasPrefix("select") ? links.first { $0.name == "from" }?.arguments : verb.arguments
        guard let table = table.flatMap({ ScriptText($0).arguments().first }), table.utf8.allSatisfy({ $0 != 0x28 })
        else { return nil }
        var query = QueryText(dialect: .drizzle, table: table, method: verb.name)
        for link in links {
            switch link.name {
            case "where": query.readDrizzle(link.arguments ?? "")
            case "orderBy":
                for argument in ScriptText(link.arguments ?? "").arguments() { query.readDrizzleOrder(argument) }
            default: break
            }
        }
        return query
    }

    private mutating func readDrizzle(_ text: String) {
        guard !text.trimmed.isEmpty else { return }
        let links = ScriptText(text).chain()
        guard let call = links.first, let arguments = call.arguments else {
            isOpen = true
            for property in ScriptText(text).properties() where property.key == "where" {
                isOpen = false
                readDrizzle(property.value)
            }
            return
        }
        let parts = ScriptText(arguments).arguments()
        let column = parts.first?.split(separator: ".").last.map(String.init) ?? ""
        switch call.name {
        case "and": for part in parts { readDrizzle(part) }
        case "eq", "isNull": equal.append(column)
        case "inArray": listed.append(column)
        case "gt", "gte", "lt", "lte", "between": ranged.append(column)
        default: isOpen = true
        }
    }

    private mutating func readDrizzleOrder(_ text: String) {
        let call = ScriptText(text).chain().first { $0.arguments != nil }
        let column = (call?.arguments ?? text).split(separator: ".").last.map(String.init) ?? ""
        guard !column.isEmpty else { return }
        order.append(Order(column: column.trimmed, isDescending: call?.name == "desc"))
    }

    // MARK: Statements

    private static func sql(_ links: [ScriptText.Link]) -> QueryText? {
        guard let call = links.last(where: { $0.arguments != nil }),
            let first = ScriptText(call.arguments ?? "").arguments().first,
            let text = ScriptText(first.hasPrefix("sql") ? String(first.dropFirst(3)) : first).literal()
        else { return nil }
        guard let shape = StatementShape(text) else { return nil }
        var query = QueryText(dialect: .sql, table: shape.table, method: shape.verb)
        query.equal = shape.equal
        query.listed = shape.listed
        query.ranged = shape.ranged
        query.order = shape.order
        query.isOpen = shape.isOpen
        query.statement = text
        return query
    }

    private static func knex(_ links: [ScriptText.Link]) -> QueryText? {
        guard let first = links.first, ["knex", "trx", "db"].contains(first.name), let arguments = first.arguments,
            let table = ScriptText(arguments).literal()
        else { return nil }
        var query = QueryText(dialect: .knex, table: table, method: "select")
        for link in links.dropFirst() {
            let parts = ScriptText(link.arguments ?? "").arguments()
            let column = parts.first.flatMap { ScriptText($0).literal() }
            switch link.name {
            case "where", "andWhere":
                if let column {
                    if parts.count == 3 { query.ranged.append(column) } else { query.equal.append(column) }
                } else {
                    query.equal += ScriptText(link.arguments ?? "").properties().compactMap(\.key)
                }
            case "whereIn": if let column { query.listed.append(column) }
            case "orderBy":
                if let column {
                    query.order.append(
                        Order(column: column, isDescending: parts.dropFirst().first?.contains("desc") ?? false))
                }
            case "insert", "update", "del", "delete": query.method = link.name
            default: break
            }
        }
        return query
    }
}
