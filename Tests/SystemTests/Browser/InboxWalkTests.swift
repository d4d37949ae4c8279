import Foundation
import Testing

/// A conversation from the shop's page to the desk and back, with everything on the way that can go wrong for people.
@Suite(.serialized) struct InboxWalkTests {
    private enum Bounds {
        static let scriptBytes = 50 * 1_024
        static let rows = 60
    }

    private static let lines = "[data-part=lines] li"

    /// What the visitor sees, one line for each message.
    private func said(_ visitor: Browser) throws -> [String] {
        try visitor.value("[...document.querySelectorAll('\(Self.lines) .text')].map((part) => part.textContent)")
            as? [String] ?? []
    }

    private func say(_ text: String, _ visitor: Browser) throws {
        try visitor.type(text, into: "[data-part=text]")
        try visitor.click("[data-part=form] button[type=submit]")
        try eventually("“\(text)” to be in the visitor's thread", for: .seconds(30)) {
            try said(visitor).contains(text)
        }
    }

    /// What an agent sees in the thread that is open.
    private func thread(_ agent: Browser) throws -> [String] {
        try agent.value("[...document.querySelectorAll('[data-messages] [data-body]')].map((part) => part.textContent)")
            as? [String] ?? []
    }

    private func answer(_ text: String, _ agent: Browser) throws {
        try agent.type(text, into: "[data-answer]")
        try agent.click("[data-send]")
    }

    /// One: the shop's page holds the chat in a frame; what the documents know is answered with its source.
    private func ask(_ visitor: Browser) throws {
        try visitor.open("/inbox/shop")
        try visitor.enterFrame("iframe[title=Chat]")
        try visitor.click("[data-part=launch]")
        try visitor.wait("[data-part=panel] h1") { !$0.isEmpty }
        if try visitor.text("[data-part=about]") != nil { try visitor.click("[data-part=about] button[value=skip]") }
        // The workers read the demo's documents when it begins.
        try say("can I send the helmet back? It is too small.", visitor)
        try visitor.wait("\(Self.lines).bot .sources", for: .seconds(60)) { $0.contains("Returns") }
        let axe = try #require(ProcessInfo.processInfo.environment["CAPSTAN_TEST_AXE"], "set by Scripts/test")
        #expect(try visitor.violations(String(contentsOfFile: axe, encoding: .utf8)) == [])
    }

    /// Two: what nobody has written down is not guessed; a person is asked for, and the bot stays silent from then on.
    private func handOver(_ visitor: Browser) throws {
        try say("xylophone quartz zeppelin?", visitor)
        try visitor.wait("[data-part=waiting]", for: .seconds(60)) { $0.contains("A colleague will answer you here") }
        let bots = try visitor.count("\(Self.lines).bot")
        try say("hello, is anybody there?", visitor)
        _ = try visitor.value("new Promise((done) => setTimeout(() => done(true), 4000))")
        #expect(try visitor.count("\(Self.lines).bot") == bots, "a bot that has handed over says nothing more")
    }

    /// Three: two people open the thread, see each other, and both write; the second one is told before it is sent.
    private func meet(_ visitor: Browser, _ director: Browser, _ moderator: Browser) throws -> String {
        try director.signIn("director@example.com", to: "/inbox")
        try director.open("/inbox?view=unassigned")
        #expect(try director.count("[data-rows] [data-row]") <= Bounds.rows)
        #expect((1...Bounds.scriptBytes).contains(try director.scriptBytes()))
        let row =
            "[...document.querySelectorAll('[data-row] a')].find((row) => /is anybody there/.test(row.textContent))"
        try eventually("the visitor's conversation to wait for somebody") {
            try director.value("Boolean(\(row))") as? Bool == true
        }
        let path = try #require(try director.value("\(row).getAttribute('href')") as? String)
        try director.open(path)
        try eventually("the visitor's words to be there") { try thread(director).contains("hello, is anybody there?") }
        try moderator.signIn("moderator@example.com", to: "/inbox")
        try moderator.open(path)
        try director.wait("[data-viewers]") { !$0.isEmpty }
        try moderator.wait("[data-viewers]") { !$0.isEmpty }

        try moderator.type("I am on it", into: "[data-answer]")
        try director.wait("[data-typing]") { !$0.isEmpty }
        try director.type("Good morning! ", into: "[data-answer]")
        // Both write: each is told that the other one does.
        try moderator.wait("[data-lock]") { $0.contains("asked before yours goes out") }
        try answer("What may I look up for you?", director)
        try eventually("the answer to reach the visitor", for: .seconds(40)) {
            try said(visitor).contains("Good morning! What may I look up for you?")
        }
        return path
    }

    /// Four: the server dies while all three look at it; each goes on without a hole and without anything twice.
    private func survive(
        _ site: Site, _ visitor: Browser, _ director: Browser, _ moderator: Browser
    ) throws {
        try site.server.kill()
        try director.wait("[data-lost]", for: .seconds(60)) { $0.contains("lost") }
        try visitor.type("I have waited in the dark", into: "[data-part=text]")
        try visitor.click("[data-part=form] button[type=submit]")
        try site.server.start()
        try eventually("the director to see what was written meanwhile", for: .seconds(90)) {
            try thread(director).contains("I have waited in the dark")
        }
        try eventually("the line to be whole again", for: .seconds(30)) { try director.text("[data-lost]") == nil }
        try answer("So have we.", director)
        try eventually("the answer to reach the visitor", for: .seconds(60)) {
            try said(visitor).contains("So have we.")
        }
        try eventually("the moderator to see it too", for: .seconds(60)) {
            try thread(moderator).contains("So have we.")
        }
        let words = try said(visitor)
        #expect(Set(words).count == words.count, "nothing is shown twice: \(words)")
        for (name, agent) in [("director", director), ("moderator", moderator)] {
            let thread = try thread(agent)
            #expect(words.allSatisfy(thread.contains), "the \(name) misses \(Set(words).subtracting(thread))")
            let shared = thread.filter(Set(words).contains)
            #expect(shared == words, "the \(name) sees \(shared) for \(words)")
        }
    }

    @Test func `a visitor is answered by the bot, then by people, across the death of the server`() throws {
        // The shop is a page of the demo, whose customers go on writing meanwhile.
        let site = try Site(.sqlite, environment: ["CAPSTAN_TOURNAMENT_BOT": "false"], options: ["--demo"])
        try site.server.start()
        let address = "http://127.0.0.1:\(site.server.port)"
        let (visitor, director) = (try Browser(site: address), try Browser(site: address))
        let moderator = try Browser(site: address)
        try ask(visitor)
        try handOver(visitor)
        _ = try meet(visitor, director, moderator)
        #expect(try director.complaints() == [] && moderator.complaints() == [])
        try survive(site, visitor, director, moderator)
        #expect(try site.server.terminate() == 0)
    }
}
