import Base
import BaseTestKit
import Foundation
import Storage
import StorageBackends
import StorageTestKit
import Testing

@Suite(.databases) struct TypeConformanceTests {
    struct Specimen: RowDecodable, Equatable {
        var aBool: Bool?
        var anInteger: Int64?
        var aDouble: Double?
        var aText: String?
        var someBytes: [UInt8]?
        var aTime: Timestamp?
        var aUUID: ID<Specimen>?

        init() {}

        init(row: SQLRow) throws(StorageError) {
            aBool = try row.optional("a_bool")
            anInteger = try row.optional("an_integer")
            aDouble = try row.optional("a_double")
            aText = try row.optional("a_text")
            someBytes = try row.optional("some_bytes")
            aTime = try row.optional("a_time")
            aUUID = try row.optional("a_uuid")
        }
    }

    static let columns: SQL = "a_bool, an_integer, a_double, a_text, some_bytes, a_time, a_uuid"

    private func roundTrip(_ specimen: Specimen, in storage: Storage, id: Int = 1) async throws -> Specimen {
        let tenant = Specimens.tenant
        let written = try await storage.writer(for: tenant).execute(
            "specimen.insert",
            """
            INSERT INTO specimens (tenant_id, id, \(sql: Self.columns)) VALUES (\(tenant), \(id), \(specimen.aBool),
                \(specimen.anInteger), \(specimen.aDouble), \(specimen.aText), \(specimen.someBytes), \(specimen.aTime),
                \(specimen.aUUID))
            """)
        #expect(written == 1)
        return try await storage.reader(for: tenant).one(
            Specimen.self, "specimen.read",
            "SELECT \(sql: Self.columns) FROM specimens WHERE tenant_id = \(tenant) AND id = \(id)")
    }

    @Test(arguments: Backend.all)
    func `every type comes back as it was, extremes and nulls too`(backend: Backend) async throws {
        let storage = try await backend.lease(modules: [Specimens.module])
        var specimens = [Specimen()]
        func add(_ change: (inout Specimen) -> Void) {
            var specimen = Specimen()
            change(&specimen)
            specimens.append(specimen)
        }
        for value in [true, false] { add { $0.aBool = value } }
        for value in [Int64.min, -1, 0, 1, 1 << 53 + 1, .max] { add { $0.anInteger = value } }
        let doubles = [
            0, 1.5, -2, 0.1, .pi, .greatestFiniteMagnitude, .leastNonzeroMagnitude, .infinity, -.infinity, 1e15, 1e17,
        ]
        for value in doubles { add { $0.aDouble = value } }
        let texts = [
            "", " ", "'; DROP TABLE specimens; --", "zwölf Böxkämpfer", "👩‍👩‍👧 🇩🇪", "a\nb\tc\r\\n", "\u{FFFD}\u{10FFFF}",
            "123", "1.0", "null", "{1,2}", "\"NULL\"", String(repeating: "ä", count: 500_000),
        ]
        for value in texts { add { $0.aText = value } }
        for value in [[], [0], Array(0...255), [UInt8](repeating: 0, count: 1_000_000)] {
            add { $0.someBytes = value }
        }
        // 0001-01-01, just before and after the epoch, 9999-12-31 to the microsecond.
        for value in [-62_135_596_800_000_000, -1, 0, 1, 1_767_225_600_123_456, 253_402_300_799_999_999] as [Int64] {
            add { $0.aTime = Timestamp(microseconds: value) }
        }
        for (high, low) in [(0, 0), (.max, .max), (1, 2)] as [(UInt64, UInt64)] {
            add { $0.aUUID = ID(high: high, low: low) }
        }
        for (index, specimen) in specimens.enumerated() {
            let back = try await roundTrip(specimen, in: storage, id: index)
            #expect(back == specimen, "specimen \(index)")
        }
    }

