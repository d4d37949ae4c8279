import Base
import BaseTestKit
import Blobs
import Foundation
import Hosting
import NIOCore
import Storage
import StorageBackends
import StorageTestKit
import Telemetry
import Testing
import Web
import WebTestKit

@testable import Tournament

@Suite(.databases) struct UploadTests {
    @Test(arguments: Backend.all)
    func `a clip is entered in the slot that is on, its bytes arrive once, and wait for the work`(backend: Backend)
        async throws
    {
        try await Atelier.with(backend) { atelier in
            let scene = try await atelier.stage.openSeason()
            let maker = try await atelier.someone("Mira Maker")
            let (id, url) = try await atelier.open(maker, "First light")
            var clip = try await atelier.clip(id)
            #expect(clip.state == .uploading && clip.slotID == scene.slots[0].id && clip.credit == "Mira Maker")
            #expect(try await atelier.site.get("/api/tournament/clips/\(id)").status == 404)
            let sent = try await atelier.send(Array(repeating: 1, count: 300_000), to: url)
            #expect(sent.status == 201 && sent.text.contains(#""bytes":300000"#))
            clip = try await atelier.clip(id)
            #expect(clip.state == .processing)
            #expect(try await atelier.entry(id).sourceBytes == 300_000)
            let again = try await atelier.send([2], to: url)
            #expect(again.status == 409 && again.problemCode == "tournament.uploadUsed")
            // What was looked at stays what it was.
            let info = try await atelier.blobs.head(UploadDesk.source(of: id), for: atelier.tenant)
            #expect(info?.size == ByteCount(300_000))
        }
    }

    @Test(arguments: Backend.all)
    func `of four clips of a maker in a slot three get in, however they race`(backend: Backend) async throws {
        try await Atelier.with(backend) { atelier in
            _ = try await atelier.stage.openSeason()
            let other = atelier.otherStudio()
            for round in 0..<6 {
                let maker = try await atelier.someone("Maker \(round)")
                let outcomes = await withTaskGroup(of: String.self) { group in
                    for number in 0..<4 {
                        let desk = number % 2 == 0 ? atelier.studio.uploads : other.uploads
                        group.addTask {
                            do {
                                let wish = UploadDesk.Wish(title: "Clip \(number)", genre: .horror)
                                _ = try await desk.open(wish, for: maker.id, in: atelier.tenant)
                                return "in"
                            } catch let problem as Problem {
                                return problem.code
                            } catch {
                                return "\(error)"
                            }
                        }
                    }
                    return await group.reduce(into: []) { $0.append($1) }
                }
                #expect(outcomes.sorted() == ["in", "in", "in", "tournament.clipLimit"], "round \(round)")
                let taken = try await atelier.number(
                    "test.places",
                    """
                    SELECT count(*) FROM clip_entries WHERE tenant_id = \(atelier.tenant)
                        AND person_id = \(maker.id) AND place IN (1, 2, 3)
                    """)
                #expect(taken == 3)
            }
        }
    }

