public import Base

/// Which engine a statement is rendered for.
public enum Dialect: String, Sendable, Hashable, CaseIterable {
    /// PostgreSQL 15 or newer.
    case postgres
    /// SQLite 3.40 or newer.
    case sqlite
}

/// A statement ready to be sent: text with numbered parameters, and their values in order.
public struct RenderedSQL: Sendable, Hashable {
    /// A parameter's value.
    public enum Parameter: Sendable, Hashable {
        /// One value.
        case value(SQLValue)
        /// A whole column, sent as an array; on PostgreSQL only.
        case array(SQLRows.Column)
    }

    /// The text.
    ///
    /// The same text and types for every call from the same place, so that it can stay prepared.
    public let text: String
    /// The values, `$1` first.
    public let parameters: [Parameter]
    /// The tenants that are bound, without repetition: none or one in a legal statement.
    public let tenants: [Tenant]
    /// Whether it is planned for each execution instead of staying prepared.
    public let isReplanned: Bool

    init(text: String, parameters: [Parameter], tenants: [Tenant], isReplanned: Bool = false) {
        self.text = text
        self.parameters = parameters
        self.tenants = tenants
        self.isReplanned = isReplanned
    }

    /// The same statement as a question about its plan, with the same values: JSON on PostgreSQL, lines on SQLite.
    public func explained(for dialect: Dialect) -> RenderedSQL {
        RenderedSQL(
            text: (dialect == .postgres ? "EXPLAIN (FORMAT JSON) " : "EXPLAIN QUERY PLAN ") + text,
            parameters: parameters, tenants: tenants)
    }
}

extension SQL {
    /// Refuses numbers that are none, which SQLite would store as null and PostgreSQL would sort above all others.
    func checkNumbers(_ name: StaticString) throws(StorageError) {
        func isNone(_ value: SQLValue) -> Bool { if case .double(let number) = value { number.isNaN } else { false } }
        for part in parts {
            switch part {
            case .bind(let value) where isNone(value): break
            case .rows(let rows) where rows.columns.contains { $0.type == .double && $0.values.contains(where: isNone) }:
                break
            default: continue
            }
            throw StorageError(.invalidValue, "\(name) binds a number that is none (NaN)")
        }
    }

    /// Renders for an engine.
    public func rendered(for dialect: Dialect) -> RenderedSQL {
        var text = ""
        var parameters: [RenderedSQL.Parameter] = []
        var tenants: [Tenant] = []
        var isReplanned = false
        func bind(_ parameter: RenderedSQL.Parameter) {
            parameters.append(parameter)
            switch dialect {
            case .postgres: text += "$\(parameters.count)"
            // Not `?n`: SQLite looks each number up among all that came before, and a table of values has thousands.
            case .sqlite: text += "?"
            }
        }
        for part in parts {
            switch part {
            case .text(let literal): text += literal
            case .replanned: isReplanned = true
            case .bind(let value): bind(.value(value))
            case .tenant(let tenant):
                bind(.value(tenant.id.sqlValue))
                if !tenants.contains(tenant) { tenants.append(tenant) }
            case .rows(let rows) where dialect == .postgres:
                text += "SELECT * FROM unnest("
                for (index, column) in rows.columns.enumerated() {
                    if index > 0 { text += ", " }
                    bind(.array(column))
                }
                text += ")"
            case .rows(let rows) where rows.count == 0:
                text += "SELECT " + rows.columns.map { _ in "NULL" }.joined(separator: ", ") + " WHERE 0"
            case .rows(let rows):
                text += "VALUES "
                for row in 0..<rows.count {
                    text += row == 0 ? "(" : ", ("
                    for (index, column) in rows.columns.enumerated() {
                        if index > 0 { text += ", " }
                        bind(.value(column.values[row]))
                    }
                    text += ")"
                }
            }
        }
        return RenderedSQL(text: text, parameters: parameters, tenants: tenants, isReplanned: isReplanned)
    }
}
