import Base
import BaseTestKit
import Blobs
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Discovery

@Suite(.databases) struct WorkroomPersonTests {
    @Test(arguments: Backend.all)
    func `who leaves takes stars, pins, files and saved searches along, and the workspace keeps its work`(
        backend: Backend
    ) async throws {
        try await ListStage.with(backend) { stage in
            try await stage.makeCreators(0..<12)
            let list = try await stage.makeList("Mine", by: stage.jonas, visibility: .private)
            _ = try await stage.room.entries.add(
                (0..<12).map(stage.creatorID), to: list.id, by: stage.jonas, in: stage.tenant)
            try await stage.room.lists.star(list.id, true, by: stage.jonas, in: stage.tenant)
            let card = try #require(try await stage.cards(of: list.id, as: stage.jonas)["backlog"]?.first).entry
            try await stage.room.entries.pin(card.id, true, by: stage.jonas, in: stage.tenant)
            _ = try await stage.room.entries.contact(
                EntryDesk.Message(creator: card.creatorID, channel: .email), by: stage.jonas, in: stage.tenant)
            _ = try await stage.room.note(
                "Ask for fees.", list: list.id, creator: nil, by: stage.jonas, in: stage.tenant)
            let wish = try SearchWish(keywords: ["trail running"], platforms: [.tiktok])
            _ = try await stage.room.savedSearches.save(
                wish, named: nil, every: .day, by: stage.jonas, in: stage.tenant)
            let order = ExportDesk.Wish(source: .list, id: list.id.cast(to: ID<ExportSource>.self))
            guard case .file(let file, _) = try await stage.room.exports.order(order, by: stage.jonas, in: stage.tenant)
            else { return }
            let store = WorkroomPersonStore(storage: stage.storage)
            let kinds = Shared<[String]>([])
            try await store.export(stage.jonas.person, in: stage.tenant) { kind, _ in kinds.withLock { $0.append(kind) }
            }
            #expect(kinds.withLock { $0 } == ["list", "contact", "note", "savedSearch", "file"])

            let pseudonym = ID<Person>(high: 99, low: 99)
            var steps = 0
            while try await stage.storage.write(
                for: stage.tenant,
                {
                    try await store.replace(
                        stage.jonas.person, by: pseudonym, at: stage.clock.now(), through: $0, in: stage.tenant)
                })
            { steps += 1 }
            #expect((1...5).contains(steps))
            kinds.withLock { $0 = [] }
            try await store.export(stage.jonas.person, in: stage.tenant) { kind, _ in kinds.withLock { $0.append(kind) }
            }
            #expect(kinds.withLock { $0.isEmpty }, "nothing leads back")
            let kept = try await stage.room.lists.store.board(list.id, for: stage.mara, in: stage.tenant)
            #expect(kept?.shown.entries == 12 && kept?.shown.list.personID == pseudonym, "the team has the list now")
            let warned = await #expect(throws: DiscoveryError.self) {
                try await stage.room.entries.contact(
                    EntryDesk.Message(creator: card.creatorID, channel: .email), by: stage.aiko, in: stage.tenant)
            }
            #expect(warned?.code == .alreadyContacted && warned?.context["person"] == pseudonym.description)
            stage.clock.advance(by: .seconds(1))
            #expect(try await stage.room.exports.steps.expire() == 1)
            #expect(try await stage.blobs.head(ExportSteps.key(of: file.id, .csv), for: stage.tenant) == nil)
            try await stage.checkTotals(of: list.id)
        }
    }
}
