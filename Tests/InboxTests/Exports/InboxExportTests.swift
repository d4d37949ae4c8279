import Base
import InboxVendors
import Storage
import StorageBackends
import StorageTestKit
import Testing
import Web
import WebTestKit

@testable import Inbox

@Suite(.databases) struct InboxExportTests {
    @Test(arguments: Backend.all)
    func `an export holds each row once, ends with its count, and goes on behind any row`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            for number in 0..<450 {
                try await stage.deliver(
                    [stage.event(.message, "Hi, \"\(number)\"", from: "u\(number)", id: "m\(number)")], to: channel)
            }
            let other = try await stage.channel(account: "theirs", in: stage.other)
            try await stage.deliver([stage.event(.message, "Not ours", id: "x")], to: other, in: stage.other)
            let site = try await stage.site()
            let admin = try await stage.session(stage.tom, .admin, on: site)
            for kind in ["contacts", "conversations", "messages"] {
                let whole = try await site.get("/api/inbox/exports/\(kind)", headers: [admin])
                let lines = whole.text.split(separator: "\r\n").map(String.init)
                #expect(whole.status == 200 && lines.count == 452, "\(kind): \(lines.count)")
                #expect(lines.last?.hasPrefix("# rows=450 sha256=") == true)
                let ids = lines.dropFirst().dropLast().compactMap { $0.split(separator: ",").first.map(String.init) }
                #expect(Set(ids).count == 450 && ids == ids.sorted())
                #expect(!whole.text.contains("Not ours"))
                let rest = try await site.get("/api/inbox/exports/\(kind)?after=\(ids[399])", headers: [admin])
                #expect(rest.text.contains("# rows=50 ") && !rest.text.contains(ids[399]))
            }
            let agent = try await stage.session(stage.priya, on: site)
            #expect(
                try await site.get("/api/inbox/exports/messages", headers: [agent]).problemCode == "inbox.notAllowed")
        }
    }
}
