import Base
import BaseTestKit
import InboxVendors
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Inbox

@Suite(.databases) struct SearchTests {
    private func found(_ question: String, _ stage: Stage, in tenant: Tenant? = nil) async throws -> [String] {
        let tenant = tenant ?? stage.tenant
        let agent = try await stage.agent(stage.tom, in: tenant)
        return try await stage.search(question, for: agent, in: tenant).messages.items
            .map(\.message.body)
    }

    @Test(arguments: Backend.all)
    func `messages are found by all of the words, in any form, and as they are now`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            let id = try #require(
                try await stage.deliver(
                    [
                        stage.event(.message, "Do you sell a brass BELL?", id: "m1"),
                        stage.event(.message, "Une sonnette pour vélo", id: "m2"),
                        stage.event(.message, "The bicycle is red", id: "m3"),
                    ], to: channel))
            stage.clock.advance(by: .seconds(1))
            let note = try await stage.office.conversations.note(
                "Wants a bell, ask Leo", mentioning: [], on: id, clientID: nil, by: stage.tom, in: stage.tenant)
            #expect(try await found("bell", stage) == [note.body, "Do you sell a brass BELL?"])
            #expect(try await found("bell brass", stage) == ["Do you sell a brass BELL?"])
            #expect(try await found("VELO", stage) == ["Une sonnette pour vélo"])
            // The last word may still be written.
            #expect(try await found("bicy", stage) == ["The bicycle is red"])
            #expect(try await found("bell bicycle", stage).isEmpty)
            #expect(try await found("' \" ) & | : * --", stage).isEmpty)
            try await stage.deliver(
                [stage.event(.edit, "The horse is red", id: "m3"), stage.event(.deletion, id: "m1")], to: channel)
            #expect(try await found("bicycle", stage).isEmpty)
            #expect(try await found("horse", stage) == ["The horse is red"])
            #expect(try await found("brass", stage).isEmpty)
            let answer = try await stage.answer("A tandem", to: id, of: channel, undo: 5)
            #expect(try await found("tandem", stage) == ["A tandem"])
            try await stage.office.replies.withdraw(answer.id, by: stage.tom, in: stage.tenant)
            #expect(try await found("tandem", stage).isEmpty)
            #expect(try await found("horse", stage, in: stage.other).isEmpty)
        }
    }

    @Test(arguments: Backend.all)
    func `what was found is paged, each once, with whose conversation it is in`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            for number in 0..<23 {
                try await stage.deliver(
                    [stage.event(.message, "bell \(number)", id: "m\(number)", name: "Anna Lind")], to: channel)
                stage.clock.advance(by: .milliseconds(5))
            }
            var seen: [String] = []
            var next: Cursor?
            repeat {
                let page = try await stage.search(
                    "bell", for: try await stage.agent(stage.tom), after: next, limit: 10, in: stage.tenant
                ).messages
                seen += page.items.map(\.message.body)
                #expect(page.items.allSatisfy { $0.name == "Anna Lind" })
                next = page.next
            } while next != nil
            #expect(seen == (0..<23).reversed().map { "bell \($0)" })
        }
    }

    /// Messages of one customer, each later than the one before.
    private func say(_ texts: [String], _ stage: Stage, to channel: Channel, every pause: Duration) async throws {
        for text in texts {
            try await stage.deliver(
                [stage.event(.message, text, id: "m\(stage.chance.next())", name: "Anna Lind")], to: channel)
            stage.clock.advance(by: pause)
        }
    }

    @Test(arguments: Backend.all)
    func `what says the words most and little else comes first, alike on both engines`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            let texts = [
                "bell bell bell", "bell and chain", "a bell bell for a bicycle that was bought last summer in Lund",
                """
                the order has a saddle, two tyres, a chain, a lamp, a lock, a pump, a basket, a stand, a mirror and, if there
                is one left in the shop, a bell
                """,
                "a saddle",
            ]
            // Those that say it least are the newest, so that no order of time gives the same.
            try await say(texts, stage, to: channel, every: .seconds(60))
            let tom = try await stage.agent(stage.tom)
            func found(_ question: String) async throws -> [String] {
                try await stage.search(question, for: tom, by: .relevance, in: stage.tenant).messages.items
                    .map(\.message.body)
            }
            let bells = try await found("bell")
            #expect(bells.first == texts[0] && bells.last == texts[3])
            #expect(Set(bells) == Set(texts.dropLast()))
            #expect(try await found("bell chain") == [texts[1], texts[3]])
            #expect(try await found("bicyc") == [texts[2]])
            // What is alike stands in the order of time.
            try await say(["lamp one", "lamp two", "lamp three"], stage, to: channel, every: .seconds(1))
            #expect(try await found("lamp").prefix(3) == ["lamp three", "lamp two", "lamp one"])
        }
    }

    @Test(arguments: Backend.all)
    func `pages by relevance give each match once, whatever is said between them, and say among how many`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            let texts = (0..<23).map { number in
                (["bell"] + (0..<number).map { "word\($0)" }).joined(separator: " ")
            }
            try await say(texts, stage, to: channel, every: .milliseconds(5))
            let tom = try await stage.agent(stage.tom)
            var seen: [String] = []
            var answer = try await stage.search("bell", for: tom, by: .relevance, limit: 10, in: stage.tenant)
            let asOf = answer.asOf
            seen += answer.messages.items.map(\.message.body)
            while let next = answer.messages.next {
                // Better than all, and too late for this search.
                stage.clock.advance(by: .seconds(1))
                try await say(["bell bell bell"], stage, to: channel, every: .seconds(1))
                answer = try await stage.search(
                    "bell", for: tom, by: .relevance, asOf: asOf, after: next, limit: 10, in: stage.tenant)
                #expect(answer.considered == 23 && !answer.isCut)
                seen += answer.messages.items.map(\.message.body)
            }
            #expect(Set(seen) == Set(texts) && seen.count == 23)
            #expect(seen.first == "bell" && seen.last == texts[22])
            var store = SearchStore(storage: stage.storage)
            store.ranked = 7
            let few = try await store.best(
                MessageWords("bell"), for: tom, asOf: asOf, after: nil, limit: 25, in: stage.tenant
            ).items
            // The newest seven are the longest seven; the best of them is the shortest.
            #expect(few.map(\.found.message.body) == Array(texts[16...]))
            #expect(few.allSatisfy { $0.considered == 7 })
        }
    }

    @Test(arguments: Backend.all)
    func `what was said years ago is found behind what was said today, page by page`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            var texts: [String] = []
            // Years, months, days and minutes back: one at least in each span of history.
            for (number, days) in [900, 400, 200, 60, 20, 3, 1, 1, 0].enumerated() {
                texts.append("bell \(number)")
                try await say([texts[number]], stage, to: channel, every: .seconds(Int64(days) * 86_400 + 60))
            }
            let newestFirst = Array(texts.reversed())
            #expect(try await found("bell", stage) == newestFirst)
            let tom = try await stage.agent(stage.tom)
            for limit in 1...4 {
                var seen: [String] = []
                var next: Cursor?
                repeat {
                    let page = try await stage.search("bell", for: tom, after: next, limit: limit, in: stage.tenant)
                        .messages
                    seen += page.items.map(\.message.body)
                    next = page.next
                } while next != nil
                #expect(seen == newestFirst, "\(limit) on a page")
            }
            let best = try await stage.search("bell", for: tom, by: .relevance, in: stage.tenant)
            #expect(best.messages.items.map(\.message.body) == newestFirst && best.considered == texts.count)
            var store = SearchStore(storage: stage.storage)
            for ranked in 1...texts.count {
                store.ranked = ranked
                let few = try await store.best(
                    MessageWords("bell"), for: tom, asOf: stage.clock.now(), after: nil, limit: 25, in: stage.tenant)
                #expect(few.items.map(\.found.message.body) == Array(newestFirst.prefix(ranked)))
            }
        }
    }

    @Test(arguments: Backend.all)
    func `tags are found by their words and named in a question`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            let id = try #require(
                try await stage.deliver([stage.event(.message, "A bell, please", id: "m1")], to: channel))
            try await stage.deliver(
                [stage.event(.message, "No bell", from: "ben", id: "m2", name: "Ben Ray")], to: channel)
            let tag = try await stage.office.conversations.makeTag("Big order", in: stage.tenant)
            try await stage.office.conversations.tag(id, with: tag.id, isOn: true, in: stage.tenant)
            await stage.office.tags.forget(in: stage.tenant)
            let tom = try await stage.agent(stage.tom)
            for order in SearchOrder.allCases {
                func found(_ question: String) async throws -> SearchAnswer {
                    try await stage.search(question, for: tom, by: order, in: stage.tenant)
                }
                #expect(try await found("bell").messages.items.count == 2)
                let tagged = try await found("tag:\"big order\" bell")
                #expect(tagged.messages.items.map(\.message.body) == ["A bell, please"])
                #expect(try await found("tag:nothing bell").messages.items.isEmpty)
                #expect(try await found("ord").tags == [tag])
                #expect(try await found("bell").tags.isEmpty)
                #expect(try await found("ray").contacts.map(\.name) == ["Ben Ray"])
            }
        }
    }

    @Test func `a question is taken apart into words and tags`() {
        let question = SearchQuestion("  red TAG:vip bell tag:\"Big  Order\" tag: tag:\"open")
        #expect(question.words == "red bell" && question.labels == ["vip", "big order", "open"])
        #expect(SearchQuestion("").words.isEmpty && SearchQuestion("nutag:x").words == "nutag:x")
    }

    @Test func `spans of history leave no time out and share none`() {
        let tenant = Tenant(ID(high: 1, low: 2))
        let now = Timestamp(microseconds: 1_795_000_000_000_000)
        let spans = SearchWindow.all(of: tenant, at: now)
        #expect(spans.first?.end == nil && spans.last?.start == nil)
        for (newer, older) in zip(spans, spans.dropFirst()) { #expect(newer.start == older.end) }
        let chance = SeededRandomness(seed: 5)
        for _ in 0..<20_000 {
            let time = now - .seconds(Int64(chance.below(700 * 86_400)))
            let id = ID<Message>(at: time, using: chance)
            let marks = MessageWords.marks(of: id, in: tenant).split(separator: " ").map(String.init)
            for span in spans {
                let isInside = span.start.map { id >= $0 } ?? true && span.end.map { id < $0 } ?? true
                // Whoever is inside is found by a mark; marks may reach further, ids decide.
                #expect(!isInside || !span.marks.filter(marks.contains).isEmpty)
            }
        }
    }

    /// SQLite has no statistics of an index of words: it is told in which order to join.
    @Test func `SQLite looks words up in their index, and messages by theirs`() async throws {
        try await Stage.with(.sqlite) { stage in
            let channel = try await stage.channel()
            try await say(["a bell"], stage, to: channel, every: .seconds(1))
            let tom = try await stage.agent(stage.tom)
            let recorded = RecordedStatements()
            stage.storage.setRecorder(recorded)
            for order in SearchOrder.allCases {
                _ = try await stage.search("bell", for: tom, by: order, in: stage.tenant)
            }
            stage.storage.setRecorder(nil)
            let searches = recorded.distinct.filter { $0.request.name.hasPrefix("search.") }
            #expect(searches.count == 2)
            for entry in searches {
                let plan = try await PlanInspector.steps(of: entry, on: stage.storage.driver)
                #expect(plan.contains { $0.contains("SCAN w VIRTUAL TABLE INDEX") }, "\(plan)")
                #expect(plan.contains { $0.contains("SEARCH m USING INDEX inbox_messages_by_id") }, "\(plan)")
                #expect(!plan.contains { $0.hasPrefix("SCAN m") || $0.hasPrefix("SCAN c") }, "\(plan)")
            }
        }
    }
}
