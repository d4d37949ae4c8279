import Foundation
import Testing

/// The daily screens without a mouse, and without a connection.
@Suite(.serialized) struct InboxKeysTests {
    private enum Key {
        static let enter = "\u{E007}"
        static let escape = "\u{E00C}"
        static let control = "\u{E009}"
    }

    private enum Bounds {
        static let scriptBytes = 50 * 1_024
        /// Rows among which a conversation that takes an answer is looked for.
        static let tries = 12
        static let rows = 60
        static let messages = 200
        /// Deliveries that a page makes at a time.
        static let batch = 20
    }

    private let toast = "[data-toast] > p"

    private func open(_ body: (Browser, Site) throws -> Void) throws {
        let site = try Site(.sqlite, environment: ["CAPSTAN_TOURNAMENT_BOT": "false"], options: ["--demo"])
        try site.server.start()
        let agent = try Browser(site: "http://127.0.0.1:\(site.server.port)")
        try agent.signIn("director@example.com", to: "/inbox")
        try agent.open("/inbox?view=all")
        try body(agent, site)
        #expect(try site.server.terminate() == 0)
    }

    private func badges(_ agent: Browser) throws -> String { try agent.text(".thread-state") ?? "" }

    /// Goes on until a thread is open that takes an answer.
    private func openAnswerable(_ agent: Browser) throws {
        try agent.press("j")
        try eventually("the first row to have the focus") {
            try agent.value("Boolean(document.activeElement.closest('[data-row]'))") as? Bool == true
        }
        try agent.press(Key.enter)
        try eventually("a thread to be open") { try agent.path().hasPrefix("/inbox/conversations/") }
        for _ in 0..<Bounds.tries where try agent.count("[data-send]") == 0 {
            let path = try agent.path()
            try agent.press("j")
            try eventually("the next thread to be open") { try agent.path() != path }
        }
        #expect(try agent.count("[data-send]") == 1)
        try ready(agent)
    }

    /// Waits until the page listens: who is here is told by the topic.
    private func ready(_ agent: Browser) throws {
        try eventually("the thread to be on line") {
            try agent.value("document.querySelector('[data-answer]') && document.readyState === 'complete'") as? Bool
                == true
        }
    }

    private func expectDone(_ said: String, _ agent: Browser) throws {
        try agent.wait(toast) { $0.hasPrefix(said) }
    }

    @Test func `a day's work is done with keys alone, and taken back`() throws {
        try open { agent, _ in
            try openAnswerable(agent)
            #expect((1...Bounds.scriptBytes).contains(try agent.scriptBytes()))
            let path = try agent.path()
            try agent.press("j")
            try eventually("the next thread") { try agent.path() != path }
            try agent.press("k")
            try eventually("the former thread") { try agent.path() == path }
            try ready(agent)

            // What is done says so, and is taken back.
            try agent.press("s")
            try expectDone("Put aside.", agent)
            try agent.wait(".thread-state") { $0.contains("asleep") }
            try agent.press("z")
            try expectDone("Undone.", agent)
            try eventually("the conversation to be awake") { try !badges(agent).contains("asleep") }
            try agent.press("e")
            try expectDone("Closed.", agent)
            try agent.wait(".thread-state") { $0.contains("closed") }
            try agent.press("z")
            try expectDone("Undone.", agent)
            try eventually("the conversation to be open") { try !badges(agent).contains("closed") }
            let holder = try agent.attribute("data-holder", of: "[data-thread]") ?? ""
            let me = try agent.attribute("data-person", of: "[data-frame]") ?? ""
            if holder != me {
                try agent.press("a")
                try expectDone("Assigned.", agent)
                try eventually("it to be mine") { try agent.attribute("data-holder", of: "[data-thread]") == me }
                try agent.press("z")
                try expectDone("Undone.", agent)
                try eventually("it to be who had it") {
                    try agent.attribute("data-holder", of: "[data-thread]") ?? "" == holder
                }
            }

            // The command bar knows everything by its words.
            try agent.press("k", holding: [Key.control])
            try agent.wait("#palette") { $0.contains("Close") }
            try agent.type("urgent", into: "[data-palette-input]")
            try agent.press(Key.enter)
            try expectDone("The priority is changed.", agent)
            try agent.press("?")
            try agent.wait("#shortcuts") { $0.contains("undo what was done last") }
            try agent.press(Key.escape)
            try writeAndTakeBack(agent)
            #expect(try agent.complaints() == [])
        }
    }

