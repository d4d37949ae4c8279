import Base
import BaseTestKit
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Inbox

@Suite(.databases) struct RatingTests {
    @Test(arguments: Backend.all)
    func `a customer rates each closing once, and the counts know what they thought`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            let desk = stage.office.ratings
            let id = try #require(try await stage.deliver([stage.event(.message, "Hi", id: "m1")], to: channel))
            _ = try await stage.answer("Hello", to: id, of: channel)
            await #expect(throws: InboxError.self) { _ = try await desk.rate(id, 5, nil, in: stage.tenant) }
            #expect(try await !desk.mayBeAsked(id, in: stage.tenant))
            for points in [5, 2] {
                _ = try await stage.office.conversations.close(id, by: stage.tom, in: stage.tenant)
                #expect(try await desk.mayBeAsked(id, in: stage.tenant))
                // Two clicks at once are one rating.
                let ratings = try await withThrowingTaskGroup(of: Rating.self) { group in
                    for _ in 0..<3 {
                        group.addTask { try await desk.rate(id, points, " Good ", in: stage.tenant) }
                    }
                    return try await group.reduce(into: Set<ID<Rating>>()) { $0.insert($1.id) }
                }
                #expect(ratings.count == 1)
                #expect(try await !desk.mayBeAsked(id, in: stage.tenant))
                stage.clock.advance(by: .seconds(60))
                _ = try await stage.office.conversations.open(id, by: stage.tom, in: stage.tenant)
            }
            await #expect(throws: InboxError.self) { _ = try await desk.rate(id, 6, nil, in: stage.tenant) }
            try await stage.office.counts.fold()
            let all = try await stage.office.counts.dashboard(days: 30, in: stage.tenant).all
            #expect(all.ratings == 2 && all.meanRating == 350)
            let agents = try await stage.office.reports.report(.agents, days: 30, in: stage.tenant)
            #expect(agents.rows.map { $0.map(\.text) }.first?[5...6] == ["2", "3.50"])
            let page = try await desk.store.page(after: nil, limit: 10, in: stage.tenant)
            #expect(page.items.map(\.points) == [2, 5] && page.items[0].text == "Good")
            #expect(page.items[0].personID == stage.tom)
        }
    }
}
