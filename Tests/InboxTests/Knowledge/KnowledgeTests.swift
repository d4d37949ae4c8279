import Base
import Retrieval
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Inbox

@Suite(.databases) struct KnowledgeTests {
    @Test(arguments: Backend.all)
    func `a document that could not be read in all attempts says so, and one that was read stays`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let (knowledge, tenant) = (stage.office.knowledge, stage.tenant)
            func add(_ text: String) async throws -> ID<KnowledgeDocument> {
                try await knowledge.add(Array(text.utf8), as: .text, titled: text, by: stage.tom, in: tenant).id
            }
            func state(_ id: ID<KnowledgeDocument>) async throws -> KnowledgeDocument? {
                try await knowledge.store.document(id, through: stage.storage.reader(for: tenant), in: tenant)
            }
            let (read, unread) = (try await add("We open at nine."), try await add("We close at six."))
            try await knowledge.index(read, in: tenant)
            for id in [read, unread] { try await knowledge.giveUp(id, in: tenant) }
            #expect(try await state(read)?.state == .ready)
            let given = try #require(try await state(unread))
            #expect(given.state == .failed && given.reason == "gaveUp")
            // A document that is gone meanwhile is nobody's to give up.
            try await knowledge.remove(unread, in: tenant)
            try await knowledge.giveUp(unread, in: tenant)
            #expect(try await state(unread) == nil)
        }
    }
}
