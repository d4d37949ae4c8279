import Base
import BaseTestKit
import Foundation
import InboxVendors
import Retrieval
import Storage
import StorageBackends
import StorageTestKit
import Telemetry
import Testing
import Web
import WebTestKit

@testable import Inbox

@Suite(.databases) struct WidgetTests {
    @Test(arguments: Backend.all)
    func `a visitor writes once however often it is sent, and reads what is theirs to see`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend, adapters: Stage.onlyWidget) { stage in
            let channel = try await stage.widget()
            let guest = try Guest(channel, on: try await stage.site())
            #expect(try await guest.open().status == 200)
            // Nobody is somebody before they have said something.
            #expect(try await stage.conversations().isEmpty)
            for most in [2, 1] {
                #expect(try await guest.send("Have you got helmets?", "c1").status == 202)
                #expect(backend.name == "postgres" ? guest.statements == most : guest.statements <= 3)
            }
            try await stage.work(off: guest)
            let head = try await stage.conversation(of: guest)
            _ = try await stage.office.conversations.note(
                "A regular", mentioning: [], on: head.id, clientID: nil, by: stage.tom, in: stage.tenant)
            _ = try await stage.answer("Yes, in three sizes.", to: head.id, of: channel)
            // What can still be taken back is not theirs to see.
            #expect(try await guest.bodies() == ["Have you got helmets?"])
            let before = try await guest.thread()
            try await stage.office.sending.send(head.id, in: stage.tenant)
            #expect(try await guest.bodies() == ["Have you got helmets?", "Yes, in three sizes."])
            #expect(guest.statements == 2)
            // Who slept meanwhile goes on where nothing was open.
            #expect(try await guest.bodies(after: try #require(before["next"] as? Int)) == ["Yes, in three sizes."])
            let lines = try #require(try await guest.thread()["messages"] as? [[String: Any]])
            #expect(lines.map { $0["from"] as? String } == ["visitor", "agent"])
            #expect(lines[0]["clientId"] as? String == "c1" && lines[1]["name"] as? String == "Tom")
            try await stage.checkTruth()
        }
    }

    @Test(arguments: Backend.all)
    func `only pages on the list of origins let visitors in, exactly`(backend: Backend) async throws {
        try await Stage.with(backend, adapters: Stage.onlyWidget) { stage in
            let channel = try await stage.widget()
            let site = try await stage.site()
            func code(_ shop: String, origin: String? = "https://inbox.test") async throws -> String? {
                let answer = try await Guest(channel, on: site).open(on: shop, origin: origin)
                return answer.status == 200 ? nil : answer.problemCode
            }
            #expect(try await code("https://shop.example") == nil)
            #expect(try await code("https://inbox.test") == nil, "our own pages show it to whoever sets it up")
            for shop in [
                "https://evil-shop.example", "https://shop.example.evil.example", "http://shop.example",
                "https://shop.example:8443", "https://SHOP.example", "null", "https://shop.example/",
            ] {
                #expect(try await code(shop) == "inbox.originRefused", "\(shop)")
            }
            // A script of another site is no frame of ours, whatever it says of where it stands.
            #expect(try await code("https://shop.example", origin: "https://evil.example") == "inbox.originRefused")
            #expect(try await code("https://shop.example", origin: nil) == "inbox.originRefused")
            #expect(try await code("https://shop.example", origin: "https://shop.example") == nil)
            let other = try await stage.channel(.widget, account: "bare")
            #expect(try await Guest(other, on: site).open().problemCode == "inbox.originRefused")
        }
    }

    @Test(arguments: Backend.all)
    func `a known user is believed by the company's word alone, and nobody's history becomes theirs`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend, adapters: Stage.onlyWidget) { stage in
            let channel = try await stage.widget()
            let site = try await stage.site()
            let expires = stage.clock.now().microseconds / 1_000_000 + 3_600
            func word(_ user: String, _ secret: String = "the shop's secret", until: Int64? = nil) -> [String: Any] {
                let until = until ?? expires
                return [
                    "userId": user, "userExpires": until,
                    "userSignature": WidgetIdentity.signature(userId: user, expires: until, with: Secret(secret)),
                ]
            }
            let guest = try Guest(channel, on: site)
            try await guest.open()
            _ = try await guest.send("I am nobody", "c1")
            try await stage.work(off: guest)
            let anonymous = guest.token
            #expect(try await guest.open(word("anna", "a guess")).problemCode == "inbox.identityInvalid")
            #expect(try await guest.open(word("anna", until: 1)).problemCode == "inbox.identityInvalid")
            #expect(
                try await guest.open(word("anna", until: expires + 86_400 * 30)).problemCode == "inbox.identityInvalid")
            let known = try await guest.open(word("anna"))
            #expect(known.status == 200 && guest.token != anonymous)
            #expect(try Guest.json(known)["isKnown"] as? Bool == true)
            #expect(try await guest.bodies().isEmpty)
            _ = try await guest.send("It is me", "c1")
            try await stage.work(off: guest)
            // The same user in another browser reads on; another user does not.
            let phone = try Guest(channel, on: site)
            try await phone.open(word("anna"))
            #expect(try await phone.bodies() == ["It is me"])
            let other = try Guest(channel, on: site)
            try await other.open(word("ben"))
            #expect(try await other.bodies().isEmpty)
            // The word's end is the session's end.
            stage.clock.advance(by: .seconds(3_601))
            #expect(try await guest.send("Still me?", "c2").problemCode == "inbox.visitorInvalid")
        }
    }

    @Test(arguments: Backend.all)
    func `ten new visitors of an address group and twenty messages of a visitor a minute, and no more`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend, adapters: Stage.onlyWidget) { stage in
            let channel = try await stage.widget()
            let site = try await stage.site()
            let first = try Guest(channel, on: site, from: "2001:db8:1:2::1")
            try await first.open()
            for number in 2...10 {
                let guest = try Guest(channel, on: site, from: "2001:db8:1:2::\(number)")
                #expect(try await guest.open().status == 200)
            }
            let late = try Guest(channel, on: site, from: "2001:db8:1:2::ffff")
            let refused = try await late.open()
            #expect(refused.status == 429 && refused["retry-after"] != nil)
            // Whoever is known already is let in, and so is who comes from elsewhere.
            #expect(try await first.open().status == 200)
            #expect(try await Guest(channel, on: site, from: "2001:db8:1:3::1").open().status == 200)
            var statuses: [Int] = []
            for number in 0..<22 { statuses.append(try await first.send("Hi", "c\(number)").status) }
            #expect(statuses.count { $0 == 202 } == 20 && statuses.suffix(2) == [429, 429])
            stage.clock.advance(by: .seconds(61))
            #expect(try await first.send("Again", "c99").status == 202)
            #expect(try await late.open().status == 200)
        }
    }

    @Test(arguments: Backend.all)
    func `a token of one widget is none of another's, of a company or of two`(backend: Backend) async throws {
        try await Stage.with(backend, adapters: Stage.onlyWidget) { stage in
            let one = try await stage.widget()
            let two = try await stage.widget(account: "widget-2")
            let foreign = try await stage.widget(in: stage.other, account: "widget-3")
            let site = try await stage.site()
            let guest = try Guest(one, on: site)
            try await guest.open()
            _ = try await guest.send("Hello", "c1")
            try await stage.work(off: guest)
            let thief = try Guest(two, on: site)
            thief.token = guest.token
            #expect(try await thief.send("Hello", "c1").problemCode == "inbox.visitorInvalid")
            #expect(try await thief.ask("GET", "/messages?channel=\(two.id)").problemCode == "inbox.visitorInvalid")
            #expect(try await Guest(foreign, on: site).open().problemCode == "inbox.notFound")
            thief.token = "\(try #require(guest.token).dropLast(2))AA"
            #expect(try await thief.ask("GET", "/messages?channel=\(one.id)").problemCode == "inbox.visitorInvalid")
            let messenger = try await stage.office.channels.route(.widget, account: "widget-3")
            #expect(messenger?.tenant == stage.other)
        }
    }

    @Test(arguments: Backend.all)
    func `the bot answers with its sources, and a button gives the word to people for good`(
        backend: Backend
    ) async throws {
        let model = PlayedModel()
        try await Stage.with(backend, provider: model, adapters: Stage.onlyWidget) { stage in
            var policy = BotPolicy()
            policy.threshold = 0.2
            _ = try await stage.office.answering.set(policy, by: stage.tom, in: stage.tenant)
            let document = try await stage.office.knowledge.add(
                Array("Opening hours. We open at nine and close at six from Monday to Friday.".utf8), as: .text,
                titled: "Hours",
                by: stage.tom, in: stage.tenant)
            try await stage.office.knowledge.index(document.id, in: stage.tenant)
            let channel = try await stage.widget(isBotFirst: true)
            let guest = try Guest(channel, on: try await stage.site())
            try await guest.open()
            _ = try await guest.send("When do you open on Monday?", "c1")
            try await stage.work(off: guest)
            let head = try await stage.conversation(of: guest)
            stage.clock.advance(by: .seconds(2))
            try await stage.office.bot.turn(head.id, in: stage.tenant)
            try await stage.office.sending.send(head.id, in: stage.tenant)
            let lines = try #require(try await guest.thread()["messages"] as? [[String: Any]])
            #expect(lines.map { $0["from"] as? String } == ["visitor", "bot"])
            let sources = try #require(lines[1]["sources"] as? [[String: Any]])
            #expect(sources.map { $0["title"] as? String } == ["Hours"])
            // While the bot thinks about the next one, the visitor asks for a person.
            _ = try await guest.send("And when do you close on Monday?", "c2")
            try await stage.work(off: guest)
            stage.clock.advance(by: .seconds(2))
            let place = channel.id.description
            let (token, shop) = (guest.token, guest.site)
            model.meanwhile {
                let answer = try await Guest.handOver(token, place, site: shop)
                #expect(answer == 204)
            }
            try await stage.office.bot.turn(head.id, in: stage.tenant)
            #expect(try await stage.head(head.id).bot == .waiting)
            #expect(try await stage.thread(head.id).count { $0.role == .bot } == 1)
            let waiting = try await guest.thread()
            #expect((waiting["state"] as? [String: Any])?["answering"] as? String == "waiting")
            #expect(waiting["place"] as? Int == 1 && guest.statements == 3)
            let second = try Guest(channel, on: guest.site)
            try await second.open()
            _ = try await second.send("A person, please", "c1")
            stage.clock.advance(by: .seconds(5))
            try await stage.work(off: second)
            _ = try await second.ask("POST", "/hand-over", ["channel": place])
            #expect(try await second.thread()["place"] as? Int == 2)
        }
    }

    @Test(arguments: Backend.all)
    func `what is told before the first message makes a contact, and fills only what is empty`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend, adapters: Stage.onlyWidget) { stage in
            let channel = try await stage.widget()
            let guest = try Guest(channel, on: try await stage.site())
            try await guest.open(["name": "Ana", "email": "ANA@example.com", "locale": "pt-PT"])
            _ = try await guest.send("Olá", "c1")
            try await stage.work(off: guest)
            let head = try await stage.conversation(of: guest)
            #expect(head.contactName == "Ana" && head.pointID.isVisitor)
            let contact = try await stage.office.contacts.contact(head.contactID, in: stage.tenant)
            #expect(contact.email == "ana@example.com" && contact.locale == "pt-PT")
            try await guest.open(["name": "Somebody else", "phone": "+351 21"])
            let after = try await stage.office.contacts.contact(head.contactID, in: stage.tenant)
            #expect(after.name == "Ana" && after.email == "ana@example.com" && after.phone == "+351 21")
        }
    }

    @Test(arguments: Backend.all)
    func `a rating is taken once a conversation is closed, for that closing`(backend: Backend) async throws {
        let ratings = Shared<[WidgetRating]>([])
        var reach = Stage.reach()
        reach.rating = { rating, _ in ratings.withLock { $0.append(rating) } }
        try await Stage.with(backend, adapters: Stage.onlyWidget, reach: reach) { stage in
            let channel = try await stage.widget()
            let guest = try Guest(channel, on: try await stage.site())
            try await guest.open()
            _ = try await guest.send("Hello", "c1")
            try await stage.work(off: guest)
            let head = try await stage.conversation(of: guest)
            func rate(_ score: Int) async throws -> PerformedAnswer {
                try await guest.ask(
                    "POST", "/ratings", ["channel": channel.id.description, "score": score, "text": " Good "])
            }
            #expect(try await rate(5).status == 404)
            _ = try await stage.office.conversations.close(head.id, by: stage.tom, in: stage.tenant)
            #expect(try await rate(6).problemCode == "web.invalidInput")
            #expect(try await rate(4).status == 204)
            let given = try #require(ratings.withLock { $0 }.first)
            #expect(given.score == 4 && given.text == "Good" && given.closing == 1 && given.conversation == head.id)
        }
    }
}

extension Guest {
    /// The button, as another tab presses it.
    static func handOver(_ token: String?, _ channel: String, site: TestSite) async throws -> Int {
        try await site.request(
            "POST", "/api/inbox/widget/hand-over",
            headers: [
                ("host", "inbox.test"), ("content-type", "application/json"), (WidgetRoutes.header, token ?? ""),
            ], body: Array("{\"channel\":\"\(channel)\"}".utf8)
        ).status
    }
}
