import Base
import BaseTestKit
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Discovery

@Suite(.databases) struct SavedSearchTests {
    @Test func `the next run is the next time to come, however many were missed, and spread over an hour`() throws {
        let start = Timestamp(microseconds: 1_800_000_000_000_000)
        let wish = try SearchWish(keywords: ["trail running"], platforms: [.tiktok])
        var saved = SavedSearch(
            id: ID(high: 1, low: 7), personID: ID(high: 1, low: 1), name: "T", wish: wish, rhythm: .day,
            isPaused: false, nextRunAt: start, createdAt: start)
        #expect(saved.next(after: start) == start + .seconds(86_400))
        #expect(saved.next(after: start + .seconds(86_399)) == start + .seconds(86_400))
        #expect(saved.next(after: start + .seconds(5 * 86_400 + 5)) == start + .seconds(6 * 86_400))
        #expect(saved.next(after: start - .seconds(50)) == start + .seconds(86_400))
        saved.rhythm = .week
        #expect(saved.next(after: start + .seconds(8 * 86_400)) == start + .seconds(14 * 86_400))
        let firsts = (0..<200).map {
            SavedSearch.first(.day, savedAt: start, id: ID(high: 1, low: UInt64($0) &* 0x9E37_79B9_7F4A_7C15))
        }
        #expect(firsts.allSatisfy { $0 >= start + .seconds(86_400) && $0 < start + .seconds(86_400 + 3_600) })
        #expect(Set(firsts).count > 150)
    }

    @Test(arguments: Backend.all)
    func `what is due is started once, by whichever process looks first, and refusals are told`(
        backend: Backend
    ) async throws {
        try await ListStage.with(backend) { stage in
            let desk = stage.room.savedSearches
            let wish = try SearchWish(keywords: ["trail running"], platforms: [.tiktok])
            let saved = try await desk.save(wish, named: nil, every: .day, by: stage.mara, in: stage.tenant)
            #expect(saved.wish.exclusions.known, "only creators that the workspace did not have")
            stage.clock.advance(by: .seconds(1))
            let unlucky = try SearchWish(keywords: ["refused"], platforms: [.tiktok])
            _ = try await desk.save(unlucky, named: "Unlucky", every: .week, by: stage.mara, in: stage.tenant)
            #expect(try await desk.startDue() == 0)
            stage.clock.advance(by: .seconds(8 * 86_400))
            let started = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<4 { group.addTask { try await desk.startDue() } }
                return try await group.reduce(0, +)
            }
            #expect(started == 1)
            #expect(stage.started.withLock { $0.map(\.keywords) } == [["trail running"]])
            let page = try await desk.store.page(of: stage.mara.person, after: nil, limit: 10, in: stage.tenant).items
            #expect(page.map(\.name) == ["Unlucky", "trail running"])
            #expect(page[0].failure == "A search is running.")
            #expect(page[0].nextRunAt <= stage.clock.now() + SavedSearch.Bounds.retry)
            #expect(page[1].lastSearchID != nil && page[1].failure == nil)
            #expect(page[1].nextRunAt > stage.clock.now())
            try await desk.pause(saved.id, true, of: stage.mara.person, in: stage.tenant)
            stage.clock.advance(by: .seconds(3 * 86_400))
            _ = try await desk.startDue()
            #expect(stage.started.withLock { $0.count } == 1)
            let missing = await #expect(throws: DiscoveryError.self) {
                try await desk.delete(saved.id, of: stage.jonas.person, in: stage.tenant)
            }
            #expect(missing?.code == .notFound)
            try await desk.delete(saved.id, of: stage.mara.person, in: stage.tenant)
        }
    }

    @Test(arguments: Backend.all)
    func `a workspace has as many saved searches and lists as it may, and gets places back`(
        backend: Backend
    ) async throws {
        try await ListStage.with(backend) { stage in
            try await stage.storage.writer(for: stage.tenant).execute(
                "test.full",
                "INSERT INTO discovery_counts (tenant_id, noun, count) VALUES (\(stage.tenant), 'lists', 999)")
            let list = try await stage.makeList()
            let refused = await #expect(throws: DiscoveryError.self) { try await stage.makeList() }
            #expect(refused?.code == .limitReached)
            try await stage.room.lists.delete(list.id, by: stage.mara, in: stage.tenant)
            _ = try await stage.makeList()
        }
    }
}
