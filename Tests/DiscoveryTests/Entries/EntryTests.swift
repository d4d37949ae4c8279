import Base
import BaseTestKit
import Foundation
import Storage
import StorageBackends
import StorageTestKit
import Testing
import Web
import WebTestKit

@testable import Discovery

@Suite(.databases) struct EntryTests {
    @Test(arguments: Backend.all)
    func `a thousand creators are added by three statements, and each once`(backend: Backend) async throws {
        try await ListStage.with(backend) { stage in
            try await stage.makeCreators(0..<1_000)
            let list = try await stage.makeList()
            let recorded = RecordedStatements()
            stage.storage.setRecorder(recorded)
            let all = (0..<1_000).map(stage.creatorID)
            let first = try await stage.room.entries.add(all, to: list.id, by: stage.jonas, in: stage.tenant)
            #expect(first == AddedEntries(added: 1_000))
            #expect(recorded.names.prefix(2) == ["entry.add", "entry.count"])
            #expect(recorded.names.count == 3, "\(recorded.names)")
            stage.storage.setRecorder(nil)
            let nobody = stage.creatorID(5_000)
            let again = try await stage.room.entries.add(
                [stage.creatorID(3), nobody, stage.creatorID(3)], to: list.id, by: stage.jonas, in: stage.tenant)
            #expect(again == AddedEntries(added: 0, alreadyThere: 1, unknown: 1))
            try await stage.checkTotals(of: list.id)
            let board = try await stage.room.lists.board(list.id, for: stage.sam, in: stage.tenant)
            #expect(board.buckets.map(\.bucket) == ListField.stages)
            #expect(board.buckets[0].entries == 1_000)
            // Those whose followers nobody knows add nothing.
            let known = (0..<1_000).filter { $0 % 10 != 0 }.reduce(0) { $0 + $1 * 100 }
            #expect(board.buckets[0].followers == Int64(known))
        }
    }

