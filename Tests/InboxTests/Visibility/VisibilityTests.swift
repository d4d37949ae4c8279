import Base
import InboxVendors
import Realtime
import RealtimeTestKit
import Storage
import StorageBackends
import StorageTestKit
import Testing
import Web
import WebTestKit

@testable import Inbox

@Suite(.databases) struct VisibilityTests {
    @Test(arguments: Backend.all)
    func `a channel that names its agents is theirs alone: in lists, threads, searches and badges`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let open = try await stage.channel()
            let closed = try await stage.channel(.telegram, account: "bot")
            let everybodys = try #require(
                try await stage.deliver([stage.event(.message, "An open bell", id: "m1")], to: open))
            let secret = try #require(
                try await stage.deliver([stage.event(.message, "A secret bell", from: "leo", id: "t1")], to: closed))
            let (office, tenant) = (stage.office, stage.tenant)
            _ = try await stage.agent(stage.tom)
            try await office.visible.set([stage.priya], for: closed.id, in: tenant)
            let tom = try await stage.agent(stage.tom)
            let priya = try await stage.agent(stage.priya)
            let ines = try await office.agents.agent(stage.tom, .owner, in: tenant)
            func listed(_ agent: Agent) async throws -> Set<ID<Conversation>> {
                Set(
                    try await office.threads.page(ConversationView(), for: agent, after: nil, in: tenant).items
                        .map(\.head.id))
            }
            #expect(try await listed(tom) == [everybodys])
            #expect(try await listed(priya) == [everybodys, secret])
            #expect(try await listed(ines) == [everybodys, secret])
            #expect(try await office.conversations.store.badges(of: tom, in: tenant).all == 1)
            #expect(
                try await stage.search("bell", for: tom, limit: 9, in: tenant).messages.items
                    .map(\.message.body) == ["An open bell"])
            await #expect(throws: InboxError.self) {
                _ = try await office.threads.conversation(secret, for: tom, in: tenant)
            }
            #expect(try await office.visible.channels(to: tom, in: tenant).map(\.id) == [open.id])
            let site = try await stage.pages()
            let browser = try await stage.browser(stage.tom, on: site)
            #expect(try await browser.get(Addresses.conversation(secret)).status == 404)
            for (method, path, body) in [
                ("GET", "messages", ""), ("POST", "closing", ""), ("POST", "takeover", ""), ("PUT", "assignee", "{}"),
                ("POST", "notes", #"{"body":"x"}"#), ("PATCH", "", #"{"priority":1}"#), ("GET", "suggestion", ""),
                (
                    "POST", "messages",
                    #"{"channelId":"\#(closed.id)","body":"Hello","clientId":"c1","seen":1}"#
                ),
            ] {
                let content = body.isEmpty ? [] : [(name: "content-type", value: "application/json")]
                let end = path.isEmpty ? "" : "/\(path)"
                let answer = try await site.request(
                    method, "/api/inbox/conversations/\(secret)\(end)", headers: content + [browser.session],
                    body: Array(body.utf8))
                #expect(answer.status == 404, "\(method) \(path): \(answer.status) \(answer.text)")
            }
            #expect(try await stage.thread(secret).count == 1)
            // Nobody named: it is everybody's again, at once.
            try await office.visible.set([], for: closed.id, in: tenant)
            #expect(try await listed(try await stage.agent(stage.tom)) == [everybodys, secret])
        }
    }

    @Test(arguments: Backend.all)
    func `only administrators say for whom a channel is`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            let site = try await stage.site()
            func set(_ seat: Seat, _ id: String) async throws -> PerformedAnswer {
                try await site.request(
                    "PUT", "/api/inbox/channels/\(id)/agents",
                    headers: [
                        try await stage.session(stage.tom, seat, on: site), ("content-type", "application/json"),
                    ], body: Array(#"{"agents":["\#(stage.priya)"]}"#.utf8))
            }
            #expect(try await set(.agent, channel.id.description).problemCode == "inbox.notAllowed")
            #expect(try await set(.admin, stage.tom.description).problemCode == "inbox.notFound")
            #expect(try await set(.admin, channel.id.description).status == 204)
            #expect(try await stage.office.visible.agents(in: stage.tenant) == [channel.id: [stage.priya]])
            #expect(try await stage.office.visible.agents(in: stage.other).isEmpty)
        }
    }

    @Test(arguments: Backend.all)
    func `topics of a channel are open to those who see it`(backend: Backend) async throws {
        try await Stage.with(backend, isLive: true) { stage in
            try stage.realtime.declare(stage.office.topics.kinds)
            let open = try await stage.channel()
            let closed = try await stage.channel(.telegram, account: "bot")
            let secret = try #require(
                try await stage.deliver([stage.event(.message, "Secret", from: "leo", id: "t1")], to: closed))
            try await stage.office.visible.set([stage.priya], for: closed.id, in: stage.tenant)
            func visitor(_ person: ID<Person>, _ role: Role) -> TopicVisitor {
                TopicVisitor(
                    tenant: stage.tenant, person: person, role: role.rawValue,
                    seat: person.cast(to: ID<TopicSeat>.self))
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await stage.realtime.run() }
                defer { group.cancelAll() }
                let tom = try await Listener(at: stage.realtime, as: visitor(stage.tom, .member))
                #expect(try await tom.join("inbox/conversation/\(secret)").error != nil)
                #expect(try await tom.join("inbox/list/all").error != nil)
                #expect(try await tom.join("inbox/list/\(closed.id)").error != nil)
                #expect(try await tom.join("inbox/list/\(open.id)").error == nil)
                let priya = try await Listener(at: stage.realtime, as: visitor(stage.priya, .member))
                #expect(try await priya.join("inbox/conversation/\(secret)").error == nil)
                #expect(try await priya.join("inbox/list/all").error == nil)
                let owner = try await Listener(at: stage.realtime, as: visitor(Stage.person(9), .administrator))
                #expect(try await owner.join("inbox/list/all").error == nil)
            }
        }
    }
}
