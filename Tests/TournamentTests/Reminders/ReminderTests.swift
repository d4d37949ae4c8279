import Accounts
import Base
import BaseTestKit
import Foundation
import Storage
import StorageBackends
import StorageTestKit
import Testing
import Web
import WebTestKit

@testable import Tournament

@Suite(.databases) struct ReminderTests {
    /// Notices of a kind that people have, by person, each as often as it was written.
    private func told(_ stage: Stage) async throws -> [ID<Person>] {
        try await stage.storage.reader(for: stage.tenant).list(
            ToldRow.self, "check.told",
            """
            SELECT n.person_id FROM notifications n
            WHERE n.tenant_id = \(stage.tenant) AND n.kind = \(NoticeKind.slotOpens.name) ORDER BY n.person_id
            """, limit: 5_000
        ).map(\.person)
    }

    private func ask(_ slot: Slot, for person: ID<Person>, on stage: Stage) async throws -> Bool {
        try await stage.storage.write(for: stage.tenant) { transaction in
            try await stage.house.reminders.store.insert(
                slot.id, for: person, at: stage.clock.now(), through: transaction, in: stage.tenant)
        }
    }

    @Test(arguments: Backend.all)
    func `one asks on the timetable, is told once when the slot opens, and can think better of it`(backend: Backend)
        async throws
    {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason(clips: 2)
            let (site, next) = (try await stage.fullSite(), scene.slots[1])
            let me = try await stage.session(stage.person(1), role: .member, on: site)
            let other = try await stage.session(stage.person(2), role: .member, on: site)
            let path = Addresses.results(next.id)
            let stranger = try await site.get(Addresses.timetable)
            #expect(stranger.text.contains("Sign in to be reminded") && !stranger.text.contains("Remind me"))
            #expect(try await site.get(path).text.contains("Not open yet"))
            for session in [me, other] {
                let sent = try await stage.send(
                    ["wanted": "remind"], to: path + "/reminder", from: Addresses.timetable, on: site, as: session)
                #expect(sent["location"] == "\(path)?said=reminded#main")
            }
            let shown = try await site.get(Addresses.timetable, headers: [me])
            #expect(shown.text.contains("You are reminded") && shown.text.contains(", reminder"))
            #expect(try await site.get(path + "?said=reminded", headers: [me]).text.contains("You will be told when"))
            let back = try await stage.send(
                ["wanted": "forget"], to: path + "/reminder", from: path, on: site, as: other)
            #expect(back["location"] == "\(path)?said=forgotten#main")
            // Nothing is told before its time, nor twice, whoever looks.
            #expect(try await stage.house.reminders.look() == 0)
            #expect(try await told(stage) == [])
            _ = try await stage.desk.cast(.normal, on: scene.clips[0].id, by: stage.voter(1), in: stage.tenant)
            stage.clock.advance(by: .seconds(60))
            #expect(try await stage.steps.close(scene.slots[0].id, in: stage.tenant) == .decided(scene.clips[0].id))
            let nodes = [stage.house, stage.otherNode()]
            try await withThrowingTaskGroup { group in
                for node in nodes { group.addTask { _ = try await node.reminders.look() } }
                try await group.waitForAll()
            }
            #expect(try await told(stage) == [stage.person(1)])
            #expect(try await stage.house.reminders.look() == 0)
            // An open slot is nothing to wait for.
            let late = try await stage.send(
                ["wanted": "remind"], to: path + "/reminder", from: Addresses.timetable, on: site, as: other)
            #expect(late["location"] == "\(path)?said=unreminded#main")
        }
    }

    @Test(arguments: Backend.all)
    func `a crowd is told in groups, each person once, although two nodes tell`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason(clips: 2)
            let (tenant, now, slot) = (stage.tenant, stage.clock.now(), scene.slots[1].id)
            let crowd = (0..<1_203).map { stage.person(100 + $0) }
            _ = try await stage.storage.write(for: tenant) { transaction in
                try await transaction.execute(
                    "test.crowd",
                    """
                    WITH input (person_id) AS (\(rows: SQLRows(crowd)))
                    INSERT INTO slot_reminders (tenant_id, slot_id, person_id, asked_at)
                    SELECT \(tenant), \(slot), i.person_id, \(now) FROM input i
                    """)
            }
            _ = try await stage.desk.cast(.normal, on: scene.clips[0].id, by: stage.voter(1), in: tenant)
            stage.clock.advance(by: .seconds(60))
            _ = try await stage.steps.close(scene.slots[0].id, in: tenant)
            let nodes = [stage.house, stage.otherNode()]
            try await withThrowingTaskGroup { group in
                for node in nodes { group.addTask { _ = try await node.reminders.look() } }
                try await group.waitForAll()
            }
            // Of two that met on the same rows one may have left some to the next look.
            _ = try await stage.house.reminders.look()
            #expect(try await told(stage) == crowd.sorted())
            #expect(try await stage.house.reminders.store.due().isEmpty)
        }
    }

    @Test(arguments: Backend.all)
    func `a person waits for a hundred slots at most, and asking again changes nothing`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason(slots: 103, clips: 1)
            let me = stage.person(1)
            for slot in scene.slots[1...100] { #expect(try await ask(slot, for: me, on: stage)) }
            #expect(try await !ask(scene.slots[101], for: me, on: stage))
            #expect(try await ask(scene.slots[101], for: stage.person(2), on: stage))
            let store = stage.house.reminders.store
            #expect(try await store.slots(of: me, in: stage.tenant) == Set(scene.slots[1...100].map(\.id)))
            #expect(try await store.slots(of: me, in: Tenant(ID(high: 5, low: 5))) == [])
            #expect(try await !ask(scene.slots[0], for: stage.person(3), on: stage), "a slot that is open")
        }
    }
}

private struct ToldRow: RowDecodable {
    let person: ID<Person>

    init(row: SQLRow) throws(StorageError) { person = try row.value(at: 0) }
}