    @Test(arguments: Backend.all)
    func `a JSON document comes back with the same meaning`(backend: Backend) async throws {
        let storage = try await backend.lease(modules: [Specimens.module])
        let tenant = Specimens.tenant
        let document = #"{"name": "Ä \" \\ \n", "list": [1, 2.5, null, true], "empty": {}}"#
        for text in [document, "123", "\"text\"", "[]", "null", "true"] {
            try await storage.writer(for: tenant).execute(
                "specimen.insertJSON",
                """
                INSERT INTO specimens (tenant_id, id, a_json) VALUES (\(tenant), 1, \(value: .json(text)))
                ON CONFLICT (tenant_id, id) DO UPDATE SET a_json = excluded.a_json
                """)
            let result = try await storage.reader(for: tenant).run(
                "specimen.readJSON", "SELECT a_json FROM specimens WHERE tenant_id = \(tenant)", rowsMax: 1)
            let back = try SQLRow(source: result.rows, index: 0).value("a_json", as: String.self)
            #expect(try canonical(back) == canonical(text))
            #expect(result.rows.value(row: 0, column: 0).type == .json)
        }
    }

    private func canonical(_ json: String) throws -> Data {
        let value = try JSONSerialization.jsonObject(with: Data(json.utf8), options: .fragmentsAllowed)
        return try JSONSerialization.data(withJSONObject: value, options: [.sortedKeys, .fragmentsAllowed])
    }

    @Test(arguments: Backend.all.filter { $0.capabilities.contains(.checkedJSON) })
    func `text that is no JSON is refused where the engine checks it`(backend: Backend) async throws {
        let storage = try await backend.lease(modules: [Specimens.module])
        let error = await failure {
            try await storage.writer(for: Specimens.tenant).execute(
                "specimen.insertJSON",
                "INSERT INTO specimens (tenant_id, id, a_json) VALUES (\(Specimens.tenant), 1, \(value: .json("{")))")
        }
        #expect(error?.code == .invalidValue)
    }

    @Test(arguments: Backend.all)
    func `text with U+0000 and numbers that are none are refused clearly and store nothing`(
        backend: Backend
    ) async throws {
        let storage = try await backend.lease(modules: [Specimens.module])
        for value in [SQLValue.text("a\u{0}b"), .json("\"\u{0}\""), .double(.nan)] {
            let error = await failure {
                try await storage.writer(for: Specimens.tenant).execute(
                    "specimen.insertBad",
                    """
                    INSERT INTO specimens (tenant_id, id, a_text, a_double)
                    VALUES (\(Specimens.tenant), 1, \(value: value.type == .double ? .null(.text) : value),
                        \(value: value.type == .double ? value : .null(.double)))
                    """)
            }
            #expect(error?.code == .invalidValue, "\(value.type)")
        }
        #expect(try await storage.count("SELECT count(*) FROM specimens") == 0)
    }

    @Test(arguments: Backend.all)
    func `values of a declared column keep their type, and their text form is the same everywhere`(
        backend: Backend
    ) async throws {
        let storage = try await backend.lease(modules: [Specimens.module])
        let tenant = Specimens.tenant
        var specimen = Specimen()
        specimen.aBool = true
        specimen.anInteger = -7
        specimen.aDouble = 2.5
        specimen.aText = "ä, \"b\""
        specimen.someBytes = [0, 171, 255]
        specimen.aTime = Timestamp(microseconds: 1_767_225_600_123_456)
        specimen.aUUID = ID(high: 1, low: 2)
        _ = try await roundTrip(specimen, in: storage)
        let result = try await storage.reader(for: tenant).run(
            "specimen.text", "SELECT \(sql: Self.columns), a_json FROM specimens WHERE tenant_id = \(tenant)",
            rowsMax: 1)
        #expect(
            (0..<8).map { result.rows.value(row: 0, column: $0).type } == [
                .bool, .integer, .double, .text, .bytes, .timestamp, .uuid, .json,
            ])
        var texts: [String?] = []
        for column in 0..<8 {
            var buffer: [UInt8] = []
            let isThere = result.rows.appendText(row: 0, column: column, to: &buffer)
            texts.append(isThere ? String(decoding: buffer, as: UTF8.self) : nil)
        }
        #expect(
            texts == [
                "true", "-7", "2.5", "ä, \"b\"", "00abff", "2026-01-01T00:00:00.123456Z",
                "00000000-0000-0001-0000-000000000002", nil,
            ])
    }
}
