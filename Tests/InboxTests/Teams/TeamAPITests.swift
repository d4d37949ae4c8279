import Base
import BaseTestKit
import Foundation
import InboxVendors
import StorageBackends
import StorageTestKit
import Telemetry
import Testing
import Web
import WebTestKit

@testable import Inbox

@Suite(.databases) struct TeamAPITests {
    @Test(arguments: Backend.all)
    func `statements: none for what is looked at often, one for reports, two for what is set up`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            let id = try #require(try await stage.deliver([stage.event(.message, "Hi", id: "m1")], to: channel))
            _ = try await stage.answer("Hello", to: id, of: channel)
            let site = try await stage.site()
            let owner = try await stage.session(stage.tom, .owner, on: site)
            func cost(_ method: String, _ path: String, _ body: String = "", status: Int = 200) async throws -> Int {
                let content = body.isEmpty ? [] : [(name: "content-type", value: "application/json")]
                let answer = try await site.request(
                    method, "/api/inbox" + path, headers: content + [owner], body: Array(body.utf8))
                #expect(answer.status == status, "\(method) \(path): \(answer.text)")
                return try #require(site.records.last).cost[.statements]
            }
            let week = Array(repeating: #"[{"from":540,"until":1080}]"#, count: 7).joined(separator: ",")
            let hours = #"{"name":"Usual","zone":"Europe/Lisbon","days":[\#(week)],"isUsual":true}"#
            #expect(try await cost("POST", "/hours", hours, status: 201) == 2)
            let team = #"{"name":"Support","members":[{"personId":"\#(stage.tom)","cap":5}]}"#
            #expect(try await cost("POST", "/teams", team, status: 201) == 3)
            #expect(try await cost("POST", "/teams", team, status: 409) >= 1)
            #expect(try await cost("POST", "/service-levels", #"{"name":"Usual","firstMinutes":10}"#, status: 201) == 1)
            #expect(
                try await cost(
                    "POST", "/replies", #"{"shortcut":"/hi","body":"Hi {contact}","isOwn":false}"#, status: 201) == 1)
            for path in ["/hours", "/teams", "/service-levels", "/replies?text=h"] {
                #expect(try await cost("GET", path) == 0)
            }
            try await stage.office.counts.fold()
            try await stage.office.promises.lookAtDue()
            try await stage.office.counts.fold()
            #expect(try await cost("GET", "/conversations/\(id)/clocks") == 1)
            #expect(try await cost("GET", "/ratings") == 1)
            for kind in Report.Kind.allCases {
                _ = try await cost("GET", "/reports/\(kind.rawValue)")
                #expect(try await cost("GET", "/reports/\(kind.rawValue)?days=365") == 1)
            }
            #expect(try await cost("GET", "/dashboard?days=90") == 1)
            #expect(try await cost("GET", "/dashboard?days=90") == 0)
            let file = try await site.request("GET", "/api/inbox/reports/bot/file", headers: [owner])
            #expect(file.status == 200)
            #expect(file.text.hasPrefix("day,botReplies,handOffs,closed,deflected,deflectedShare,tokens\r\n"))
            #expect(file.text.contains("# rows=1 sha256="))
        }
    }

    @Test(arguments: Backend.all)
    func `only administrators set up how a company works, and what breaks a rule is named`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let site = try await stage.site()
            let agent = try await stage.session(stage.tom, on: site)
            let admin = try await stage.session(stage.priya, .admin, on: site)
            let content = (name: "content-type", value: "application/json")
            func code(_ session: (name: String, value: String), _ path: String, _ body: String) async throws -> String?
            {
                try await site.request(
                    "POST", "/api/inbox" + path, headers: [content, session], body: Array(body.utf8)
                ).problemCode
            }
            let nowhere = #"{"name":"A","zone":"Moon/Base","days":[[],[],[],[],[],[],[]]}"#
            #expect(try await code(agent, "/teams", #"{"name":"A"}"#) == "inbox.notAllowed")
            #expect(try await code(agent, "/hours", nowhere) == "inbox.notAllowed")
            #expect(try await code(admin, "/hours", nowhere) == "inbox.settingInvalid")
            #expect(try await code(agent, "/service-levels", #"{"name":"A","firstMinutes":1}"#) == "inbox.notAllowed")
            #expect(try await code(admin, "/service-levels", #"{"name":"A"}"#) == "inbox.settingInvalid")
            let twice = #"{"personId":"\#(stage.tom)","cap":1}"#
            #expect(
                try await code(admin, "/teams", #"{"name":"A","members":[\#(twice),\#(twice)]}"#)
                    == "inbox.settingInvalid")
            let common = #"{"shortcut":"a","body":"b","isOwn":false}"#
            #expect(try await code(agent, "/replies", common) == "inbox.notAllowed")
        }
    }

    @Test func `a day's hours are read from what people write, and written so that they are read again`() throws {
        let spans = try #require(WeekPlan.spans("9-12:30, 14:00 – 18"))
        #expect(spans == [WeekPlan.Span(from: 540, until: 750), WeekPlan.Span(from: 840, until: 1_080)])
        #expect(WeekPlan.text(spans) == "9:00-12:30, 14:00-18:00")
        #expect(WeekPlan.spans(WeekPlan.text(spans)) == spans)
        #expect(WeekPlan.spans("") == [] && WeekPlan.spans("0-24") == [WeekPlan.Span(from: 0, until: 1_440)])
        for text in ["9", "9-", "nine-ten", "9:5-10", "25-26", "9-10-11"] { #expect(WeekPlan.spans(text) == nil) }
    }
}
