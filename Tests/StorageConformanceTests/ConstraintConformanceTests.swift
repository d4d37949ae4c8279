import Base
import BaseTestKit
import Storage
import StorageBackends
import StorageTestKit
import Testing

@Suite(.databases) struct ConstraintConformanceTests {
    private func storage(_ backend: Backend) async throws -> Storage {
        let storage = try await backend.lease(modules: [Specimens.module])
        try await insert(1, "one", storage)
        return storage
    }

    private func insert(_ id: Int, _ name: String?, _ storage: Storage) async throws {
        try await storage.writer(for: Specimens.tenant).execute(
            "parent.insert", "INSERT INTO parents VALUES (\(Specimens.tenant), \(id), \(name))")
    }

    @Test(arguments: Backend.all)
    func `a violated constraint is told by its kind, and nothing is stored`(backend: Backend) async throws {
        let storage = try await storage(backend)
        let tenant = Specimens.tenant
        let sameKey = await failure { try await insert(1, "two", storage) }
        #expect(sameKey?.code == .uniqueViolation)
        let sameName = await failure { try await insert(2, "one", storage) }
        #expect(sameName?.code == .uniqueViolation)
        #expect(sameName?.context["constraint"] != nil)
        #expect(sameName?.context["statement"] == "parent.insert")
        #expect(await failure { try await insert(2, "", storage) }?.code == .checkViolation)
        #expect(await failure { try await insert(2, nil, storage) }?.code == .checkViolation)
        let orphan = await failure {
            try await storage.writer(for: tenant).execute(
                "child.insert", "INSERT INTO children VALUES (\(tenant), 1, 99)")
        }
        #expect(orphan?.code == .foreignKeyViolation)
        try await storage.writer(for: tenant).execute("child.insert", "INSERT INTO children VALUES (\(tenant), 1, 1)")
        let parent = await failure {
            try await storage.writer(for: tenant).execute(
                "parent.delete", "DELETE FROM parents WHERE tenant_id = \(tenant)")
        }
        #expect(parent?.code == .foreignKeyViolation)
        #expect(try await storage.count("SELECT count(*) FROM parents") == 1)
    }

    @Test(arguments: Backend.all)
    func `descriptions of errors show no values`(backend: Backend) async throws {
        let storage = try await storage(backend)
        let error = await failure { try await insert(1, "secret-name", storage) }
        #expect(error?.description.contains("secret-name") == false)
    }

    @Test(arguments: Backend.all)
    func `a wrong statement is told as such`(backend: Backend) async throws {
        let storage = try await storage(backend)
        let reader = storage.reader(bypassingTenant: Specimens.system)
        for sql in ["SELEC 1", "SELECT nothing FROM parents", "SELECT 1 FROM nowhere"] as [SQL] {
            let error = await failure { _ = try await reader.run("wrong.statement", sql, rowsMax: 1) }
            #expect(error?.code == .invalidStatement)
        }
        #expect(try await storage.count("SELECT count(*) FROM parents") == 1)
    }

    @Test(arguments: Backend.all)
    func `of statements sent together one that fails leaves its neighbours alone`(backend: Backend) async throws {
        let storage = try await storage(backend)
        let codes = await withTaskGroup(of: StorageError.Code?.self) { group in
            for id in 2...60 {
                // Every tenth has the name that exists.
                group.addTask {
                    await failure { try await self.insert(id, id % 10 == 0 ? "one" : "\(id)", storage) }?.code
                }
            }
            return await group.reduce(into: [StorageError.Code?]()) { $0.append($1) }
        }
        #expect(codes.count(where: { $0 == .uniqueViolation }) == 6)
        #expect(codes.count(where: { $0 == nil }) == 53)
        #expect(try await storage.count("SELECT count(*) FROM parents") == 54)
    }
}
