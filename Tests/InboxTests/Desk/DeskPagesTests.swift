import Base
import BaseTestKit
import Foundation
import InboxVendors
import Storage
import StorageBackends
import StorageTestKit
import Testing
import Web
import WebTestKit

@testable import Inbox

/// The daily screens as a browser without script uses them: on real rows, by forms.
@Suite(.databases) struct DeskPagesTests {
    private func location(_ answer: PerformedAnswer) throws -> String {
        #expect(answer.status == 303, "\(answer.text.prefix(400))")
        return try #require(answer["location"])
    }

    @Test(arguments: Backend.all)
    func `an owner without channels is offered four connections and a chat to try, which works at once`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend, adapters: Stage.onlyWidget) { stage in
            let site = try await stage.pages()
            let owner = try await stage.browser(stage.tom, .owner, on: site)
            let empty = try await owner.get(Addresses.base)
            try expectSound(empty)
            for kind in ChannelKind.allCases {
                #expect(empty.text.contains("href=\"\(ChannelPaths.connect(kind))\""), "\(kind)")
            }
            #expect(empty.text.contains("action=\"\(DemoChannelRoutes.path)\""))
            let agent = try await stage.browser(stage.priya, on: site)
            let refused = try await agent.send([], to: DemoChannelRoutes.path, from: "/inbox/replies")
            #expect(try location(refused) == "/inbox?said=inbox.notAllowed")
            let path = try location(try await owner.send([], to: DemoChannelRoutes.path, from: Addresses.base))
            let made = try #require(try await stage.office.channels.channels(in: stage.tenant).first)
            #expect(made.kind == .widget && made.isBotFirst && path == "/inbox/channels/\(made.id)?said=demoConnected")
            let page = try await owner.get(path)
            try expectSound(page)
            #expect(page.text.contains("href=\"/inbox/widget/\(made.id)\""))
            #expect(try await site.get("/inbox/widget/\(made.id)").status == 200)
        }
    }

    @Test(arguments: Backend.all)
    func `an inbox without channels offers them, and each view is a page with two statements`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let site = try await stage.pages()
            let tom = try await stage.browser(stage.tom, on: site)
            let empty = try await tom.get(Addresses.base)
            try expectSound(empty)
            #expect(empty.text.contains("No channels yet") && empty.text.contains("once an owner"))
            #expect(!empty.text.contains(DemoChannelRoutes.path))
            let channel = try await stage.channel()
            for number in 0..<30 {
                try await stage.deliver(
                    [
                        stage.event(
                            .message, "<b>bold</b> \(number)", from: "user\(number)", id: "m\(number)",
                            name: "<b>bold</b> Ada \(number)")
                    ], to: channel)
                stage.clock.advance(by: .seconds(1))
            }
            for view in ConversationView.Name.allCases {
                let page = try await tom.get("\(Addresses.base)?view=\(view.rawValue)")
                try expectSound(page)
                #expect(tom.statements <= 2, "\(view): \(tom.statements)")
            }
            let all = try await tom.get("\(Addresses.base)?view=all")
            #expect(all.text.matches(of: /data-row="[0-9a-f-]+"/).count == 25)
            #expect(all.text.contains("&lt;b&gt;bold&lt;/b&gt; Ada 29"))
            let next = try #require(all.text.firstMatch(of: /rel="next" href="([^"]+)"/)).1
            let second = try await tom.get(String(next).replacing("&amp;", with: "&"))
            try expectSound(second)
            #expect(second.text.matches(of: /data-row="[0-9a-f-]+"/).count == 5)
            #expect(second.text.contains("Ada 0<") && !second.text.contains("Ada 29<"))
        }
    }

    @Test(arguments: Backend.all)
    func `a thread is read, answered, assigned, put aside, tagged and closed by forms alone`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            let id = try #require(
                try await stage.deliver(
                    [stage.event(.message, "Do you <b>bold</b> sell bells?", id: "m1", name: "Anna Berg")], to: channel)
            )
            let site = try await stage.pages()
            let tom = try await stage.browser(stage.tom, on: site)
            _ = try await stage.agent(stage.priya)
            let page = Addresses.conversation(id) + "?view=all"
            let shown = try await tom.get(page)
            try expectSound(shown)
            #expect(tom.statements <= 11, "\(tom.statements)")
            #expect(shown.text.contains("Do you &lt;b&gt;bold&lt;/b&gt; sell bells?"))
            #expect(shown.text.contains("answer within"), "the window is counted down")
            func send(_ verb: String, _ fields: [(String, String)] = []) async throws -> String {
                try location(
                    try await tom.send(fields, to: Addresses.conversation(id, verb) + "?view=all", from: page))
            }
            #expect(try await send("read", [("sequence", "1")]).hasPrefix(Addresses.conversation(id)))
            #expect(try await stage.unread(id, by: stage.tom) == 0)
            let sent = try await send("reply", [("body", "We do!"), ("seen", "1"), ("clientId", "c-1")])
            #expect(sent.contains("said=queued"))
            let answered = try await tom.get(sent)
            try expectSound(answered)
            #expect(answered.text.contains("We do!") && answered.text.contains("Take back"))
            let message = try #require(try await stage.thread(id).first { $0.role == .agent })
            let back = try await tom.send(
                [], to: "/inbox/messages/\(message.id)/withdraw?conversation=\(id)&view=all", from: page)
            #expect(try location(back).contains("said=withdrawn"))
            #expect(try await send("note", [("body", "Ask Leo")]).contains("said=noted"))
            #expect(
                try await send("assign", [("assignee", stage.priya.description), ("from", stage.tom.description)])
                    .contains("said=assigned"))
            #expect(try await stage.head(id).assigneeID == stage.priya)
            let mine = [("assignee", stage.tom.description), ("from", "")]
            #expect(try await send("assign", mine).contains("said=inbox.alreadyAssigned"))
            #expect(
                try await send("assign", [("assignee", ""), ("from", stage.priya.description)])
                    .contains("was=\(stage.priya)&said=unassigned"))
            #expect(try await send("priority", [("priority", "3")]).contains("said=prioritised"))
            let team = try await stage.office.teams.make(TeamDesk.TeamDraft(name: "Workshop"), in: stage.tenant)
            #expect(try await send("team", [("teamId", team.id.description)]).contains("said=teamChanged"))
            #expect(try await stage.head(id).teamID == team.id)
            #expect(try await send("team", [("teamId", id.description)]).contains("said=inbox.notFound"))
            #expect(try await tom.get(page).text.contains(">Workshop</option>"))
            #expect(try await send("team").contains("said=teamChanged"))
            #expect(try await send("tag", [("label", "bells")]).contains("said=tagged"))
            #expect(try await send("tag").contains("said=chooseTag"))
            let closed = try await send("close")
            #expect(closed.contains("said=closed"))
            let after = try await tom.get(closed)
            try expectSound(after)
            #expect(after.text.contains("Was that a mistake?") && after.text.contains("bells"))
            #expect(try await send("reply", [("body", "Too late")]).contains("said=inbox.conversationClosed"))
            #expect(try await tom.get(page).text.contains(">Too late</textarea>"), "what was refused is a draft")
            #expect(try await send("open").contains("said=opened"))
            #expect(try await send("snooze", [("hours", "24")]).contains("said=snoozed"))
            #expect(try await stage.head(id).state == .snoozed)
            #expect(try await send("unread", [("sequence", "1")]).contains("said=unread"))
            #expect(try await stage.unread(id, by: stage.tom) == 1)
            try await stage.checkTruth()
        }
    }

    @Test(arguments: Backend.all)
    func `an answer that is later stands in the thread, and the clock of its author counts`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            let id = try #require(try await stage.deliver([stage.event(.message, "Hi", id: "m1")], to: channel))
            let site = try await stage.pages()
            let tom = try await stage.browser(stage.tom, on: site)
            let page = Addresses.conversation(id)
            let day = CalendarDay(of: stage.clock.now() + .seconds(86_400), in: .gmt)
            let sent = try await tom.send(
                [("body", "Good morning"), ("at", "\(day)T09:30"), ("offset", "-120")],
                to: Addresses.conversation(id, "schedule"), from: page)
            #expect(try location(sent).contains("said=scheduled"))
            let waiting = try await stage.office.scheduled.store.waiting(in: id, of: stage.tenant)
            #expect(waiting.first?.dueAt == Timestamp("\(day)T07:30:00Z"))
            let shown = try await tom.get(page)
            try expectSound(shown)
            #expect(shown.text.contains("Good morning") && shown.text.contains("Do not send"))
            let refused = try await tom.send(
                [("body", "When?"), ("at", "soon")], to: Addresses.conversation(id, "schedule"), from: page)
            #expect(try location(refused).contains("said=inbox.timeInvalid"))
            let later = try #require(waiting.first)
            let cancelled = try await tom.send(
                [], to: "/inbox/scheduled/\(later.id)/cancel?conversation=\(id)", from: page)
            #expect(try location(cancelled).contains("said=cancelled"))
        }
    }

    @Test(arguments: Backend.all)
    func `what could not be sent says why and is sent again; deleted and edited words say so`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            let id = try #require(
                try await stage.deliver(
                    [stage.event(.message, "First", id: "m1"), stage.event(.message, "Second", id: "m2")], to: channel))
            try await stage.deliver(
                [stage.event(.edit, "First, mended", id: "m1"), stage.event(.deletion, id: "m2")], to: channel)
            stage.vendor.answer([.refusedForGood(SendRefusal(.blocked, code: "551"))])
            let message = try await stage.answer("Hello?", to: id, of: channel)
            try await stage.office.sending.send(id, in: stage.tenant)
            let site = try await stage.pages()
            let tom = try await stage.browser(stage.tom, on: site)
            let page = Addresses.conversation(id)
            let shown = try await tom.get(page)
            try expectSound(shown)
            #expect(shown.text.contains("The customer does not want to be written to."))
            #expect(shown.text.contains("First, mended") && shown.text.contains("edited"))
            #expect(shown.text.contains("Deleted by the customer.") && !shown.text.contains(">Second<"))
            let again = try await tom.send([], to: "/inbox/messages/\(message.id)/retry?conversation=\(id)", from: page)
            #expect(try location(again).contains("said=retried"))
            try await stage.office.sending.send(id, in: stage.tenant)
            #expect(stage.vendor.sent.count == 1)
        }
    }

    @Test(arguments: Backend.all)
    func `contacts are listed, found, changed, compared, merged as chosen and parted again by forms`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            let telegram = try await stage.channel(.telegram, account: "bot")
            try await stage.deliver(
                [stage.event(.message, "Hi", id: "m1", name: "Ánna <b>bold</b> Berg")], to: channel)
            try await stage.deliver(
                [stage.event(.message, "Hello", from: "a7", id: "t1", name: "anna_b")], to: telegram)
            let anna = try #require(try await stage.conversation(of: "anna", at: channel)).contactID
            let other = try #require(try await stage.conversation(of: "a7", at: telegram)).contactID
            let site = try await stage.pages()
            let tom = try await stage.browser(stage.tom, on: site)
            let list = try await tom.get(Addresses.contacts)
            try expectSound(list)
            #expect(tom.statements == 1 && list.text.contains("anna_b"))
            let change = [
                ("name", "Anna Berg"), ("email", " Anna@Example.org "), ("phone", "00351 21 234"),
                ("fields", "size: 54\nnonsense"),
            ]
            let changed = try await tom.send(
                change, to: Addresses.contact(anna, "change"), from: Addresses.contact(anna))
            #expect(try location(changed).contains("said=changed"))
            let kept = try await stage.office.contacts.contact(anna, in: stage.tenant)
            #expect(kept.email == "anna@example.org" && kept.phone == "+35121234" && kept.fields == ["size": "54"])
            _ = try await tom.send(
                [("name", "A. Berg"), ("email", "anna@example.org"), ("phone", "912")],
                to: Addresses.contact(other, "change"), from: Addresses.contact(other))
            for words in ["berg", "BÉRG", "anna@", "351212"] {
                let found = try await tom.get("\(Addresses.contacts)?q=\(Query.encoded(words))")
                #expect(found.text.contains(Addresses.contact(anna)), "\(words)")
                #expect(tom.statements == 1)
            }
            #expect(try await tom.get("\(Addresses.contacts)?q=nobody").text.contains("Nobody is found"))
            let page = try await tom.get(Addresses.contact(anna))
            try expectSound(page)
            #expect(tom.statements <= 5 && page.text.contains("the same e-mail address"))
            let compare = try await tom.get("\(Addresses.contact(anna, "merge"))?with=\(other)")
            try expectSound(compare)
            #expect(compare.text.contains("value=\"phone\"") && !compare.text.contains("value=\"email\""))
            let merged = try await tom.send(
                [("from", other.description), ("choose", "phone")], to: Addresses.contact(anna, "merge"),
                from: "\(Addresses.contact(anna, "merge"))?with=\(other)")
            #expect(try location(merged).contains("said=merged"))
            let one = try await stage.office.contacts.contact(anna, in: stage.tenant)
            #expect(one.phone == "912" && one.name == "Anna Berg")
            let joined = try await tom.get(Addresses.contact(anna))
            try expectSound(joined)
            #expect(joined.text.contains(">Hello<") && joined.text.contains("Undo the merge"))
            let merge = try #require(joined.text.firstMatch(of: /name="merge" value="([^"]+)"/)).1
            let undone = try await tom.send(
                [("merge", String(merge))], to: Addresses.contact(anna, "undo"), from: Addresses.contact(anna))
            #expect(try location(undone).contains("said=undone"))
            let same = try await stage.office.contacts.contact(anna, in: stage.tenant)
            #expect(same.phone == kept.phone && same.email == kept.email && same.fields == kept.fields)
            #expect(try await stage.conversation(of: "a7", at: telegram)?.contactID == other)
        }
    }

    @Test(arguments: Backend.all)
    func `all history is searched with filters, and what is found opens at its message`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            let telegram = try await stage.channel(.telegram, account: "bot")
            let id = try #require(
                try await stage.deliver(
                    [stage.event(.message, "A brass bell", id: "m1", name: "Anna Berg")], to: channel))
            try await stage.deliver([stage.event(.message, "A silver bell", from: "leo", id: "t1")], to: telegram)
            _ = try await stage.answer("The bell is sold", to: id, of: channel)
            let site = try await stage.pages()
            let tom = try await stage.browser(stage.tom, on: site)
            try expectSound(try await tom.get(Addresses.search))
            func found(_ query: String) async throws -> Int {
                let page = try await tom.get("\(Addresses.search)?q=bell\(query)")
                try expectSound(page)
                #expect(tom.statements <= 2)
                return page.text.matches(of: /class="found-body/).count
            }
            #expect(try await found("") == 3)
            #expect(try await found("&role=customers") == 2)
            #expect(try await found("&role=agents&person=\(stage.tom)") == 1)
            #expect(try await found("&channel=\(telegram.id)") == 1)
            #expect(try await found("&since=2099-01-01") == 0)
            let page = try await tom.get("\(Addresses.search)?q=brass")
            let link = try #require(page.text.firstMatch(of: /<a href="(\/inbox\/conversations[^"#]+)/)).1
            let opened = try await tom.get(String(link).replacing("&amp;", with: "&"))
            try expectSound(opened)
            #expect(link.contains("at=1") && opened.text.contains("id=\"m1\""))
            #expect(try await tom.get("\(Addresses.search)?q=berg").text.contains("Anna Berg"))
        }
    }

    @Test func `a suggestion is put where one writes, and only while nobody has answered`() async throws {
        try await Stage.with(.sqlite) { stage in
            let channel = try await stage.channel()
            let id = try #require(try await stage.deliver([stage.event(.message, "When?", id: "m1")], to: channel))
            let suggestion = Suggestion(
                conversationID: id, afterSequence: 1, body: "At nine.",
                sources: [AnswerSource(passage: "p", title: "Hours", heading: "Weekdays")], madeAt: stage.clock.now())
            try await stage.office.answering.store.suggest(
                suggestion, through: stage.storage.writer(for: stage.tenant), in: stage.tenant)
            let site = try await stage.pages()
            let tom = try await stage.browser(stage.tom, on: site)
            let shown = try await tom.get(Addresses.conversation(id))
            try expectSound(shown)
            #expect(shown.text.contains("Hours, Weekdays") && !shown.text.contains(">At nine.</textarea>"))
            let used = try await tom.get(Addresses.conversation(id) + "?use=suggestion")
            #expect(used.text.contains(">At nine.</textarea>"))
            _ = try await stage.answer("At ten, today", to: id, of: channel)
            #expect(try await !tom.get(Addresses.conversation(id)).text.contains("The bot suggests"))
        }
    }

    @Test(arguments: Backend.all)
    func `another company's conversations and contacts are not there`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel(in: stage.other)
            let theirs = try #require(
                try await stage.deliver([stage.event(.message, "Hi", id: "m1")], to: channel, in: stage.other))
            let contact = try #require(try await stage.conversations(in: stage.other).first).contactID
            let own = try await stage.channel(account: "ours")
            let ours = try #require(try await stage.deliver([stage.event(.message, "Hi", id: "m1")], to: own))
            let site = try await stage.pages()
            let tom = try await stage.browser(stage.tom, .owner, on: site)
            #expect(try await tom.get(Addresses.conversation(theirs)).status == 404)
            #expect(try await tom.get(Addresses.contact(contact)).status == 404)
            let sent = try await tom.send(
                [("body", "Hello")], to: Addresses.conversation(theirs, "note"), from: Addresses.conversation(ours))
            #expect(try location(sent).contains("said=inbox.notFound"))
        }
    }
}
