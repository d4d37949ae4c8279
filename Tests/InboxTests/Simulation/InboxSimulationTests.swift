import Base
import BaseTestKit
import InboxVendors
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Inbox

/// A vendor that delivers in any order, twice, late and in pieces, workers that die, and agents who do what they like.
@Suite(.databases) struct InboxSimulationTests {
    /// A customer's thread as the vendor has it.
    private struct Truth {
        struct Line: Hashable {
            var text: String
            var isDeleted = false
        }

        var lines: [String: Line] = [:]
        var events: [PlayedVendor.Event] = []
    }

    private struct Crash: Error {}

    /// What a customer says, changes and takes back, and what is written in the vendor's own app.
    private func story(_ user: String, _ stage: Stage, _ chance: SeededRandomness) -> Truth {
        var truth = Truth()
        var time = stage.clock.now() - .seconds(3_600)
        for number in 0..<(4 + chance.below(12)) {
            time = time + .seconds(Int64(1 + chance.below(60)))
            let known = truth.lines.filter { !$0.value.isDeleted && !$0.key.hasPrefix("e") }.map(\.key).sorted()
            var event = PlayedVendor.Event(kind: .message, user: user, at: time.microseconds)
            switch chance.below(10) {
            case 0 where !known.isEmpty:
                event.kind = .edit
                event.id = known[chance.below(known.count)]
                event.text = "edited at \(number)"
                truth.lines[event.id ?? ""]?.text = event.text
            case 1 where !known.isEmpty:
                event.kind = .deletion
                event.id = known[chance.below(known.count)]
                truth.lines[event.id ?? ""] = Truth.Line(text: "", isDeleted: true)
            case 2:
                event.kind = .echo
                event.id = "e-\(user)-\(number)"
                event.text = "from the app \(number)"
                truth.lines[event.id ?? ""] = Truth.Line(text: event.text)
            default:
                event.id = "m-\(user)-\(number)"
                event.text = "message \(number)"
                truth.lines[event.id ?? ""] = Truth.Line(text: event.text)
            }
            truth.events.append(event)
        }
        return truth
    }

    /// Everything that is delivered: each event at least once, shuffled, some together and some twice under other keys.
    private func deliveries(
        _ truths: [String: Truth], _ chance: SeededRandomness
    ) -> [(key: String, user: String, events: [PlayedVendor.Event])] {
        var all: [(key: String, user: String, events: [PlayedVendor.Event])] = []
        for (user, truth) in truths.sorted(by: { $0.key < $1.key }) {
            var rest = truth.events[...]
            while !rest.isEmpty {
                let some = Array(rest.prefix(1 + chance.below(3)))
                rest = rest.dropFirst(some.count)
                all.append(("d\(all.count)", user, some))
                if chance.below(4) == 0 { all.append(("d\(all.count)", user, some)) }
                if chance.below(4) == 0, let last = all.last { all.append(last) }
            }
        }
        var generator = chance.generator
        return all.shuffled(using: &generator)
    }

    private func work(
        _ user: String, _ channel: Channel, on stage: Stage, dies: Bool, afterwards: Bool
    ) async throws {
        do {
            try await stage.office.ingest.ingest(
                ConversationKey(channel: channel.id, key: user), in: stage.tenant, isLastAttempt: false
            ) { [storage = stage.storage, tenant = stage.tenant] body in
                let heads = try await storage.write(for: tenant) { transaction in
                    let heads = try await body(transaction)
                    if dies, !afterwards { throw Crash() }
                    return heads
                }
                if dies { throw Crash() }
                return heads
            }
        } catch is Crash {
            // The queue hands it out again.
        }
    }

