import Base
import BaseTestKit
import Blobs
import Foundation
import Storage
import StorageBackends
import StorageTestKit
import Telemetry
import Testing
import Web
import WebTestKit

@testable import Discovery

@Suite(.databases) struct ExportAPITests {
    private func json(_ answer: PerformedAnswer) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: Data(answer.text.utf8)) as? [String: Any])
    }

    @Test(arguments: Backend.all)
    func `a small file comes with the answer, its length and what tells that it is whole`(backend: Backend) async throws
    {
        try await ListStage.with(backend) { stage in
            try await stage.makeCreators(0..<1_001)
            let site = try await stage.site()
            let session = try await stage.session(stage.mara, on: site)
            let small = try await stage.makeSearch(0..<1_000)
            let body = "{\"source\":\"search\",\"sourceId\":\"\(small)\"}"
            let answer = try await site.post("/api/discovery/exports", json: body, headers: [session])
            #expect(answer.status == 201, "\(answer.text)")
            #expect(answer["content-type"] == "text/csv; charset=utf-8")
            #expect(answer["x-export-rows"] == "1000")
            #expect(answer["x-export-sha256"] == BlobHash(of: Array(answer.text.utf8)).description)
            #expect(answer["content-disposition"]?.contains("trail-running.csv") ?? false)
            #expect(answer.text.split(separator: "\r\n").count == 1_001)
            #expect(try #require(site.records.last).cost[.statements] <= 4)
            // It stands in the history and can be had again, also in parts.
            let id = try #require(answer["x-export-id"])
            let file = "/api/discovery/exports/\(id)/file"
            let again = try await site.get(file, headers: [session])
            #expect(again.text == answer.text && again["content-length"] == "\(answer.text.utf8.count)")
            #expect(try #require(site.records.last).cost[.statements] == 1)
            let part = try await site.get(file, headers: [session, ("range", "bytes=10-29")])
            #expect(part.status == 206 && part.text == String(answer.text.utf8.dropFirst(10).prefix(20)))
            let manifest = try json(try await site.get("/api/discovery/exports/\(id)/manifest", headers: [session]))
            #expect(manifest["rows"] as? Int == 1_000)
            #expect(manifest["sha256"] as? String == answer["x-export-sha256"])
            #expect((manifest["columns"] as? [String])?.first == "platform")
            #expect((manifest["mark"] as? [String]) == ["\(small):1000"])
            // Somebody else's file is none.
            let other = try await site.get(file, headers: [try await stage.session(stage.jonas, on: site)])
            #expect(other.status == 404)
            // One row more, and it is a job's.
            let large = try await stage.makeSearch(0..<1_001)
            let queued = try await site.post(
                "/api/discovery/exports", json: "{\"source\":\"search\",\"sourceId\":\"\(large)\"}", headers: [session])
            #expect(queued.status == 201)
            let told = try json(queued)
            #expect(told["state"] as? String == "queued" && told["rowsPlanned"] as? Int == 1_001)
            let running = try #require(told["id"] as? String)
            let early = try await site.get("/api/discovery/exports/\(running)/file", headers: [session])
            #expect(early.status == 409 && early.problemCode == "discovery.exportNotReady")
            let cancelled = try await site.request(
                "POST", "/api/discovery/exports/\(running)/cancellation", headers: [session])
            #expect(cancelled.status == 204)
            let list = try json(try await site.get("/api/discovery/exports", headers: [session]))
            #expect(
                (list["exports"] as? [[String: Any]])?.compactMap { $0["state"] as? String } == ["cancelled", "ready"])
            stage.clock.advance(by: .seconds(8 * 86_400))
            let fresh = try await stage.session(stage.mara, on: site)
            let over = try await site.get(file, headers: [fresh])
            #expect(over.status == 410 && over.problemCode == "discovery.exportExpired")
        }
    }
}
