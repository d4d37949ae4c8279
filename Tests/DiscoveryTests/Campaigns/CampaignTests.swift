import Base
import BaseTestKit
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Discovery

@Suite(.databases) struct CampaignTests {
    @Test(arguments: Backend.all)
    func `runs are held against those before them, and merged with each creator once`(backend: Backend) async throws {
        try await ListStage.with(backend) { stage in
            try await stage.makeCreators(0..<30)
            let campaign = try await stage.room.campaigns.create("Spring", by: stage.mara, in: stage.tenant)
            _ = try await stage.makeSearch(0..<20, campaign: campaign.id)
            stage.clock.advance(by: .seconds(60))
            _ = try await stage.makeSearch(10..<30, campaign: campaign.id)
            let runs = try await stage.room.campaigns.store.runs(of: campaign.id, in: stage.tenant)
            #expect(runs.map(\.found) == [20, 20])
            #expect(runs.map(\.fresh) == [10, 20], "the newest stands first; ten of its creators were known")
            #expect(runs.map(\.withEmail) == [10, 10])
            #expect(runs[1].followersMedian == 1_000 || runs[1].followersMedian == 1_100)
            let merged = try await stage.room.campaigns.store.merged(campaign.id, limit: 50, in: stage.tenant)
            #expect(merged.count == 30)
            #expect(merged.prefix(10).allSatisfy { $0.runs == 2 } && merged.dropFirst(10).allSatisfy { $0.runs == 1 })
            let page = try await stage.room.campaigns.store.page(.active, after: nil, limit: 10, in: stage.tenant)
            #expect(page.items.map(\.runs) == [2] && page.items.map(\.found) == [40])
            let changed = try await stage.room.campaigns.change(
                campaign.id, name: nil, state: .completed, in: stage.tenant)
            #expect(changed.name == "Spring" && changed.state == .completed && changed.version == 2)
            let missing = await #expect(throws: DiscoveryError.self) {
                try await stage.room.campaigns.change(campaign.id, name: "X", state: nil, in: stage.other)
            }
            #expect(missing?.code == .notFound)
        }
    }
}
