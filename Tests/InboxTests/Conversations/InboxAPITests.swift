import Base
import BaseTestKit
import Foundation
import InboxVendors
import Storage
import StorageBackends
import StorageTestKit
import Telemetry
import Testing
import Web
import WebTestKit

@testable import Inbox

@Suite(.databases) struct InboxAPITests {
    private func json(_ answer: PerformedAnswer) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: Data(answer.text.utf8)) as? [String: Any])
    }

    /// Requests of one person, each with the number of statements it sent.
    private struct Caller {
        let site: TestSite
        let session: (name: String, value: String)

        func ask(_ method: String, _ path: String, _ body: String = "") async throws -> (PerformedAnswer, Int) {
            let content = body.isEmpty ? [] : [(name: "content-type", value: "application/json")]
            let answer = try await site.request(
                method, "/api/inbox" + path, headers: content + [session], body: Array(body.utf8))
            return (answer, try #require(site.records.last).cost[.statements])
        }
    }

    @Test(arguments: Backend.all)
    func `statements: one for a list, a thread and a cursor, two and one for an answer`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            for number in 0..<30 {
                try await stage.deliver(
                    [stage.event(.message, "Hi \(number)", from: "user\(number)", id: "m\(number)")], to: channel)
            }
            let site = try await stage.site()
            let tom = Caller(site: site, session: try await stage.session(stage.tom, .owner, on: site))
            func cost(_ method: String, _ path: String, _ body: String = "", status: Int = 200) async throws -> Int {
                let (answer, statements) = try await tom.ask(method, path, body)
                #expect(answer.status == status, "\(method) \(path): \(answer.text)")
                return statements
            }
            let isPostgres = backend.name == "postgres"
            for view in ConversationView.Name.allCases {
                #expect(try await cost("GET", "/conversations?view=\(view.rawValue)") == 1)
            }
            let list = try json(try await tom.ask("GET", "/conversations").0)
            let rows = try #require(list["conversations"] as? [[String: Any]])
            #expect(rows.count == 25 && list["next"] is String)
            let row = try #require(rows[0]["conversation"] as? [String: Any])
            let id = try #require(row["id"] as? String)
            // The row that a list needs stays small.
            #expect(try JSONSerialization.data(withJSONObject: row).count <= 1_024)
            #expect(try await cost("GET", "/conversations/\(id)") == 1)
            #expect(try await cost("GET", "/conversations/\(id)/messages") == 1)
            #expect(try await cost("PUT", "/conversations/\(id)/cursor", #"{"sequence":1}"#) == 1)
            #expect(try await cost("DELETE", "/conversations/\(id)/cursor?from=1") == 1)
            #expect(try await cost("GET", "/badges") == 1)
            #expect(try await cost("GET", "/badges") == 0)
            let answer = #"{"channelId":"\#(channel.id)","body":"Hello","clientId":"c1","seen":1}"#
            let reply = try await cost("POST", "/conversations/\(id)/messages", answer, status: 201)
            #expect(isPostgres ? reply == 3 : reply >= 3)
            let written = try json(try await tom.ask("GET", "/conversations/\(id)/messages").0)
            let own = try #require((written["messages"] as? [[String: Any]])?.last?["id"] as? String)
            let rewriting = try await cost("PATCH", "/messages/\(own)", #"{"body":"Hello again"}"#)
            #expect(isPostgres ? rewriting == 5 : rewriting >= 5)
            let closing = try await cost("POST", "/conversations/\(id)/closing")
            #expect(isPostgres ? closing == 4 : closing >= 4)
            #expect(try await cost("GET", "/channels") == 0)
            #expect(try await cost("GET", "/channels/\(channel.id)/health") == 1)
            #expect(try await cost("GET", "/channels/\(channel.id)/dead-letters") == 1)
            #expect(try await cost("GET", "/tags") == 1)
            for order in SearchOrder.allCases {
                // Messages, and contacts on the first page; the tags are known by now.
                _ = try await cost("GET", "/search?q=warm")
                #expect(try await cost("GET", "/search?q=hi&order=\(order.rawValue)") == 2)
                let search = try json(try await tom.ask("GET", "/search?q=hi&order=\(order.rawValue)&limit=10").0)
                #expect((search["found"] as? [Any])?.count == 10 && search["isCut"] as? Bool == false)
                #expect(search["considered"] as? Int == (order == .time ? nil : 30))
                let next = try #require(search["next"] as? String)
                let asOf = try #require(search["asOf"] as? String)
                let rest = "/search?q=hi&order=\(order.rawValue)&after=\(next)&asOf=\(asOf)"
                #expect(try await cost("GET", rest) == 1)
            }
            #expect(try await cost("PUT", "/conversations/\(id)/draft", #"{"body":"Dear"}"#, status: 204) == 1)
            #expect(try await cost("GET", "/conversations/\(id)/draft") == 1)
        }
    }

    @Test(arguments: Backend.all)
    func `a refusal says what has come meanwhile, who holds it, and what the seat allows`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            let id = try #require(try await stage.deliver([stage.event(.message, "Hi", id: "m1")], to: channel))
            let site = try await stage.site()
            let tom = Caller(site: site, session: try await stage.session(stage.tom, on: site))
            let priya = Caller(site: site, session: try await stage.session(stage.priya, on: site))
            func answer(_ caller: Caller, _ client: String, _ more: String = "") async throws -> PerformedAnswer {
                try await caller.ask(
                    "POST", "/conversations/\(id)/messages",
                    #"{"channelId":"\#(channel.id)","body":"from \#(client)","clientId":"\#(client)","seen":1\#(more)}"#
                ).0
            }
            #expect(try await answer(tom, "tom").status == 201)
            let moved = try await answer(priya, "priya")
            #expect(moved.status == 409 && moved.problemCode == "inbox.threadMoved")
            let messages = try #require(try json(moved)["messages"] as? [[String: Any]])
            #expect(messages.map { $0["body"] as? String } == ["from tom"])
            #expect(try await answer(priya, "priya", #","confirm":true"#).status == 201)
            let taken = try await priya.ask(
                "PUT", "/conversations/\(id)/assignee", #"{"assigneeId":"\#(stage.priya)"}"#
            ).0
            #expect(taken.problemCode == "inbox.alreadyAssigned")
            #expect(try json(taken)["holder"] as? String == stage.tom.description)
            let forbidden = try await tom.ask(
                "POST", "/channels", #"{"kind":"telegram","account":"b","name":"B","signingSecrets":["s"]}"#
            ).0
            #expect(forbidden.status == 403 && forbidden.problemCode == "inbox.notAllowed")
            let owner = Caller(site: site, session: try await stage.session(stage.tom, .owner, on: site))
            let made = try await owner.ask(
                "POST", "/channels",
                #"{"kind":"telegram","account":"b","name":"B","signingSecrets":["s"],"accessToken":"t0p-s3cret"}"#
            ).0
            #expect(made.status == 201 && !made.text.contains("t0p-s3cret"))
            #expect(try json(made)["hook"] as? String != nil)
        }
    }
}
