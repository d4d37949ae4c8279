import Base
import BaseTestKit
import Testing

@testable import Storage

@Suite struct CursorTests {
    private let signer = CursorSigner(key: Secret(Array(repeating: 1, count: 32)))
    private let scope = Scope.tenant(Tenant(ID(high: 1, low: 2)))
    private let order = PageOrder.descending("v.cast_at", "v.id")
    private let position: [SQLValue] = [.timestamp(Timestamp(microseconds: -5)), .uuid(high: 7, low: 8)]

    private func code(
        _ cursor: Cursor?, list: String = "votes", order: PageOrder? = nil, scope: Scope? = nil,
        signer: CursorSigner? = nil
    ) -> StorageError.Code? {
        guard let cursor else { return .invalidCursor }
        do throws(StorageError) {
            _ = try (signer ?? self.signer).position(
                of: cursor, list: list, order: order ?? self.order, scope: scope ?? self.scope)
            return nil
        } catch {
            return error.code
        }
    }

    @Test func `a cursor leads back to its position, whatever the types`() throws {
        let values: [SQLValue] = [
            .bool(true), .bool(false), .integer(.min), .integer(.max), .double(-0.5), .text(""), .text("ä\"\u{10FFFF}"),
            .bytes([]), .bytes([0, 255]), .timestamp(Timestamp(microseconds: .max)), .uuid(high: .max, low: 0),
        ]
        for value in values {
            let order = PageOrder.ascending("a", "b")
            let cursor = signer.cursor(at: [value, .integer(1)], list: "l", order: order, scope: scope)
            #expect(try signer.position(of: cursor, list: "l", order: order, scope: scope) == [value, .integer(1)])
        }
    }

    @Test func `it is good for its own list, order, scope and key only`() {
        let cursor = signer.cursor(at: position, list: "votes", order: order, scope: scope)
        #expect(code(cursor) == nil)
        #expect(code(cursor, list: "clips") == .invalidCursor)
        #expect(code(cursor, order: .ascending("v.cast_at", "v.id")) == .invalidCursor)
        #expect(code(cursor, scope: .tenant(Tenant(ID(high: 1, low: 3)))) == .invalidCursor)
        #expect(code(cursor, scope: .system(Retention.capability)) == .invalidCursor)
        #expect(code(cursor, signer: CursorSigner(key: Secret(Array(repeating: 2, count: 32)))) == .invalidCursor)
    }

    @Test func `no change of a single character is accepted`() {
        let cursor = signer.cursor(at: position, list: "votes", order: order, scope: scope)
        let text = Array(cursor.description)
        for index in text.indices {
            var changed = text
            // The last character carries unused bits: a change of those alone leaves the bytes as they were.
            changed[index] = text[index] == "A" ? "Q" : "A"
            guard index < text.count - 1 else { continue }
            #expect(code(Cursor(String(changed))) == .invalidCursor, "character \(index)")
        }
        for length in 0..<text.count { #expect(code(Cursor(String(text[..<length]))) == .invalidCursor) }
    }

    @Test func `rubbish is refused without harm`() {
        let randomness = SeededRandomness(seed: 3)
        for text in ["", "A", "====", "ä", "../../etc/passwd", String(repeating: "A", count: 1_025), "\u{0}"] {
            #expect(code(Cursor(text)) == .invalidCursor)
        }
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        for _ in 0..<2_000 {
            let text = String((0..<(1 + randomness.below(90))).map { _ in alphabet[randomness.below(64)] })
            #expect(code(Cursor(text)) == .invalidCursor)
        }
    }

    @Test func `orders become clauses that compare whole rows`() {
        let ascending = PageOrder.ascending("c.a", "c.id")
        #expect(ascending.clause.rendered(for: .sqlite).text == " ORDER BY c.a ASC, c.id ASC")
        let after = ascending.predicate(after: [.integer(1), .integer(2)]).rendered(for: .postgres)
        #expect(after.text == " AND (c.a, c.id) > ($1, $2)")
        let descending = order.predicate(after: position).rendered(for: .postgres)
        #expect(descending.text == " AND (v.cast_at, v.id) < ($1, $2)")
    }

    @Test func `a list ordered by null or by what it does not select says so`() {
        let rows = MaterialisedRows(columnNames: ["cast_at"], values: [.null(.timestamp)])
        #expect(throws: StorageError.self) { try order.position(in: SQLRow(source: rows, index: 0)) }
        let other = MaterialisedRows(columnNames: ["a"], values: [.integer(1)])
        #expect(throws: StorageError.self) { try order.position(in: SQLRow(source: other, index: 0)) }
    }
}