    @Test(arguments: Backend.all)
    func `a place that is given back can be taken again, and a clip can take another's`(backend: Backend) async throws {
        try await Atelier.with(backend) { atelier in
            _ = try await atelier.stage.openSeason()
            let maker = try await atelier.someone("Maker")
            var ids: [ID<Clip>] = []
            for number in 0..<3 { ids.append(try await atelier.open(maker, "Clip \(number)").id) }
            let full = try await atelier.site.post(
                "/api/tournament/clips", json: #"{"title":"Fourth","genre":"drama"}"#, headers: [maker.session])
            #expect(full.status == 409 && full.problemCode == "tournament.clipLimit")
            #expect(try #require(full.text.firstMatch(of: /"limit":(\d)/)).1 == "3")
            // Five a minute are all that one person may enter.
            atelier.stage.clock.advance(by: .seconds(60))
            let fourth = try await atelier.open(maker, "Fourth", more: #","replaces":"\#(ids[1])""#)
            #expect(try await atelier.clip(ids[1]).state == .removed)
            #expect(try await atelier.entry(fourth.id).place == 2)
            let gone = try await atelier.site.request(
                "DELETE", "/api/tournament/clips/\(ids[0])", headers: [maker.session])
            #expect(gone.status == 204)
            #expect(try await atelier.entry(try await atelier.open(maker, "Fifth").id).place == 1)
            // A replacement that cannot be entered takes nothing away.
            let stranger = try await atelier.someone("Stranger")
            let foreign = try await atelier.site.post(
                "/api/tournament/clips", json: #"{"title":"Mine","genre":"drama","replaces":"\#(ids[2])"}"#,
                headers: [stranger.session])
            #expect(foreign.status == 404 && foreign.problemCode == "tournament.clipNotFound")
            #expect(try await atelier.clip(ids[2]).state == .uploading)
        }
    }

    @Test(arguments: Backend.all)
    func `what was promised is taken, and nothing else`(backend: Backend) async throws {
        try await Atelier.with(backend) { atelier in
            _ = try await atelier.stage.openSeason()
            let maker = try await atelier.someone("Maker")
            let film = try await TestFilm.short()
            let hash = BlobHash(of: film).description
            let (id, url) = try await atelier.open(maker, more: #","bytes":\#(film.count),"sha256":"\#(hash)""#)
            for wrong in [film + [0], Array(film.dropLast()), Array(film.dropLast()) + [film[film.count - 1] ^ 1]] {
                let refused = try await atelier.send(wrong, to: url)
                #expect(
                    refused.status == 422 && refused.problemCode == "tournament.clipInvalid"
                        || refused.status == 413, "\(refused.text)")
                #expect(try await atelier.clip(id).state == .uploading)
                #expect(try await atelier.objects() == [])
            }
            let other = url.replacing(hash, with: BlobHash(of: [1]).description)
            #expect(try await atelier.send([1], to: other).problemCode == "tournament.uploadInvalid")
            #expect(try await atelier.send(film, to: url).status == 201)
            #expect(try await atelier.send(film, to: url).problemCode == "tournament.uploadUsed")
            #expect(try await atelier.clip(id).state == .processing)
            let bad = try await atelier.site.post(
                "/api/tournament/clips",
                json: #"{"title":"A","genre":"drama","bytes":9,"sha256":"\#(String(repeating: "g", count: 64))"}"#,
                headers: [maker.session])
            #expect(bad.status == 400 && bad.text.contains("sha256"))
        }
    }

    @Test(arguments: Backend.all)
    func `bytes that are in the store when their time is over are taken, though nobody said so`(backend: Backend)
        async throws
    {
        try await Atelier.with(backend) { atelier in
            _ = try await atelier.stage.openSeason()
            let maker = try await atelier.someone("Maker")
            let (id, _) = try await atelier.open(maker)
            let film = try await TestFilm.short()
            _ = try await atelier.blobs.put(
                .key(UploadDesk.source(of: id)), for: atelier.tenant, BlobUpload(sizeMax: .mebibytes(50)),
                content: .init(bytes: film))
            atelier.stage.clock.advance(by: UploadRules.window + UploadRules.grace + .seconds(1))
            try await atelier.work()
            #expect(try await atelier.clip(id).state == .pending)
        }
    }

    @Test(arguments: Backend.all)
    func `an upload that nobody waits for is swept after a day, one that is waited for is not`(backend: Backend)
        async throws
    {
        try await Atelier.with(backend) { atelier in
            _ = try await atelier.stage.openSeason()
            let maker = try await atelier.someone("Maker")
            let waited = try await atelier.upload(try await TestFilm.short(), by: maker)
            let gone = ID<Clip>(high: 5, low: 6)
            func put(_ id: ID<Clip>) async throws {
                _ = try await atelier.blobs.put(
                    .key(UploadDesk.source(of: id)), for: atelier.tenant, BlobUpload(sizeMax: .bytes(9)),
                    content: .init(bytes: [1]))
            }
            try await put(gone)
            #expect(try await atelier.studio.sweep.sweep(atelier.tenant) == 0)
            atelier.stage.clock.advance(by: .seconds(86_401))
            try await put(ID(high: 5, low: 7))
            #expect(try await atelier.studio.sweep.sweep(atelier.tenant) == 1)
            #expect(
                try await atelier.objects()
                    == [UploadDesk.source(of: waited), UploadDesk.source(of: ID(high: 5, low: 7))].map(\.description)
                    .sorted())
        }
    }

    @Test(arguments: Backend.all)
    func `who was banned a moment ago enters nothing, whatever their session says`(backend: Backend) async throws {
        try await Atelier.with(backend) { atelier in
            _ = try await atelier.stage.openSeason()
            let maker = try await atelier.someone("Maker")
            try await atelier.ban(maker)
            let json = #"{"title":"A clip","genre":"drama"}"#
            let banned = try await atelier.site.post("/api/tournament/clips", json: json, headers: [maker.session])
            #expect(banned.status == 403 && banned.problemCode == "tournament.banned")
            #expect(try await atelier.site.post("/api/tournament/clips", json: json).status == 401)
            let nobody = try await atelier.stage.session(ID(high: 1, low: 99), role: .member, on: atelier.site)
            let unknown = try await atelier.site.post("/api/tournament/clips", json: json, headers: [nobody])
            #expect(unknown.status == 401 && unknown.problemCode == "tournament.signInRequired")
            try await atelier.stage.flags.set(
                "requireVerifiedUpload", to: FlagState(isEnabled: true), for: atelier.tenant)
            let plain = try await atelier.someone("Plain")
            let unverified = try await atelier.site.post("/api/tournament/clips", json: json, headers: [plain.session])
            #expect(unverified.status == 403 && unverified.problemCode == "tournament.notVerified")
        }
    }

    @Test(arguments: Backend.all)
    func `a slot that is frozen or closed takes no clip, and the next one is meant by default`(backend: Backend)
        async throws
    {
        try await Atelier.with(backend) { atelier in
            let scene = try await atelier.stage.openSeason()
            let maker = try await atelier.someone("Maker")
            atelier.stage.clock.advance(by: scene.slots[0].freezesAt - atelier.stage.clock.now())
            let (id, _) = try await atelier.open(maker)
            #expect(try await atelier.clip(id).slotID == scene.slots[1].id)
            let json = #"{"title":"Late","genre":"drama","slotId":"\#(scene.slots[0].id)"}"#
            let late = try await atelier.site.post("/api/tournament/clips", json: json, headers: [maker.session])
            #expect(late.status == 409 && late.problemCode == "tournament.slotClosed")
            // A node whose memory is old is corrected by the row.
            try await atelier.stage.storage.writer(for: atelier.tenant).execute(
                "test.close",
                "UPDATE slots SET state = 'locked' WHERE tenant_id = \(atelier.tenant) AND state = 'upcoming'")
            let stale = try await atelier.site.post(
                "/api/tournament/clips", json: #"{"title":"Stale","genre":"drama"}"#, headers: [maker.session])
            #expect(stale.status == 409 && stale.problemCode == "tournament.slotClosed")
        }
    }

    @Test(arguments: Backend.all)
    func `statements: five to enter, five to receive, six to take back, one for lists`(backend: Backend) async throws {
        try await Atelier.with(backend) { atelier in
            _ = try await atelier.stage.openSeason()
            let maker = try await atelier.someone("Maker")
            let moderator = try await atelier.someone("Mod", role: .moderator)
            _ = try await atelier.site.get("/api/tournament/feed")
            _ = try await atelier.site.get("/tournament/timetable")
            let (id, url) = try await atelier.open(maker)
            func last() throws -> Int { try #require(atelier.site.records.last).cost[.statements] }
            let entered = try last()
            #expect(entered == 5, "the last is the job")
            _ = try await atelier.send([1, 2, 3], to: url)
            let received = try last()
            #expect(received == 5, "the last is the job")
            _ = try await atelier.site.get("/api/tournament/clips/mine", headers: [maker.session])
            #expect(try last() == 1)
            _ = try await atelier.site.get("/api/tournament/clips/queue", headers: [moderator.session])
            #expect(try last() == 1)
            _ = try await atelier.site.get("/tournament/upload", headers: [maker.session])
            #expect(try last() == 0)
            _ = try await atelier.site.get("/tournament/desk/clips", headers: [moderator.session])
            #expect(try last() == 1)
            _ = try await atelier.site.request("DELETE", "/api/tournament/clips/\(id)", headers: [maker.session])
            let taken = try last()
            #expect(taken == 6, "the last is the job")
        }
    }

    @Test(arguments: Backend.all)
    func `an upload that is cut leaves nothing, and is sent again to the same address`(backend: Backend) async throws {
        try await Atelier.with(backend) { atelier in
            _ = try await atelier.stage.openSeason()
            let maker = try await atelier.someone("Maker")
            let (id, url) = try await atelier.open(maker)
            for announced in [1, 500, 70_000, 200_000] {
                let cut = try await atelier.site.request(
                    "PUT", url, headers: [], body: Array(repeating: 9, count: announced))
                // The first of them is whole; the others meet an address that was used.
                #expect(cut.status == (announced == 1 ? 201 : 409))
            }
            let (second, other) = try await atelier.open(maker)
            struct Torn: AsyncSequence, Sendable {
                struct Iterator: AsyncIteratorProtocol {
                    var left: Int
                    mutating func next() async throws -> ByteBuffer? {
                        guard left > 0 else { throw CancellationError() }
                        left -= 1
                        return ByteBuffer(repeating: 1, count: 40_000)
                    }
                }
                let pieces: Int
                func makeAsyncIterator() -> Iterator { Iterator(left: pieces) }
            }
            for pieces in 0..<12 {
                await #expect(throws: (any Error).self) {
                    _ = try await atelier.studio.uploads.receive(
                        second, from: Torn(pieces: pieces), length: nil, in: atelier.tenant)
                }
                #expect(try await atelier.blobs.head(UploadDesk.source(of: second), for: atelier.tenant) == nil)
                #expect(try await atelier.clip(second).state == .uploading)
            }
            #expect(try await atelier.send([1, 2, 3], to: other).status == 201)
            #expect(try await atelier.clip(second).state == .processing)
            _ = id
        }
    }

    @Test(arguments: Backend.all)
    func `a process that dies between the bytes and the row loses neither`(backend: Backend) async throws {
        try await Atelier.with(backend) { atelier in
            _ = try await atelier.stage.openSeason()
            let maker = try await atelier.someone("Maker")
            let (id, url) = try await atelier.open(maker)
            // All bytes are stored; the row was never told.
            _ = try await atelier.blobs.put(
                .key(UploadDesk.source(of: id)), for: atelier.tenant, BlobUpload(sizeMax: .mebibytes(1)),
                content: ByteBuffer(bytes: [1, 2, 3, 4]))
            let again = try await atelier.send([9], to: url)
            #expect(again.status == 201 && again.text.contains(#""bytes":4"#))
            // The same where the bytes came to the store without this server.
            let (direct, _) = try await atelier.open(maker)
            let path = "/api/tournament/clips/\(direct)/arrived"
            let early = try await atelier.site.post(path, json: "{}", headers: [maker.session])
            #expect(early.status == 409 && early.problemCode == "tournament.uploadMissing")
            _ = try await atelier.blobs.put(
                .key(UploadDesk.source(of: direct)), for: atelier.tenant, BlobUpload(sizeMax: .mebibytes(1)),
                content: ByteBuffer(bytes: [1, 2]))
            let stranger = try await atelier.someone("Stranger")
            #expect(try await atelier.site.post(path, json: "{}", headers: [stranger.session]).status == 404)
            #expect(try await atelier.site.post(path, json: "{}", headers: [maker.session]).status == 200)
            #expect(try await atelier.clip(direct).state == .processing)
        }
    }

    @Test(arguments: Backend.all)
    func `an address that was changed, is too late, or of another stage is refused`(backend: Backend) async throws {
        try await Atelier.with(backend) { atelier in
            _ = try await atelier.stage.openSeason()
            let maker = try await atelier.someone("Maker")
            let (id, url) = try await atelier.open(maker)
            let (other, _) = try await atelier.open(maker)
            for wrong in [
                url.replacing("max=52428800", with: "max=99999999"), url.replacing("\(id)", with: "\(other)"),
                url.replacing("expires=", with: "expires=9"),
                url.replacing("\(atelier.tenant.id)", with: "\(ID<Tenant>(high: 5, low: 5))"),
            ] {
                #expect(wrong != url)
                let refused = try await atelier.send([1], to: wrong)
                #expect(refused.status == 403 && refused.problemCode == "tournament.uploadInvalid", "\(wrong)")
            }
            let large = try await atelier.site.request(
                "PUT", url, headers: [("content-length", "52428801")], body: [])
            #expect(large.status == 413)
            atelier.stage.clock.advance(by: UploadRules.window + .seconds(2))
            let late = try await atelier.send([1], to: url)
            #expect(late.status == 410 && late.problemCode == "tournament.uploadExpired")
            #expect(try await atelier.objects().isEmpty)
        }
    }

    @Test(arguments: Backend.all)
    func `an upload that never comes frees its place when its time is over`(backend: Backend) async throws {
        try await Atelier.with(backend) { atelier in
            _ = try await atelier.stage.openSeason()
            let maker = try await atelier.someone("Maker")
            let (id, _) = try await atelier.open(maker)
            try await atelier.work()
            #expect(try await atelier.clip(id).state == .uploading)
            atelier.stage.clock.advance(by: UploadRules.window + UploadRules.grace + .seconds(1))
            try await atelier.work()
            #expect(try await atelier.clip(id).state == .removed)
            let entry = try await atelier.entry(id)
            #expect(entry.place == nil && entry.fault == .expired)
            #expect(
                try await atelier.number(
                    "test.tasks", "SELECT count(*) FROM media_tasks WHERE tenant_id = \(atelier.tenant)") == 0)
        }
    }

    // MARK: Without script

    private func form(_ fields: [(String, String)], file: [UInt8]?) -> (type: String, body: [UInt8]) {
        let mark = "----form7MA4YWxkTrZu0gW"
        var body: [UInt8] = []
        for (name, value) in fields {
            body += Array("--\(mark)\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)\r\n".utf8)
        }
        let name = file == nil ? "" : "a clip.mp4"
        body += Array(
            ("--\(mark)\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\(name)\"\r\n"
                + "Content-Type: video/mp4\r\n\r\n").utf8)
        body += (file ?? []) + Array("\r\n--\(mark)--\r\n".utf8)
        return ("multipart/form-data; boundary=\(mark)", body)
    }

    @Test(arguments: Backend.all)
    func `a clip can be sent by a plain form, file and all`(backend: Backend) async throws {
        try await Atelier.with(backend) { atelier in
            _ = try await atelier.stage.openSeason()
            let maker = try await atelier.someone("Maker")
            let page = try await atelier.site.get("/tournament/upload", headers: [maker.session])
            #expect(page.status == 200 && page.text.contains("enctype=\"multipart/form-data\""))
            let token = String(try #require(page.text.firstMatch(of: /name="formToken" value="([^"]+)"/)).1)
            let slot = String(try #require(page.text.firstMatch(of: /<option value="([0-9a-f-]{36})" selected/)).1)
            let film = try await TestFilm.short()
            func send(_ token: String, file: [UInt8]?) async throws -> PerformedAnswer {
                let (type, body) = form(
                    [("formToken", token), ("title", "By form"), ("genre", "comedy"), ("slotId", slot)], file: file)
                return try await atelier.site.request(
                    "POST", "/tournament/upload", headers: [maker.session, ("content-type", type)], body: body)
            }
            #expect(try await send("forged", file: film).status == 403)
            let empty = try await send(token, file: nil)
            #expect(empty.status == 303 && empty["location"] == "/tournament/upload?said=noFile")
            #expect(try await atelier.clips.made(by: maker.id, after: nil, limit: 9, in: atelier.tenant).items.isEmpty)
            let sent = try await send(token, file: film)
            #expect(sent.status == 303 && sent["location"] == "/tournament/upload/mine?said=uploaded", "\(sent.text)")
            let clips = try await atelier.clips.made(by: maker.id, after: nil, limit: 9, in: atelier.tenant).items
            #expect(clips.map(\.clip.state) == [.processing])
            #expect(clips.first?.entry?.sourceBytes == film.count)
            let mine = try await atelier.site.get("/tournament/upload/mine?said=uploaded", headers: [maker.session])
            #expect(mine.text.contains("being made ready") && mine.text.contains("data-refresh=\"3\""))
            #expect(mine.text.contains("Your clip has arrived."))
            try await atelier.work()
            let ready = try await atelier.site.get("/tournament/upload/mine", headers: [maker.session])
            #expect(ready.text.contains("waits for review") && ready.text.contains("data-refresh=\"10\""))
        }
    }

    @Test(arguments: Backend.all)
    func `the form says why a clip is not taken, and leaves nothing behind`(backend: Backend) async throws {
        try await Atelier.with(backend) { atelier in
            _ = try await atelier.stage.openSeason()
            let maker = try await atelier.someone("Maker")
            for _ in 0..<3 { _ = try await atelier.open(maker) }
            let page = try await atelier.site.get("/tournament/upload", headers: [maker.session])
            let token = String(try #require(page.text.firstMatch(of: /name="formToken" value="([^"]+)"/)).1)
            let (type, body) = form(
                [("formToken", token), ("title", "Fourth"), ("genre", "comedy")], file: [1, 2, 3])
            let refused = try await atelier.site.request(
                "POST", "/tournament/upload", headers: [maker.session, ("content-type", type)], body: body)
            #expect(refused["location"] == "/tournament/upload?said=tournament.clipLimit")
            let said = try await atelier.site.get(
                "/tournament/upload?said=tournament.clipLimit", headers: [maker.session])
            #expect(said.text.contains("as many clips in this slot as are allowed"))
            #expect(try await atelier.objects().isEmpty)
        }
    }

    @Test(arguments: Backend.all)
    func `pages without a season, and links for whom they serve`(backend: Backend) async throws {
        try await Atelier.with(backend) { atelier in
            let maker = try await atelier.someone("Maker")
            let moderator = try await atelier.someone("Mod", role: .moderator)
            let closed = try await atelier.site.get("/tournament/upload", headers: [maker.session])
            #expect(closed.status == 200 && closed.text.contains("No season is running"))
            #expect(!closed.text.contains("type=\"file\"") && !closed.text.contains("/tournament/desk/clips"))
            let empty = try await atelier.site.get("/tournament/upload/mine", headers: [maker.session])
            #expect(empty.text.contains("Nothing yet"))
            let stranger = try await atelier.site.get("/tournament/upload/mine", headers: [("accept", "text/html")])
            #expect(stranger.status == 303 && stranger["location"] == "/sign-in?next=%2Ftournament%2Fupload%2Fmine")
            let queue = try await atelier.site.get("/tournament/desk/clips", headers: [moderator.session])
            #expect(
                queue.text.contains("All clips are looked at") && queue.text.contains("href=\"/tournament/desk/clips\"")
            )
            #expect(try await atelier.site.get("/tournament/desk/clips", headers: [maker.session]).status == 403)
        }
    }
}