    /// A canned reply is found and used where one writes; an answer is sent, and taken back before it goes out.
    private func writeAndTakeBack(_ agent: Browser) throws {
        try agent.press("/")
        try agent.wait("[data-canned]") { $0.contains("/") }
        #expect(
            (try agent.value("document.activeElement === document.querySelector('[data-answer]')")) as? Bool == true)
        try agent.press(Key.enter)
        let text = "document.querySelector('[data-answer]').value"
        try eventually("the reply to be written out") {
            let written = try agent.value(text) as? String ?? ""
            return written.count > 5 && !written.hasPrefix("/")
        }
        let written = try #require(try agent.value(text) as? String)
        try agent.press(Key.enter, holding: [Key.control])
        try expectDone("It goes out in", agent)
        // The field has the focus: keys are letters there, until it is left.
        try agent.press(Key.escape)
        try agent.press("z")
        try expectDone("Taken back", agent)
        #expect((try agent.value(text) as? String)?.contains(written.prefix(20)) == true)
        try eventually("the message to be gone") { try agent.count(".message.is-gone") > 0 }
    }

    @Test func `without a connection one goes on writing, and everything is sent once it is back, in order`() throws {
        try open { agent, _ in
            try openAnswerable(agent)
            try agent.connect(false)
            try agent.wait("[data-lost]", for: .seconds(30)) {
                $0.contains(#/Connection lost since \d{1,2}:\d{2}/#) && $0.contains("Go on writing")
            }
            let letters = ["The first of two, written in the dark.", "The second, and still no light."]
            let mine =
                "[...document.querySelectorAll('[data-messages] .message')].filter((item) => item.dataset.client)"
            for letter in letters {
                try agent.type(letter, into: "[data-answer]")
                try agent.press(Key.enter, holding: [Key.control])
                try eventually("“\(letter)” to wait") {
                    let marks = try agent.value("\(mine).map((item) => item.querySelector('[data-mark]').textContent)")
                    return (marks as? [String])?.last == "waits for the connection"
                }
            }
            #expect(try agent.value("\(mine).length") as? Int == 2)
            try agent.connect(true)
            try eventually("the bar to be gone", for: .seconds(60)) { try agent.text("[data-lost]") == nil }
            try eventually("both to be with the server", for: .seconds(60)) {
                try agent.value("\(mine).every((item) => item.dataset.message && item.dataset.sequence)") as? Bool
                    == true
            }
            // The server's own word: both are there, once each, in the order in which they were written.
            try agent.open(try agent.path())
            let bodies = "[...document.querySelectorAll('[data-messages] [data-body]')].map((part) => part.textContent)"
            let shown = try agent.value(bodies) as? [String] ?? []
            #expect(shown.filter(letters.contains) == letters, "\(shown)")
        }
    }

    // MARK: Much

    /// Delivers so many messages as Telegram does, one after the other; `chat` and `text` are expressions over `place`.
    private func deliver(_ count: Int, to chat: String, saying text: String, _ agent: Browser) throws {
        // A few at a time: a browser gives up a script that takes half a minute.
        for start in stride(from: 0, to: count, by: Bounds.batch) {
            let end = min(count, start + Bounds.batch)
            let script = """
                (async () => {
                    let refused = 0;
                    for (let place = \(start); place < \(end); place += 1) {
                        const [chat, number] = [\(chat), window.update++];
                        const from = { id: chat, is_bot: false, first_name: `Customer ${chat}` };
                        const message = { message_id: number, date: Math.floor(Date.now() / 1000), from, text: \(text),
                            chat: { id: chat, type: "private" } };
                        const answer = await fetch(window.hook, { method: "POST",
                            body: JSON.stringify({ update_id: number, message }), headers: {
                                "content-type": "application/json", "x-telegram-bot-api-secret-token": "not-guessed" } });
                        refused += answer.ok ? 0 : 1;
                    }
                    return refused;
                })()
                """
            #expect(try agent.value(script.replacing("\n", with: " ")) as? Int == 0)
        }
    }

    /// Connects a bot whose secret the page knows.
    private func connect(_ agent: Browser) throws -> String {
        let script = """
            fetch("/api/inbox/channels", { method: "POST", headers: { "content-type": "application/json" },
                body: JSON.stringify({ kind: "telegram", account: "987654", name: "Much", signingSecrets: ["not-guessed"], accessToken: "987654:x" }) })
                .then((answer) => answer.json()).then((made) => made.hook)
            """
        return try #require(try agent.value(script.replacing("\n", with: " ")) as? String)
    }

    @Test func `a list keeps sixty rows and a thread two hundred messages, whatever comes`() throws {
        try open { agent, _ in
            let hook = try connect(agent)
            func know(_ update: Int) throws {
                _ = try agent.value("(window.hook = '\(hook)') && (window.update = \(update))")
            }
            try know(1)
            try deliver(80, to: "1000 + place", saying: "`Hello from ${place}`", agent)
            try eventually("the last of eighty to be in the list", for: .seconds(60)) {
                try agent.text("[data-rows]")?.contains("Hello from 79") == true
            }
            #expect((26...Bounds.rows).contains(try agent.count("[data-rows] [data-row]")))

            let row =
                "[...document.querySelectorAll('[data-row] a')].find((row) => /Customer 1079/.test(row.textContent))"
            let path = try #require(try agent.value("\(row).getAttribute('href')") as? String)
            try agent.open(path)
            try ready(agent)
            try know(5_000)
            try deliver(260, to: "1079", saying: "`Line ${place}`", agent)
            let last =
                "[...document.querySelectorAll('[data-messages] .message.theirs [data-body]')].at(-1).textContent"
            try eventually("the last line to be shown", for: .seconds(90)) {
                try agent.value(last) as? String == "Line 259"
            }
            let messages = try agent.count("[data-messages] .message")
            #expect((100...Bounds.messages).contains(messages), "\(messages)")

            // What was taken out above is fetched again, and what is below leaves for it.
            _ = try agent.value("document.querySelector('[data-older] a').scrollIntoView()")
            try agent.click("[data-older] a")
            try eventually("older lines to be shown") {
                try agent.value(last) as? String != "Line 259"
            }
            #expect(try agent.count("[data-messages] .message") <= Bounds.messages)
            try agent.click("[data-to-end]")
            try eventually("the newest to be shown again") { try agent.value(last) as? String == "Line 259" }
        }
    }
}
