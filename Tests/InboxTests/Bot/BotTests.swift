import AIProviders
import Base
import BaseTestKit
import InboxVendors
import Jobs
import Retrieval
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Inbox

@Suite(.databases) struct BotTests {
    private static let hours = "Opening hours. We open at nine and close at six from Monday to Friday."

    /// A bot that knows when the shop is open, and a customer who asks.
    private func begin(
        _ stage: Stage, _ question: String = "When do you open on Monday?",
        _ change: (inout BotPolicy) -> Void = { _ in }
    ) async throws -> (Channel, ID<Conversation>) {
        var policy = BotPolicy()
        policy.threshold = 0.2
        change(&policy)
        _ = try await stage.office.answering.set(policy, by: stage.tom, in: stage.tenant)
        let document = try await stage.office.knowledge.add(
            Array(Self.hours.utf8), as: .text, titled: "Hours", by: stage.tom, in: stage.tenant)
        try await stage.office.knowledge.index(document.id, in: stage.tenant)
        let channel = try await stage.channel(isBotFirst: true)
        let id = try #require(try await stage.deliver([stage.event(.message, question, id: "m1")], to: channel))
        return (channel, id)
    }

    private func turn(_ id: ID<Conversation>, _ stage: Stage) async throws {
        stage.clock.advance(by: .seconds(2))
        try await stage.office.bot.turn(id, in: stage.tenant)
    }

    private struct Outcome: RowDecodable {
        let outcome: String?
        let passages: String

        init(row: SQLRow) throws(StorageError) {
            outcome = try row.optional(at: 0)
            passages = try row.value(at: 1)
        }
    }

    private func outcomes(_ stage: Stage) async throws -> [Outcome] {
        try await stage.storage.reader(for: stage.tenant).list(
            Outcome.self, "test.turns",
            """
            SELECT t.outcome, t.passages FROM inbox_bot_turns t WHERE t.tenant_id = \(stage.tenant)
            ORDER BY t.after_sequence
            """, limit: 100)
    }

    @Test(arguments: Backend.all)
    func `it answers once out of the company's documents, when the customer has stopped writing`(
        backend: Backend
    ) async throws {
        let model = PlayedModel()
        try await Stage.with(backend, provider: model) { stage in
            let (_, id) = try await begin(stage)
            try await stage.office.bot.turn(id, in: stage.tenant)
            #expect(model.requests.isEmpty)
            for _ in 0..<3 { try await turn(id, stage) }
            try await stage.office.sending.send(id, in: stage.tenant)
            #expect(stage.vendor.sent.map(\.content) == [.text("We open at nine.")])
            #expect(stage.vendor.sent.map(\.author) == [.bot])
            #expect(model.requests.count == 1)
            #expect(model.requests[0].system.contains("We open at nine and close at six"))
            #expect(try await outcomes(stage).map(\.outcome) == ["answered"])
            let head = try await stage.head(id)
            #expect(head.bot == .active && head.botReplies == 1 && head.preview.role == .bot)
            try await stage.checkTruth()
        }
    }

    @Test(arguments: Backend.all)
    func `what it began is dropped when somebody takes the word, or the customer goes on`(
        backend: Backend
    ) async throws {
        let model = PlayedModel()
        try await Stage.with(backend, provider: model) { stage in
            let (channel, id) = try await begin(stage)
            model.meanwhile {
                try await stage.deliver([stage.event(.message, "And on Sunday?", id: "m2")], to: channel)
            }
            try await turn(id, stage)
            #expect(try await stage.thread(id).map(\.role) == [.customer, .customer])
            model.meanwhile { _ = try await stage.answer("At nine", to: id, of: channel) }
            try await turn(id, stage)
            #expect(try await stage.thread(id).map(\.role) == [.customer, .customer, .agent])
            try await stage.deliver([stage.event(.message, "Thanks", id: "m3")], to: channel)
            try await turn(id, stage)
            // The bot stays silent until the conversation is closed.
            #expect(model.requests.count == 2)
            #expect(try await outcomes(stage).map(\.outcome) == ["dropped", "dropped"])
            #expect(try await stage.head(id).botEpoch == 1)
            try await stage.checkTruth()
        }
    }

