import Base
import BaseTestKit
import Foundation
import Storage
import StorageBackends
import StorageTestKit
import Telemetry
import Testing
import Web
import WebTestKit

@testable import Discovery

@Suite(.databases) struct ListAPITests {
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
                method, "/api/discovery" + path, headers: content + [session], body: Array(body.utf8))
            return (answer, try #require(site.records.last).cost[.statements])
        }
    }

    @Test(arguments: Backend.all)
    func `statements: three to add and to move, two for a board, one for pages and the dashboard`(
        backend: Backend
    ) async throws {
        try await ListStage.with(backend) { stage in
            try await stage.makeCreators(0..<120)
            let site = try await stage.site()
            let mara = Caller(site: site, session: try await stage.session(stage.mara, on: site))
            func cost(_ method: String, _ path: String, _ body: String = "", status: Int = 200) async throws -> Int {
                let (answer, statements) = try await mara.ask(method, path, body)
                #expect(answer.status == status, "\(method) \(path): \(answer.text)")
                return statements
            }
            let made = try json(try await mara.ask("POST", "/lists", #"{"name":"Autumn shortlist"}"#).0)
            let list = try #require(made["id"] as? String)
            let ids = (0..<100).map { "\"\(stage.creatorID($0))\"" }.joined(separator: ",")
            #expect(try await cost("POST", "/lists/\(list)/entries", "{\"creatorIds\":[\(ids)]}", status: 201) == 3)
            #expect(try await cost("GET", "/lists/\(list)/board") == 2)
            let board = try json(try await mara.ask("GET", "/lists/\(list)/board").0)
            let buckets = try #require(board["buckets"] as? [[String: Any]])
            #expect(buckets.compactMap { $0["entries"] as? Int } == [100, 0, 0, 0])
            let cards = try #require(buckets[0]["cards"] as? [[String: Any]])
            #expect(cards.count == 25)
            let card = try #require(cards[3]["id"] as? String)
            #expect(try await cost("PATCH", "/entries/\(card)", #"{"bucket":"shortlist","rank":"V"}"#) == 3)
            #expect(try await cost("GET", "/lists/\(list)/entries?bucket=shortlist") == 1)
            #expect(try await cost("GET", "/lists/\(list)/entries?limit=50") == 1)
            #expect(try await cost("GET", "/lists") == 1)
            #expect(try await cost("PUT", "/lists/\(list)/star", status: 204) == 1)
            #expect(try await cost("GET", "/dashboard") == 1)
            #expect(try await cost("GET", "/dashboard") == 0)
            #expect(
                try await cost(
                    "PATCH", "/lists/\(list)/entries", "{\"entryIds\":[\"\(card)\"],\"bucket\":\"booked\"}") <= 4)
            let creator = try #require(cards[5]["creatorId"] as? String)
            let entry = try #require(cards[5]["id"] as? String)
            #expect(
                try await cost(
                    "POST", "/creators/\(creator)/contacts", "{\"channel\":\"email\",\"entryId\":\"\(entry)\"}",
                    status: 201) == 5)
            #expect(try await cost("DELETE", "/entries/\(entry)", status: 204) == 4)
            #expect(
                try await cost("POST", "/notes", "{\"listId\":\"\(list)\",\"text\":\"Ask for fees.\"}", status: 201)
                    <= 2)
            #expect(try await cost("GET", "/notes?listId=\(list)") <= 2)
            #expect(try await cost("GET", "/activities?listId=\(list)") <= 2)
            #expect(try await cost("POST", "/campaigns", #"{"name":"Spring"}"#, status: 201) == 2)
            #expect(try await cost("GET", "/campaigns") == 1)
            let wish = #"{"keywords":["trail running"],"platforms":["tiktok"],"every":"day"}"#
            #expect(try await cost("POST", "/saved-searches", wish, status: 201) == 2)
            #expect(try await cost("GET", "/saved-searches") == 1)
            #expect(try await cost("POST", "/lists/\(list)/links", "{}", status: 201) == 4)
            #expect(try await cost("PATCH", "/lists/\(list)", #"{"name":"Winter"}"#) <= 4)
            let id = try #require(ID<CreatorList>(list))
            try await stage.checkTotals(of: id)
        }
    }

    @Test(arguments: Backend.all)
    func `who may not is told so, and who does not see a list learns nothing of it`(backend: Backend) async throws {
        try await ListStage.with(backend) { stage in
            try await stage.makeCreators(0..<5)
            let site = try await stage.site()
            let jonas = Caller(site: site, session: try await stage.session(stage.jonas, on: site))
            let sam = Caller(site: site, session: try await stage.session(stage.sam, on: site))
            let secret = try await stage.makeList("Secret", visibility: .private)
            let open = try await stage.makeList("Open")
            let entry = "{\"creatorIds\":[\"\(stage.creatorID(1))\"]}"
            for (method, path, body) in [
                ("GET", "/lists/\(secret.id)", ""), ("GET", "/lists/\(secret.id)/board", ""),
                ("GET", "/lists/\(secret.id)/entries", ""), ("POST", "/lists/\(secret.id)/entries", entry),
                ("PATCH", "/lists/\(secret.id)", #"{"name":"Mine"}"#), ("DELETE", "/lists/\(secret.id)", ""),
                ("PUT", "/lists/\(secret.id)/star", ""), ("POST", "/lists/\(secret.id)/links", "{}"),
                ("POST", "/lists/\(secret.id)/duplicates", "{}"), ("GET", "/notes?listId=\(secret.id)", ""),
                ("GET", "/lists/\(secret.id)/members", ""),
            ] {
                let (answer, _) = try await jonas.ask(method, path, body)
                #expect(answer.status == 404 && answer.problemCode == "discovery.notFound", "\(method) \(path)")
            }
            #expect(!(try await jonas.ask("GET", "/lists").0.text.contains("Secret")))
            let export = "{\"source\":\"list\",\"sourceId\":\"\(secret.id)\"}"
            #expect(try await jonas.ask("POST", "/exports", export).0.status == 404)
            let viewer = try await sam.ask("POST", "/lists/\(open.id)/entries", entry).0
            #expect(viewer.status == 403 && viewer.problemCode == "discovery.notAllowed")
            #expect(try await sam.ask("GET", "/lists/\(open.id)/board").0.status == 200)
            // An editor works on it; who sees it and whether it stays is for owners.
            #expect(try await jonas.ask("POST", "/lists/\(open.id)/entries", entry).0.status == 201)
            let archive = try await jonas.ask("PATCH", "/lists/\(open.id)", #"{"isArchived":true}"#).0
            #expect(archive.problemCode == "discovery.notAllowed")
            let mara = Caller(site: site, session: try await stage.session(stage.mara, on: site))
            let last = try await mara.ask("DELETE", "/lists/\(open.id)/members/\(stage.mara.person)").0
            #expect(last.status == 422 && last.problemCode == "discovery.listInvalid")
            #expect(
                try await mara.ask(
                    "PUT", "/lists/\(secret.id)/members/\(stage.jonas.person)", #"{"role":"viewer"}"#
                ).0.status == 204)
            #expect(try await jonas.ask("GET", "/lists/\(secret.id)").0.status == 200)
            #expect(
                try await jonas.ask("POST", "/lists/\(secret.id)/entries", entry).0.problemCode
                    == "discovery.notAllowed")
            #expect(try await mara.ask("PATCH", "/lists/\(open.id)", #"{"isArchived":true}"#).0.status == 200)
            #expect(
                try await jonas.ask("POST", "/lists/\(open.id)/entries", entry).0.problemCode == "discovery.listBusy")
            #expect(try await mara.ask("DELETE", "/lists/\(open.id)").0.status == 204)
            #expect(try await mara.ask("GET", "/lists/\(open.id)").0.status == 404)
        }
    }

    @Test(arguments: Backend.all)
    func `nothing of one workspace is reached from another, by request, cursor, export or link`(
        backend: Backend
    ) async throws {
        try await ListStage.with(backend) { stage in
            try await stage.makeCreators(0..<40)
            try await stage.makeCreators(0..<40, in: stage.other)
            let list = try await stage.makeList("Ours")
            _ = try await stage.room.entries.add(
                (0..<40).map(stage.creatorID), to: list.id, by: stage.mara, in: stage.tenant)
            let (room, theirs) = (stage.room, stage.other)
            // The same person has a seat in both workspaces.
            let asker = stage.mara
            func refused(_ body: () async throws -> Void) async -> Bool {
                do {
                    try await body()
                    return false
                } catch let error as DiscoveryError {
                    return error.code == .notFound
                } catch let error as StorageError { return error.code == .invalidCursor } catch { return false }
            }
            #expect(await refused { _ = try await room.lists.board(list.id, for: asker, in: theirs) })
            #expect(
                await refused {
                    _ = try await room.entries.add([stage.creatorID(1)], to: list.id, by: asker, in: theirs)
                })
            let page = try await room.entries.store.page(
                of: list.id, for: asker, after: nil, limit: 10, in: stage.tenant)
            #expect(
                try await room.entries.store.page(of: list.id, for: asker, after: nil, limit: 10, in: theirs)
                    .items.isEmpty)
            #expect(
                await refused {
                    _ = try await room.entries.store.page(
                        of: list.id, for: asker, after: page.next, limit: 10, in: theirs)
                }, "a cursor is of one workspace")
            #expect(
                await refused {
                    _ = try await room.entries.store.page(
                        of: list.id, bucket: "backlog", for: asker, after: page.next, limit: 10, in: stage.tenant)
                }, "a cursor is of one order")
            let card = page.items[0].entry.id
            #expect(
                await refused { _ = try await room.entries.move(card, to: "booked", rank: nil, by: asker, in: theirs) })
            #expect(await refused { _ = try await room.entries.remove([card], from: list.id, by: asker, in: theirs) })
            #expect(await refused { try await room.entries.pin(card, true, by: asker, in: theirs) })
            var wish = ExportDesk.Wish(source: .list, id: list.id.cast(to: ID<ExportSource>.self))
            #expect(await refused { _ = try await room.exports.order(wish, by: asker, in: theirs) })
            wish.isInline = false
            guard case .queued(let export) = try await room.exports.order(wish, by: asker, in: stage.tenant) else {
                return
            }
            #expect(await refused { _ = try await room.exports.file(export.id, of: asker.person, in: theirs) })
            #expect(try await room.exports.steps.write(export.id, in: theirs) == .dropped)
            let (_, token) = try await room.links.create(for: list.id, days: 30, by: asker, in: stage.tenant)
            #expect(try await room.links.open(token, after: nil, in: stage.tenant).page.items.count == 40)
            #expect(await refused { _ = try await room.links.open(token, after: nil, in: theirs) })
            try await stage.checkTotals(of: list.id)
        }
    }
}
