import Base
import BaseTestKit
import Testing

@testable import Storage

@Suite struct SQLTests {
    private let tenant = Tenant(ID(high: 1, low: 2))

    @Test func `values are bound in order, never spliced`() {
        let name = "'; DROP TABLE clips; --"
        let sql: SQL = "SELECT a FROM clips WHERE tenant_id = \(tenant) AND name = \(name) AND n > \(3)"
        let postgres = sql.rendered(for: .postgres)
        #expect(postgres.text == "SELECT a FROM clips WHERE tenant_id = $1 AND name = $2 AND n > $3")
        #expect(postgres.parameters == [.value(tenant.id.sqlValue), .value(.text(name)), .value(.integer(3))])
        #expect(postgres.tenants == [tenant])
        #expect(sql.rendered(for: .sqlite).text == "SELECT a FROM clips WHERE tenant_id = ? AND name = ? AND n > ?")
    }

    @Test func `fragments are embedded and numbered on, constants are spliced`() {
        let filter: SQL = "b = \(2)"
        let sql: SQL = "SELECT \(raw: "a") FROM t WHERE a = \(1) AND \(sql: filter) AND c = \(3)"
        #expect(sql.rendered(for: .postgres).text == "SELECT a FROM t WHERE a = $1 AND b = $2 AND c = $3")
        let longer = sql.appending(" AND d = \(4)")
        #expect(longer.rendered(for: .sqlite).text == "SELECT a FROM t WHERE a = ? AND b = ? AND c = ? AND d = ?")
    }

    @Test func `nothing is bound as null of its type`() {
        let none: Int? = nil
        let sql: SQL = "SELECT \(none), \(Optional(1))"
        #expect(sql.rendered(for: .postgres).parameters == [.value(.null(.integer)), .value(.integer(1))])
    }

    @Test(arguments: [1, 2, 500])
    func `on PostgreSQL the text of a table of values does not depend on its length`(count: Int) {
        let sql: SQL = "SELECT \(rows: SQLRows(0..<count, { $0 }, { String($0) }))"
        let rendered = sql.rendered(for: .postgres)
        #expect(rendered.text == "SELECT SELECT * FROM unnest($1, $2)")
        guard case .array(let column) = rendered.parameters[1] else {
            Issue.record("no array")
            return
        }
        #expect(column.type == .text && column.values.count == count)
    }

    @Test func `on SQLite a table of values is spelled out, also when it is empty`() {
        let full: SQL = "\(rows: SQLRows([1, 2], { $0 }, { Optional($0) }))"
        #expect(full.rendered(for: .sqlite).text == "VALUES (?, ?), (?, ?)")
        let empty: SQL = "\(rows: SQLRows([Int](), { $0 }, { $0 }))"
        #expect(empty.rendered(for: .sqlite).text == "SELECT NULL, NULL WHERE 0")
        #expect(empty.rendered(for: .sqlite).parameters.isEmpty)
    }

    @Test func `numbers that are none are found wherever they hide`() {
        let bad: [SQL] = [
            "SELECT \(Double.nan)", "SELECT \(rows: SQLRows([1.0, .nan]))", "SELECT \(1) \(sql: "\(-Double.nan)")",
        ]
        for sql in bad { #expect(throws: StorageError.self) { try sql.checkNumbers("bad") } }
        #expect(throws: Never.self) { try ("SELECT \(Double.infinity), \(1)" as SQL).checkNumbers("good") }
    }

    @Test func `types decode what the other engine gives, and refuse what is not theirs`() {
        #expect(Bool.decode(.integer(1)) == true && Bool.decode(.integer(2)) == nil)
        #expect(Timestamp.decode(.integer(5)) == Timestamp(microseconds: 5))
        #expect(ID<Tenant>.decode(.bytes(ID<Tenant>(high: 1, low: 2).bytes)) == ID(high: 1, low: 2))
        #expect(ID<Tenant>.decode(.bytes([1])) == nil)
        #expect(Double.decode(.integer(2)) == 2 && Int.decode(.double(2)) == nil)
        #expect(String.decode(.json("{}")) == "{}" && String.decode(.integer(1)) == nil)
        #expect(Int.decode(.text("1")) == nil && Int.decode(.null(.integer)) == nil)
    }

    @Test func `a row tells what does not fit`() throws {
        let rows = MaterialisedRows(columnNames: ["a", "b"], values: [.integer(1), .null(.text)])
        let row = SQLRow(source: rows, index: 0)
        #expect(try row.value("a", as: Int.self) == 1)
        #expect(try row.optional("b", as: String.self) == nil)
        for work in [
            { _ = try row.value("b", as: String.self) }, { _ = try row.value("a", as: String.self) },
            { _ = try row.value("c", as: Int.self) }, { _ = try row.value(at: 2, as: Int.self) },
        ] as [() throws -> Void] {
            #expect(throws: StorageError.self) { try work() }
        }
    }
}
