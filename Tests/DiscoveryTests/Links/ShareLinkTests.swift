import Base
import BaseTestKit
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Discovery

@Suite(.databases) struct ShareLinkTests {
    @Test func `tokens have 128 bits, and only their hash is kept`() throws {
        let token = ShareLink.makeToken(using: SeededRandomness(seed: 1))
        #expect(token.utf8.count == 22)
        let hash = try #require(ShareLink.hash(of: token))
        #expect(hash.count == 32 && !token.utf8.elementsEqual(hash))
        #expect(ShareLink.hash(of: "short") == nil)
        #expect(ShareLink.makeToken(using: SeededRandomness(seed: 2)) != token)
    }

    private struct Kept: RowDecodable {
        let hash: [UInt8]

        init(row: SQLRow) throws(StorageError) { hash = try row.value(at: 0) }
    }

    @Test(arguments: Backend.all)
    func `a link shows a list until it ends, is revoked, or the list is no longer shared`(backend: Backend) async throws
    {
        try await ListStage.with(backend) { stage in
            try await stage.makeCreators(0..<60)
            let list = try await stage.makeList("Ours", visibility: .private)
            _ = try await stage.room.entries.add(
                (0..<60).map(stage.creatorID), to: list.id, by: stage.mara, in: stage.tenant)
            let links = stage.room.links
            func opens(_ token: String) async -> Bool {
                do {
                    _ = try await links.open(token, after: nil, in: stage.tenant)
                    return true
                } catch { return false }
            }
            let refused = await #expect(throws: DiscoveryError.self) {
                try await links.create(for: list.id, days: 30, by: stage.jonas, in: stage.tenant)
            }
            #expect(refused?.code == .notFound)
            let (first, token) = try await links.create(for: list.id, days: 2, by: stage.mara, in: stage.tenant)
            let (_, other) = try await links.create(for: list.id, days: 90, by: stage.mara, in: stage.tenant)
            let (board, page) = try await links.open(token, after: nil, in: stage.tenant)
            #expect(board.entries == 60 && page.items.count == 50)
            #expect(try await links.open(token, after: page.next, in: stage.tenant).page.items.count == 10)
            #expect(await !opens(ShareLink.makeToken(using: SeededRandomness(seed: 99))))
            #expect(await !opens(""))
            let kept = try await stage.storage.reader(for: stage.tenant).list(
                Kept.self, "test.links", "SELECT token_hash FROM list_links WHERE tenant_id = \(stage.tenant)",
                limit: 10)
            #expect(kept.contains { $0.hash == ShareLink.hash(of: token) })
            stage.clock.advance(by: .seconds(2 * 86_400))
            #expect(await !opens(token))
            #expect(await opens(other))
            try await links.revoke(first.id, of: list.id, by: stage.mara, in: stage.tenant)
            #expect(await opens(other))
            var change = ListDesk.Change()
            change.visibility = .team
            _ = try await stage.room.lists.change(list.id, change, by: stage.mara, in: stage.tenant)
            #expect(await !opens(other), "the list is no longer shared")
            change.visibility = .link
            _ = try await stage.room.lists.change(list.id, change, by: stage.mara, in: stage.tenant)
            try await links.revoke(nil, of: list.id, by: stage.mara, in: stage.tenant)
            #expect(await !opens(other))
        }
    }
}