    /// Something that an agent does to whatever conversation there is.
    private func act(on stage: Stage, _ channel: Channel, _ chance: SeededRandomness) async throws {
        let conversations = try await stage.conversations()
        guard !conversations.isEmpty else { return }
        let head = conversations[chance.below(conversations.count)]
        let person = chance.below(2) == 0 ? stage.tom : stage.priya
        let agent = try await stage.agent(person)
        do {
            switch chance.below(9) {
            case 0, 1:
                _ = try await stage.office.threads.read(
                    head.id, upTo: Int64(chance.below(Int(head.lastSequence) + 3)), by: agent, in: stage.tenant)
            case 2:
                _ = try await stage.office.threads.unread(
                    head.id, from: Int64(1 + chance.below(Int(head.lastSequence) + 1)), by: agent, in: stage.tenant)
            case 3, 4:
                _ = try await stage.answer(
                    "answer \(chance.below(1_000))", to: head.id, of: channel, confirmed: chance.below(2) == 0,
                    by: person)
            case 5: try await stage.office.sending.send(head.id, in: stage.tenant)
            case 6: _ = try await stage.office.conversations.close(head.id, by: person, in: stage.tenant)
            case 7:
                _ = try await stage.office.conversations.note(
                    "note", mentioning: [], on: head.id, clientID: nil, by: person, in: stage.tenant)
            default:
                _ = try await stage.office.conversations.assign(
                    head.id, to: person, from: head.assigneeID, by: person, in: stage.tenant)
            }
        } catch let error as InboxError {
            // A refusal, as a closed conversation or a moved thread gives it.
            #expect(error.code != .notFound, "\(error)")
        }
    }

    @Test(arguments: Backend.all)
    func `whatever is delivered, lost and done, the thread is the vendor's and unread is right`(
        backend: Backend
    ) async throws {
        for seed: UInt64 in 1...(backend.name == "sqlite" ? 25 : 6) {
            try await Stage.with(backend, seed: seed) { stage in
                let chance = SeededRandomness(seed: seed &* 131)
                let channel = try await stage.channel(isBotFirst: chance.below(2) == 0)
                let users = ["anna", "ben", "carla"]
                var truths: [String: Truth] = [:]
                for user in users { truths[user] = story(user, stage, chance) }
                for delivery in deliveries(truths, chance) {
                    let body = PlayedVendor.body([delivery])
                    try await stage.office.hooks.receive(body, PlayedVendor.headers(body), at: channel.pathKey)
                    let user = users[chance.below(users.count)]
                    try await work(
                        user, channel, on: stage, dies: chance.below(4) == 0, afterwards: chance.below(2) == 0)
                    if chance.below(3) == 0 { try await act(on: stage, channel, chance) }
                    stage.clock.advance(by: .seconds(Int64(chance.below(20))))
                    if chance.below(6) == 0 { try await check(stage, seed) }
                }
                for user in users { try await work(user, channel, on: stage, dies: false, afterwards: false) }
                try await check(stage, seed)
                for user in users { try await compare(user, truths[user] ?? Truth(), channel, stage, seed) }
            }
        }
    }

    private func check(_ stage: Stage, _ seed: UInt64) async throws {
        try await stage.checkTruth()
        for person in [stage.tom, stage.priya] { try await stage.checkUnread(of: person) }
    }

    private func compare(
        _ user: String, _ truth: Truth, _ channel: Channel, _ stage: Stage, _ seed: UInt64
    ) async throws {
        var stored: [String: Truth.Line] = [:]
        for head in try await stage.conversations() {
            for message in try await stage.thread(head.id) {
                guard let id = message.externalID, id.contains("-\(user)-") else { continue }
                stored[id] = Truth.Line(text: message.body, isDeleted: message.deletedAt != nil)
            }
        }
        #expect(stored == truth.lines, "seed \(seed), \(user)")
    }

    /// Deliveries, workers and agents at the same time, on a machine that does what it likes.
    @Test(arguments: Backend.all)
    func `many at once leave numbers without a gap and each message once`(backend: Backend) async throws {
        for seed: UInt64 in 1...(backend.name == "sqlite" ? 4 : 3) {
            try await Stage.with(backend, seed: seed) { stage in
                let chance = SeededRandomness(seed: seed &* 977)
                let channel = try await stage.channel()
                let users = ["anna", "ben"]
                var truths: [String: Truth] = [:]
                for user in users { truths[user] = story(user, stage, chance) }
                let deliveries = deliveries(truths, chance)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for delivery in deliveries {
                        group.addTask {
                            let body = PlayedVendor.body([delivery])
                            try await stage.office.hooks.receive(
                                body, PlayedVendor.headers(body), at: channel.pathKey)
                            try await self.work(
                                delivery.user, channel, on: stage, dies: false, afterwards: false)
                            try await self.act(on: stage, channel, chance)
                        }
                    }
                    try await group.waitForAll()
                }
                for user in users { try await work(user, channel, on: stage, dies: false, afterwards: false) }
                try await check(stage, seed)
                for user in users { try await compare(user, truths[user] ?? Truth(), channel, stage, seed) }
            }
        }
    }
}