    @Test(arguments: Backend.all)
    func `what it does not know it hands over, with a word, and is silent then`(backend: Backend) async throws {
        let model = PlayedModel()
        try await Stage.with(backend, provider: model) { stage in
            let (channel, id) = try await begin(stage, "Xylophone quartz?")
            try await turn(id, stage)
            #expect(model.requests.isEmpty)
            #expect(try await stage.thread(id).map(\.body).dropFirst() == [BotPolicy().unsure, "handedOver"])
            #expect(try await stage.head(id).bot == .waiting)
            try await stage.deliver([stage.event(.message, "When do you open?", id: "m2")], to: channel)
            try await turn(id, stage)
            #expect(model.requests.isEmpty)
            try await stage.checkTruth()
        }
    }

    @Test(arguments: Backend.all)
    func `a model that fails is tried once more, then people get the word`(backend: Backend) async throws {
        let model = PlayedModel()
        try await Stage.with(backend, provider: model) { stage in
            let (_, id) = try await begin(stage)
            // Each of the two is tried again by the models' own rules.
            model.play(Array(repeating: .failure(AIError(.requestInvalid, "no")), count: 8))
            await #expect(throws: JobFailure.self) { try await turn(id, stage) }
            #expect(try await stage.head(id).bot == .active)
            try await turn(id, stage)
            #expect(try await stage.head(id).bot == .waiting)
            #expect(try await outcomes(stage).map(\.outcome) == ["handedOff"])
            try await stage.checkTruth()
        }
    }

