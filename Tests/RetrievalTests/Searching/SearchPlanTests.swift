import Base
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Retrieval

@Suite(.databases) struct SearchPlanTests {
    @Test(arguments: Backend.all.filter { $0.name == "postgres" })
    func `no statement of a search or a change looks at a whole table`(backend: Backend) async throws {
        let storage = try await Library.lease(backend)
        let library = try Library(on: storage)
        try await library.add(1, "opening hours of the shop")
        try await fill(storage, library)
        // All vectors are in memory from here on; reading them for the first time is the one statement that reads all.
        _ = try await library.search("opening hours")
        try await PlanInspector.analyse(storage.driver)
        let recorded = RecordedStatements()
        storage.setRecorder(recorded)
        try await library.add(2, "refunds and returns")
        try await library.add(2, "refunds take two weeks")
        #expect(try await library.search("word77 refunds", limit: 10).count == 10)
        #expect(try await library.search("word77", limit: 10, by: .words).count == 10)
        try await library.retrieval.remove(library.id(2), from: Library.collection, for: library.tenant)
        _ = try await library.search("refunds")
        _ = try await library.retrieval.documents(of: Library.collection, in: library.tenant)
        storage.setRecorder(nil)
        let inspector = PlanInspector(
            driver: storage.driver,
            largeTables: [
                "retrieval_documents", "retrieval_chunks", "retrieval_vectors", "retrieval_removals", "retrieval_words",
            ])
        let findings = try await inspector.findings(in: recorded)
        #expect(findings.isEmpty, "\(findings.map(\.description).joined(separator: "\n\n"))")
        #expect(recorded.distinct.count >= 14)
    }

    /// As much as a large tenant has, and as much again of another.
    private func fill(_ storage: Storage, _ library: Library) async throws {
        for tenant in [library.tenant, library.other] {
            let owner = SearchWords.owner(Library.collection, of: tenant)
            try await storage.write(for: tenant) { transaction in
                try await transaction.execute(
                    "test.documents",
                    """
                    INSERT INTO retrieval_documents (tenant_id, id, collection, title, source, passages, made_at)
                    SELECT \(tenant), md5('d' || g)::uuid, \(Library.collection), '', '', 2, now()
                    FROM generate_series(1, 20000) g
                    """)
                try await transaction.execute(
                    "test.chunks",
                    """
                    INSERT INTO retrieval_chunks (tenant_id, id, document_id, collection, number, heading, body, starts_at,
                        ends_at)
                    SELECT \(tenant), md5(\(owner) || g)::uuid, md5('d' || g / 2)::uuid, \(Library.collection), g % 2, '',
                        'word' || g % 1000, 0, 7 FROM generate_series(2, 40001) g
                    """)
                try await transaction.execute(
                    "test.words",
                    """
                    INSERT INTO retrieval_words (chunk_id, words)
                    SELECT md5(\(owner) || g)::uuid,
                        to_tsvector('simple', 'word' || g % 1000) || array_to_tsvector(ARRAY[\(owner)])
                    FROM generate_series(2, 40001) g
                    """)
                try await transaction.execute(
                    "test.vectors",
                    """
                    INSERT INTO retrieval_vectors (tenant_id, index_id, chunk_id, document_id, version, vector)
                    SELECT \(tenant), coalesce(i.id, md5('i')::uuid), md5(\(owner) || g)::uuid, md5('d' || g / 2)::uuid, 0,
                        decode(repeat(lpad(to_hex(g % 256), 2, '0') || '00803e', 64), 'hex')
                    FROM generate_series(2, 40001) g
                        LEFT JOIN retrieval_indexes i ON i.tenant_id = \(tenant) AND i.state = 'live'
                    """)
                try await transaction.execute(
                    "test.removals",
                    """
                    INSERT INTO retrieval_removals (tenant_id, index_id, version, document_id, made_at)
                    SELECT \(tenant), md5('i' || g % 10)::uuid, g, md5('x' || g)::uuid, now()
                    FROM generate_series(1, 20000) g
                    """)
            }
        }
        try await PlanInspector.analyse(storage.driver)
    }
}
