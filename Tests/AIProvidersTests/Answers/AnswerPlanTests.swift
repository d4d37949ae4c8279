import AIProvidersTestKit
import Base
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import AIProviders

@Suite(.databases) struct AnswerPlanTests {
    @Test(arguments: Backend.all.filter { $0.name == "postgres" })
    func `no statement of an answer looks at other answers`(backend: Backend) async throws {
        let storage = try await Bench.lease(backend)
        try await ScriptedModel.run { _ in
            ModelScript((0..<40).map { "\($0) " + String(repeating: "x", count: 200) })
        } body: { vendor in
            let bench = try Bench(on: storage, vendor: vendor)
            try await storage.write(for: bench.tenant) { transaction in
                try await transaction.execute(
                    "test.answers",
                    """
                    INSERT INTO ai_answers (tenant_id, id, state, ending, model, is_stand_in, bytes, input_tokens,
                        output_tokens, money, made_at)
                    SELECT \(bench.tenant), md5('a' || g)::uuid, 'done', '', '', false, 0, 0, 0, 0, now()
                    FROM generate_series(1, 50000) g
                    """)
                try await transaction.execute(
                    "test.parts",
                    """
                    INSERT INTO ai_answer_parts (tenant_id, answer_id, number, ends_at, body, made_at)
                    SELECT \(bench.tenant), md5('a' || g)::uuid, n, n, '', now()
                    FROM generate_series(1, 25000) g, generate_series(1, 2) n
                    """)
            }
            try await PlanInspector.analyse(storage.driver)
            let recorded = RecordedStatements()
            storage.setRecorder(recorded)
            try await bench.models.answer(
                question, as: bench.id(1), for: bench.tenant, under: [bench.budget(bench.tokens, 100_000, .tokens)])
            _ = try await bench.models.reader.follow(bench.id(1), in: bench.tenant) { _ in }
            storage.setRecorder(nil)
            let inspector = PlanInspector(driver: storage.driver, largeTables: ["ai_answers", "ai_answer_parts"])
            let findings = try await inspector.findings(in: recorded)
            #expect(findings.isEmpty, "\(findings.map(\.description).joined(separator: "\n\n"))")
            #expect(recorded.distinct.count >= 6)
        }
    }
}