    @Test(arguments: Backend.all)
    func `a list takes as many as it has room for and says how many it refused`(backend: Backend) async throws {
        try await ListStage.with(backend) { stage in
            try await stage.makeCreators(0..<30)
            let list = try await stage.makeList()
            try await stage.storage.writer(for: stage.tenant).execute(
                "test.nearlyFull",
                """
                UPDATE bucket_totals SET entries = 49990
                WHERE tenant_id = \(stage.tenant) AND list_id = \(list.id) AND bucket = ''
                """)
            let some = (0..<30).map(stage.creatorID)
            let added = try await stage.room.entries.add(some, to: list.id, by: stage.mara, in: stage.tenant)
            #expect(added == AddedEntries(added: 10, refused: 20))
            let refusal = await #expect(throws: DiscoveryError.self) {
                try await stage.room.entries.add(
                    some.suffix(5), to: list.id, by: stage.mara, in: stage.tenant)
            }
            #expect(refusal?.code == .listFull)
        }
    }

    @Test(arguments: Backend.all.filter { $0.capabilities.contains(.concurrentWriters) })
    func `people who add the same creators at once add each once, and the clock has no gaps`(
        backend: Backend
    ) async throws {
        try await ListStage.with(backend) { stage in
            try await stage.makeCreators(0..<200)
            let list = try await stage.makeList()
            let added = try await withThrowingTaskGroup(of: Int.self) { group in
                for worker in 0..<6 {
                    group.addTask {
                        let some = (0..<200).filter { ($0 + worker) % 2 == 0 }.map(stage.creatorID)
                        return try await stage.room.entries.add(
                            some, to: list.id, by: stage.jonas, in: stage.tenant
                        ).added
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(added == 200)
            try await stage.checkTotals(of: list.id)
            let page = try await stage.room.entries.store.page(
                of: list.id, for: stage.mara, after: nil, limit: 500, in: stage.tenant)
            #expect(page.items.map(\.entry.sequence) == Array(1...200).map(Int64.init))
        }
    }

    @Test(arguments: Backend.all)
    func `whoever moves cards about, the order is that of ranks and ids and totals equal a recount`(
        backend: Backend
    ) async throws {
        try await ListStage.with(backend) { stage in
            try await stage.makeCreators(0..<24)
            let list = try await stage.makeList()
            _ = try await stage.room.entries.add(
                (0..<24).map(stage.creatorID), to: list.id, by: stage.mara, in: stage.tenant)
            for seed in 1...3 as ClosedRange<UInt64> {
                let known = try await stage.cards(of: list.id)
                let cards = Shared(known.values.joined().map(\.entry))
                // Each client proposes ranks by what it saw when it began, and learns only its own answers.
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for client in 0..<4 as Range<UInt64> {
                        group.addTask {
                            let chance = SeededRandomness(seed: seed * 100 + client)
                            var own = cards.withLock { $0 }
                            for _ in 0..<20 {
                                let index = chance.below(own.count)
                                let bucket = ListField.stages[chance.below(4)]
                                let there = own.filter { $0.bucket == bucket }.map(\.rank).sorted()
                                let place = chance.below(there.count + 1)
                                let rank = Rank.between(
                                    place > 0 ? there[place - 1] : nil, place < there.count ? there[place] : nil)
                                let moved = try await stage.room.entries.move(
                                    own[index].id, to: bucket, rank: rank, by: stage.jonas, in: stage.tenant)
                                #expect(moved.rank == rank && moved.bucket == bucket, "the last writer wins")
                                own[index].bucket = moved.bucket
                                own[index].rank = moved.rank
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                try await stage.checkTotals(of: list.id)
                let board = try await stage.cards(of: list.id)
                #expect(board.values.reduce(0) { $0 + $1.count } == 24)
                for (bucket, cards) in board {
                    let paged = try await stage.room.entries.store.page(
                        of: list.id, bucket: bucket, for: stage.sam, after: nil, limit: 100, in: stage.tenant)
                    #expect(paged.items.map(\.entry.id) == cards.map(\.entry.id), "all clients see one order")
                    #expect(
                        cards.map(\.entry.id)
                            == cards.sorted { ($0.entry.rank, $0.entry.id) < ($1.entry.rank, $1.entry.id) }
                            .map(\.entry.id))
                }
            }
        }
    }

    @Test(arguments: Backend.all)
    func `a rank that is too long is cut, and the bucket is spaced in the order in which it stands`(
        backend: Backend
    ) async throws {
        try await ListStage.with(backend) { stage in
            try await stage.makeCreators(0..<12)
            let list = try await stage.makeList()
            _ = try await stage.room.entries.add(
                (0..<12).map(stage.creatorID), to: list.id, by: stage.mara, in: stage.tenant)
            let cards = try #require(try await stage.cards(of: list.id)["backlog"])
            let long = try #require(
                Rank(rawValue: cards[4].entry.rank.rawValue + String(repeating: "0", count: 80) + "V"))
            let moved = try await stage.room.entries.move(
                cards[0].entry.id, to: nil, rank: long, by: stage.mara, in: stage.tenant)
            #expect(moved.rank.rawValue.utf8.count == 64)
            let before = try #require(try await stage.cards(of: list.id)["backlog"]).map(\.entry.id)
            try await stage.room.steps.respace(BoardWork(list: list.id, bucket: "backlog"), in: stage.tenant)
            let after = try #require(try await stage.cards(of: list.id)["backlog"])
            #expect(after.map(\.entry.id) == before)
            #expect(after.map(\.entry.rank) == (0..<12).map(Rank.spaced))
        }
    }

    @Test(arguments: Backend.all)
    func `a board is grouped by another field in steps, and back, without losing a value`(backend: Backend) async throws
    {
        try await ListStage.with(backend) { stage in
            try await stage.makeCreators(0..<1_100)
            let tier = ListField(key: "tier", label: "Tier", kind: .select, options: ["A", "B", "C"])
            let list = try await stage.makeList(fields: [.stage, tier])
            for start in [0, 600] {
                _ = try await stage.room.entries.add(
                    (start..<min(start + 600, 1_100)).map(stage.creatorID), to: list.id, by: stage.mara,
                    in: stage.tenant)
            }
            let page = try await stage.room.entries.store.page(
                of: list.id, for: stage.mara, after: nil, limit: 300, in: stage.tenant
            ).items.map(\.entry.id)
            _ = try await stage.room.entries.edit(
                Array(page[0..<100]), of: list.id, fields: ["tier": "B"], bucket: "booked", by: stage.mara,
                in: stage.tenant)
            var change = ListDesk.Change()
            change.bucketField = "tier"
            _ = try await stage.room.lists.change(list.id, change, by: stage.mara, in: stage.tenant)
            let busy = await #expect(throws: DiscoveryError.self) {
                try await stage.room.entries.move(page[0], to: "A", rank: nil, by: stage.mara, in: stage.tenant)
            }
            #expect(busy?.code == .listBusy)
            var steps = 0
            while try await stage.room.steps.regroupStep(list.id, in: stage.tenant) {
                steps += 1
                try await stage.checkTotals(of: list.id)
            }
            #expect(steps == 2)
            try await stage.checkTotals(of: list.id)
            let board = try await stage.room.lists.board(list.id, for: stage.mara, in: stage.tenant)
            #expect(board.buckets.map(\.bucket) == ["A", "B", "C"])
            #expect(board.buckets.map(\.entries) == [1_000, 100, 0])
            change.bucketField = "stage"
            _ = try await stage.room.lists.change(list.id, change, by: stage.mara, in: stage.tenant)
            try await stage.room.steps.regroup(list.id, in: stage.tenant)
            let back = try await stage.room.lists.board(list.id, for: stage.mara, in: stage.tenant)
            #expect(back.buckets.map(\.entries) == [1_000, 0, 0, 100])
            let entry = try #require(
                try await stage.room.entries.store.entry(
                    page[0], for: stage.mara, through: stage.storage.reader(for: stage.tenant), in: stage.tenant))
            #expect(entry.fields["tier"] == "B" && entry.bucket == "booked")
        }
    }

    @Test(arguments: Backend.all)
    func `a selection of a search comes in steps, may be repeated, and stops at a full list`(backend: Backend)
        async throws
    {
        try await ListStage.with(backend) { stage in
            try await stage.makeCreators(0..<1_200)
            let search = try await stage.makeSearch(0..<1_200)
            let list = try await stage.makeList()
            var selection = Selection(list: list.id, source: .search(search), asker: stage.jonas)
            selection.filter = MatchFilter(email: .known)
            let first = try await stage.room.steps.add(selection, in: stage.tenant)
            #expect(first.added == 600)
            #expect(try await stage.room.steps.add(selection, in: stage.tenant) == AddedEntries(alreadyThere: 600))
            selection.filter = MatchFilter()
            try await stage.storage.writer(for: stage.tenant).execute(
                "test.nearlyFull",
                """
                UPDATE bucket_totals SET entries = 49600
                WHERE tenant_id = \(stage.tenant) AND list_id = \(list.id) AND bucket = ''
                """)
            let rest = try await stage.room.steps.add(selection, in: stage.tenant)
            #expect(rest.added == 400 && rest.refused > 0)
        }
    }

    @Test(arguments: Backend.all)
    func `who wrote lately is told before a second one writes, whoever is faster`(backend: Backend) async throws {
        try await ListStage.with(backend) { stage in
            try await stage.makeCreators(0..<3)
            let list = try await stage.makeList()
            _ = try await stage.room.entries.add(
                (0..<3).map(stage.creatorID), to: list.id, by: stage.mara, in: stage.tenant)
            let card = try #require(try await stage.cards(of: list.id)["backlog"]?.first)
            var message = EntryDesk.Message(creator: card.entry.creatorID, channel: .email)
            message.entry = (card.entry.id, "contacted")
            let contact = try await stage.room.entries.contact(message, by: stage.jonas, in: stage.tenant)
            #expect(contact.listID == list.id)
            try await stage.checkTotals(of: list.id)
            #expect(try await stage.cards(of: list.id)["contacted"]?.first?.contactedBy == stage.jonas.person)
            stage.clock.advance(by: .seconds(29 * 86_400))
            let warned = await #expect(throws: DiscoveryError.self) {
                try await stage.room.entries.contact(message, by: stage.aiko, in: stage.tenant)
            }
            #expect(warned?.code == .alreadyContacted)
            #expect(warned?.context["person"] == stage.jonas.person.description)
            message.isForced = true
            _ = try await stage.room.entries.contact(message, by: stage.aiko, in: stage.tenant)
            message.isForced = false
            _ = try await stage.room.entries.contact(message, by: stage.aiko, in: stage.tenant)
            #expect(
                try await stage.room.entries.contacts.contacts(
                    of: card.entry.creatorID, limit: 10, in: stage.tenant
                ).count == 3)
            // Two at the same moment: one of them is told.
            let creator = stage.creatorID(2)
            let outcomes = await withTaskGroup(of: Bool.self) { group in
                for asker in [stage.jonas, stage.aiko, stage.mara] {
                    group.addTask {
                        do {
                            _ = try await stage.room.entries.contact(
                                EntryDesk.Message(creator: creator, channel: .message), by: asker, in: stage.tenant)
                            return true
                        } catch { return false }
                    }
                }
                return await group.reduce(into: [Bool]()) { $0.append($1) }
            }
            #expect(outcomes.count { $0 } == 1)
        }
    }
}
