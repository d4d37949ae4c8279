import Accounts
import Base
import BaseTestKit
import InboxVendors
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Inbox

@Suite(.databases) struct AgentPersonTests {
    @Test(arguments: Backend.all)
    func `who leaves takes their own data along, and what they said stays without their name`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            let id = try #require(try await stage.deliver([stage.event(.message, "Hi", id: "m1")], to: channel))
            _ = try await stage.answer("Hello", to: id, of: channel)
            try await stage.office.scheduled.keepDraft("Dear", of: stage.tom, in: id, of: stage.tenant)
            _ = try await stage.office.threads.read(
                id, upTo: 1, by: try await stage.agent(stage.tom), in: stage.tenant)
            try await stage.office.counts.fold()
            let data = AgentPersonSteps(storage: stage.storage).personalData
            var kinds: [String] = []
            try await data.export(stage.tom, stage.tenant) { kind, _ in kinds.append(kind) }
            #expect(kinds == ["message", "draft"])
            let leaver = Leaver(person: stage.tom, pseudonym: ID(high: 4, low: 4))
            var steps = 0
            while try await data.erase(leaver, stage.tenant) == .more {
                steps += 1
                try #require(steps < 20)
            }
            kinds = []
            try await data.export(stage.tom, stage.tenant) { kind, _ in kinds.append(kind) }
            #expect(kinds.isEmpty)
            let thread = try await stage.thread(id)
            #expect(thread.map(\.body) == ["Hi", "Hello"] && thread[1].personID == leaver.pseudonym)
            #expect(try await stage.head(id).assigneeID == nil)
            try await stage.checkTruth()
        }
    }
}