    @Test(arguments: Backend.all)
    func `a document that was removed is not answered from, and a suggestion is for agents only`(
        backend: Backend
    ) async throws {
        let model = PlayedModel()
        try await Stage.with(backend, provider: model) { stage in
            let (channel, id) = try await begin(stage) { $0.mode = .suggests }
            try await turn(id, stage)
            #expect(try await stage.thread(id).count == 1)
            let suggestion = try await stage.office.answering.store.suggestion(for: id, in: stage.tenant)
            #expect(suggestion?.body == "We open at nine." && suggestion?.sources.map(\.title) == ["Hours"])
            let page = try await stage.office.knowledge.store.page(after: nil, limit: 10, in: stage.tenant)
            #expect(page.items.map(\.state) == [.ready] && page.items[0].passages == 1)
            await #expect(throws: InboxError.self) {
                try await stage.office.knowledge.add(
                    Array(Self.hours.utf8), as: .text, titled: "Again", by: stage.tom, in: stage.tenant)
            }
            try await stage.office.knowledge.remove(page.items[0].id, in: stage.tenant)
            let tried = try await stage.office.answering.tried("When do you open on Monday?", in: stage.tenant)
            #expect(tried.act == .handOver(.unsure) && tried.passages.isEmpty)
            try await stage.deliver([stage.event(.message, "When do you open on Monday?", id: "m2")], to: channel)
            try await turn(id, stage)
            #expect(model.requests.count == 1)
            #expect(try await stage.head(id).bot == .waiting)
        }
    }

    @Test(arguments: Backend.all)
    func `documents of one company are never another's`(backend: Backend) async throws {
        try await Stage.with(backend, provider: PlayedModel()) { stage in
            _ = try await begin(stage)
            var policy = BotPolicy()
            policy.threshold = 0
            _ = try await stage.office.answering.set(policy, by: stage.tom, in: stage.other)
            let tried = try await stage.office.answering.tried("When do you open on Monday?", in: stage.other)
            #expect(tried.act == .handOver(.unsure) && tried.passages.isEmpty)
        }
    }

    @Test(arguments: Backend.all)
    func `tokens beyond the day's allowance go to nobody`(backend: Backend) async throws {
        let model = PlayedModel()
        try await Stage.with(backend, provider: model) { stage in
            let (_, id) = try await begin(stage) { $0.tokensPerDay = 0 }
            try await turn(id, stage)
            #expect(model.requests.isEmpty)
            #expect(try await stage.head(id).bot == .waiting)
        }
    }

    /// Customers, agents and the bot at once, whoever is quicker.
    @Test(arguments: Backend.all)
    func `no bot speaks after a person, and once for what a customer said`(backend: Backend) async throws {
        for seed: UInt64 in 1...(backend.name == "sqlite" ? 20 : 5) {
            let model = PlayedModel()
            try await Stage.with(backend, seed: seed, provider: model) { stage in
                let chance = SeededRandomness(seed: seed &* 57)
                let (channel, id) = try await begin(stage)
                @Sendable func act() async throws {
                    do {
                        switch chance.below(8) {
                        case 0, 1, 2:
                            try await stage.deliver(
                                [stage.event(.message, "When do you open?", id: "x\(chance.next())")], to: channel)
                        case 3: _ = try await stage.answer("person", to: id, of: channel, confirmed: true)
                        case 4: _ = try await stage.office.conversations.takeOver(id, by: stage.tom, in: stage.tenant)
                        case 5: _ = try await stage.office.conversations.close(id, by: stage.tom, in: stage.tenant)
                        case 6: try await stage.office.bot.turn(id, in: stage.tenant)
                        default: try await stage.office.sending.send(id, in: stage.tenant)
                        }
                    } catch let error as InboxError {
                        #expect(error.code == .conversationClosed, "\(error)")
                    }
                }
                for _ in 0..<25 {
                    stage.clock.advance(by: .seconds(Int64(chance.below(30))))
                    if chance.below(3) > 0 { model.meanwhile(act) }
                    try await stage.office.bot.turn(id, in: stage.tenant)
                    try await act()
                }
                try await stage.checkTruth()
                try await checkWord(id, stage, seed)
            }
        }
    }

    private func checkWord(_ id: ID<Conversation>, _ stage: Stage, _ seed: UInt64) async throws {
        var isTaken = false
        var hasAnswered = true
        for message in try await stage.thread(id) {
            switch message.role {
            case .customer: hasAnswered = false
            case .agent: isTaken = true
            case .event where message.body == "takenOver": isTaken = true
            // The customer's next message opens it again, and the policy lets the bot begin anew.
            case .event where message.body == "closed": isTaken = false
            case .bot where message.body != BotPolicy().unsure:
                #expect(!isTaken, "seed \(seed): the bot speaks after a person at \(message.sequence)")
                #expect(!hasAnswered, "seed \(seed): a second answer to one turn at \(message.sequence)")
                hasAnswered = true
            case .bot, .note, .event: break
            }
        }
    }

    @Test(arguments: Backend.all)
    func `what was prepared is answered at once, what was not when the customer has stopped writing`(
        backend: Backend
    ) async throws {
        let model = PlayedModel()
        try await Stage.with(backend, provider: model) { stage in
            let (channel, other) = try await begin(stage, "Is there a bicycle?")
            #expect(try await stage.office.prepared.prepare(in: stage.tenant) >= 1)
            let asked = model.requests.count
            let id = try #require(
                try await stage.deliver(
                    [stage.event(.message, "Opening hours", from: "ben", id: "b1")], to: channel))
            // No time passes between the question and the answer.
            try await stage.office.bot.turn(id, in: stage.tenant)
            #expect(try await stage.thread(id).map(\.role) == [.customer, .bot])
            #expect(model.requests.count == asked)
            try await stage.office.bot.turn(id, in: stage.tenant)
            #expect(try await stage.thread(id).count == 2)
            // What follows depends on what was said: the customer is let finish.
            try await stage.deliver(
                [stage.event(.message, "When do you open on Monday?", from: "ben", id: "b2")], to: channel)
            try await stage.office.bot.turn(id, in: stage.tenant)
            #expect(try await stage.thread(id).count == 3)
            try await turn(id, stage)
            #expect(model.requests.count == asked + 1)
            #expect(try await stage.thread(id).map(\.role) == [.customer, .bot, .customer, .bot])
            // Nothing was prepared for the other one.
            #expect(try await stage.thread(other).map(\.role) == [.customer])
            try await stage.checkTruth()
        }
    }

    @Test(arguments: Backend.all)
    func `a prepared answer is not given to whom somebody answers, nor where a word hands over`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend, provider: PlayedModel()) { stage in
            let (channel, _) = try await begin(stage, "Is there a bicycle?") { $0.keywords = ["hours"] }
            #expect(try await stage.office.prepared.prepare(in: stage.tenant) >= 1)
            let taken = try #require(
                try await stage.deliver(
                    [stage.event(.message, "Returns", from: "eva", id: "e1")], to: channel))
            _ = try await stage.answer("I will look", to: taken, of: channel)
            try await stage.office.bot.turn(taken, in: stage.tenant)
            #expect(try await stage.thread(taken).map(\.role) == [.customer, .agent])
            let keyword = try #require(
                try await stage.deliver(
                    [stage.event(.message, "Opening hours", from: "ben", id: "b1")], to: channel))
            try await stage.office.bot.turn(keyword, in: stage.tenant)
            #expect(try await stage.thread(keyword).map(\.role) == [.customer])
            try await turn(keyword, stage)
            #expect(try await stage.head(keyword).bot == .waiting)
            #expect(!(try await stage.thread(keyword).map(\.role).contains(.bot)))
        }
    }
}
