import Base
import StoragePostgres
import Testing

@testable import Storage

@Suite(.sharedServer) struct ValueTests {
    private static let values: [SQLValue] = [
        .bool(true), .bool(false), .integer(.max), .integer(.min), .double(-0.1), .double(.infinity), .text(""),
        .text("Käse 🧀"), .bytes([]), .bytes([0, 1, 255]), .json(#"{"a": [1, null]}"#),
        .timestamp(Timestamp(microseconds: 1_795_250_680_123_456)), .timestamp(Timestamp(microseconds: -1)),
        .uuid(high: 0x0198_C2A4_91D2_7C3B, low: 0xA111_0242_AC12_0002),
    ]

    @Test(arguments: TestServer.Route.allCases)
    func `every type comes back as it was bound, and null of every type`(route: TestServer.Route) async throws {
        let driver = try TestServer.driver(route)
        for value in Self.values {
            let rows = try await driver.read("SELECT $1, $2", [value, .null(value.type)])
            #expect(rows.value(row: 0, column: 0) == value)
            #expect(rows.value(row: 0, column: 1) == .null(value.type))
        }
        await driver.shutdown()
    }

    @Test func `every type's text is that of the value`() async throws {
        let driver = try TestServer.driver()
        for value in Self.values {
            let rows = try await driver.read("SELECT $1", [value])
            var direct: [UInt8] = []
            var reference: [UInt8] = []
            #expect(rows.appendText(row: 0, column: 0, to: &direct))
            _ = value.appendText(to: &reference)
            #expect(String(decoding: direct, as: UTF8.self) == String(decoding: reference, as: UTF8.self))
        }
        let null = try await driver.read("SELECT null::text")
        var buffer: [UInt8] = []
        #expect(!null.appendText(row: 0, column: 0, to: &buffer))
        #expect(buffer.isEmpty)
        await driver.shutdown()
    }

    @Test func `the server's other types are read as their nearest of ours`() async throws {
        let driver = try TestServer.driver()
        let cases: [(String, SQLValue)] = [
            ("7::int2", .integer(7)), ("-7::int4", .integer(-7)), ("0.5::float4", .double(0.5)),
            ("9223372036854775807::numeric", .integer(.max)), ("-12.50::numeric", .double(-12.5)),
            ("0.00001234::numeric", .double(0.00001234)),
            ("123456789.000000001::numeric", .double(123456789.000000001)),
            ("'NaN'::numeric", .double(.nan)), ("sum(n) FROM (VALUES (1::bigint), (2)) v(n)", .integer(3)),
            ("'abc'::varchar(5)", .text("abc")), ("'abc'::name", .text("abc")), ("'{}'::json", .json("{}")),
            ("date '2026-11-21'", .integer(20_778)),
            ("timestamp '2000-01-01 00:00:01'", .timestamp(Timestamp("2000-01-01T00:00:01Z")!)),
            ("10000::numeric", .integer(10_000)), ("0::numeric", .integer(0)), ("'a'", .text("a")),
        ]
        for (text, expected) in cases {
            let value = try await driver.read("SELECT \(text)").firstValue
            if case .double(let number) = expected, number.isNaN {
                #expect(Double.decode(value)?.isNaN == true)
            } else {
                #expect(value == expected, "\(text)")
            }
        }
        var day: [UInt8] = []
        _ = try await driver.read("SELECT date '0987-02-28'").appendText(row: 0, column: 0, to: &day)
        #expect(String(decoding: day, as: UTF8.self) == "0987-02-28")
        await driver.shutdown()
    }

    @Test func `a type that is not known is refused by name and harms nothing`() async throws {
        let driver = try TestServer.driver()
        let refusal = await storageError { try await driver.read("SELECT interval '1 day' AS age") }
        #expect(refusal?.code == .rowMismatch)
        #expect(refusal?.message.contains("age") == true)
        #expect(try await driver.read("SELECT 1::int").firstValue == .integer(1))
        await driver.shutdown()
    }

    @Test func `text with U+0000 is refused before it is sent`() async throws {
        let driver = try TestServer.driver()
        for value in [SQLValue.text("secret\u{0}"), .json("\"secret\u{0}\"")] {
            let refusal = await storageError { try await driver.read("SELECT $1", [value]) }
            #expect(refusal?.code == .invalidValue)
            #expect(refusal.map { String(reflecting: $0).contains("secret") } == false)
        }
        await driver.shutdown()
    }

    @Test(arguments: TestServer.Route.allCases)
    func `arrays carry every type, nulls and nothing at all`(route: TestServer.Route) async throws {
        let driver = try TestServer.driver(route)
        for type in SQLType.allCases {
            let values = Self.values.filter { $0.type == type } + [.null(type)]
            for column in [SQLRows.Column(type: type, values: values), SQLRows.Column(type: type, values: [])] {
                let request = StatementRequest(
                    name: "test.array", sql: RenderedSQL("SELECT * FROM unnest($1) AS v", [.array(column)]),
                    rowsMax: 100)
                let rows = try await driver.run(
                    request, scope: .tenant(TestServer.tenant), access: .read, freshness: .primary
                ).rows
                #expect((0..<rows.rowCount).map { rows.value(row: $0, column: 0) } == column.values)
            }
        }
        await driver.shutdown()
    }
}
