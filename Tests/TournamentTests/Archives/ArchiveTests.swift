import Accounts
import Base
import BaseTestKit
import Blobs
import Foundation
import NIOCore
import Storage
import StorageBackends
import StorageTestKit
import Telemetry
import Testing
import Web
import WebTestKit

@testable import Tournament

@Suite(.databases) struct ArchiveTests {
    private struct Killed: Error {}

    private static let month: Duration = .seconds(31 * 86_400)

    private func steps(_ atelier: Atelier, dyingAt point: ArchiveSteps.Point? = nil) -> ArchiveSteps {
        ArchiveSteps(
            store: ArchiveStore(storage: atelier.stage.storage),
            trail: AuditTrail(
                storage: atelier.stage.storage, clock: atelier.stage.clock, randomness: atelier.stage.chance),
            blobs: atelier.blobs, clock: atelier.stage.clock, randomness: atelier.stage.chance,
            events: .silent(products: Event.tournament)
        ) { reached in if reached == point { throw Killed() } }
    }

    /// Rows of four months: 1,203 entries of the trail in the first, a few later ones; some risk events.
    private func fill(_ atelier: Atelier, first: Int = 1_203) async throws {
        let stage = atelier.stage
        let trail = AuditTrail(storage: stage.storage, clock: stage.clock, randomness: stage.chance)
        stage.clock.step(to: try #require(Timestamp("2030-01-03T00:00:00Z")))
        for months in 0..<4 {
            try await stage.storage.write(for: atelier.tenant) { transaction in
                for number in 0..<(months == 0 ? first : 7) {
                    stage.clock.advance(by: .milliseconds(10))
                    try await trail.append(
                        "clip.approved", by: .person(stage.person(number % 5)), on: ("clip", "\(number)"),
                        ["month": "\(months)"], for: atelier.tenant, in: transaction)
                }
            }
            let events = (0..<5).map { number in
                RiskEvent(
                    id: ID(at: stage.clock.now() + .milliseconds(number), using: stage.chance),
                    voterID: stage.voter(number % 2).id, voteID: ID(high: 3, low: UInt64(number)), points: 50,
                    reasons: [.headlessMarks], address: 1, agent: 2, noticedAt: stage.clock.now())
            }
            try await RiskStore(storage: stage.storage).insert(events, in: atelier.tenant)
            stage.clock.advance(by: Self.month)
        }
    }

    private func count(_ table: StaticString, _ atelier: Atelier) async throws -> Int {
        try await atelier.stage.storage.reader(for: atelier.tenant).aggregate(
            NumberRow.self, "test.count",
            "SELECT count(*) FROM \(raw: table) WHERE tenant_id = \(atelier.tenant)"
        ).value
    }

    private func archives(_ atelier: Atelier) async throws -> [Archive] {
        try await ArchiveStore(storage: atelier.stage.storage).page(after: nil, limit: 50, in: atelier.tenant).items
    }

    /// The lines of an archive's file.
    private func lines(_ archive: Archive, _ atelier: Atelier) async throws -> [String] {
        let key = try ArchiveSteps.key(try #require(archive.file))
        let download = try #require(try await atelier.blobs.get(key, for: atelier.tenant))
        #expect(download.info.hash.description == archive.sha256 && download.info.size.bytes == archive.bytes)
        var content = ByteBuffer()
        let reader = try #require(GzipReader())
        for try await chunk in download.chunks { #expect(reader.read(chunk) { content.writeImmutableBuffer($0) }) }
        #expect(reader.isAtEnd)
        return String(buffer: content).split(separator: "\n").map(String.init)
    }

    private func finish(_ steps: ArchiveSteps, _ atelier: Atelier) async throws {
        for kind in Archive.Kind.allCases {
            var left = 50
            while try await steps.step(kind, in: atelier.tenant) == .more, left > 0 { left -= 1 }
            #expect(left > 0, "archiving came to no end")
        }
        try await steps.expire(in: atelier.tenant)
    }

    @Test func `a month is due when all of it is ninety days old`() throws {
        let oldest = try #require(Timestamp("2030-01-31T23:59:59Z"))
        let february = try #require(Timestamp("2030-02-01T00:00:00Z"))
        #expect(Archive.month(due: oldest, at: february + .seconds(90 * 86_400 - 1)) == nil)
        let month = try #require(Archive.month(due: oldest, at: february + .seconds(90 * 86_400)))
        #expect(month.upperBound == february && month.lowerBound.description.hasPrefix("2030-01-01T00:00:00"))
        let december = try #require(Timestamp("2030-12-05T00:00:00Z"))
        #expect(
            Archive.month(due: december, at: december + .seconds(200 * 86_400))?.upperBound.description.hasPrefix(
                "2031-01-01") == true)
    }

    @Test(arguments: Backend.all)
    func `old months leave the tables for files that hold every row, and younger ones stay`(backend: Backend)
        async throws
    {
        try await Atelier.with(backend) { atelier in
            try await fill(atelier)
            #expect(try await count("audit_entries", atelier) == 1_224)
            try await finish(steps(atelier), atelier)
            // Now is May 7: January is 96 days over, February 68.
            #expect(try await count("audit_entries", atelier) == 21)
            #expect(try await count("risk_events", atelier) == 15)
            let kept = try await archives(atelier)
            #expect(kept.map(\.state) == [.kept, .kept] && Set(kept.map(\.kind)) == [.audit, .risk])
            let audit = try #require(kept.first { $0.kind == .audit })
            let auditLines = try await lines(audit, atelier)
            #expect(audit.lines == 1_203 && auditLines.count == 1_203 && Set(auditLines).count == 1_203)
            #expect(auditLines.allSatisfy { $0.contains(#""detail":{"month":"0"}"#) })
            let risk = try #require(kept.first { $0.kind == .risk })
            let riskLines = try await lines(risk, atelier)
            #expect(riskLines.count == 5 && riskLines.allSatisfy { $0.contains("headlessMarks") })
            // Neither a voter nor a vote is named.
            for number in 0..<2 {
                #expect(!riskLines.joined().contains(atelier.stage.voter(number).id.description))
            }
            #expect(!riskLines.joined().contains("vote\":"))
            let manifestKey = try ArchiveSteps.key(Archive.manifest(of: try #require(audit.file)))
            let manifest = try #require(try await atelier.blobs.get(manifestKey, for: atelier.tenant))
            let told = try JSONDecoder().decode(
                ArchiveManifest.self,
                from: Data(try await manifest.collect(sizeMax: .kibibytes(9)).readableBytesView))
            #expect(told.lines == 1_203 && told.sha256 == audit.sha256 && told.kind == "audit")
            #expect(try await steps(atelier).step(.audit, in: atelier.tenant) == .done)
        }
    }

    @Test(arguments: Backend.all, ArchiveSteps.Point.allCases)
    func `a process that dies at any point loses no row and leaves no second file`(
        backend: Backend, point: ArchiveSteps.Point
    ) async throws {
        try await Atelier.with(backend) { atelier in
            try await fill(atelier, first: 603)
            if point == .expiredFile || point == .expiredManifest {
                try await finish(steps(atelier), atelier)
                atelier.stage.clock.advance(by: Archive.Rules.kept)
            }
            await #expect(throws: Killed.self) { try await finish(steps(atelier, dyingAt: point), atelier) }
            // Nothing has left the tables that is not in a sealed file.
            let rows = try await count("audit_entries", atelier)
            if rows < 624, point != .expiredFile, point != .expiredManifest {
                let sealed = try #require(try await archives(atelier).first { $0.kind == .audit })
                #expect(sealed.state != .writing)
                #expect(try await lines(sealed, atelier).count == 603)
            }
            try await finish(steps(atelier), atelier)
            atelier.stage.clock.advance(by: ArchiveSteps.Bounds.attempt + .seconds(1))
            try await steps(atelier).expire(in: atelier.tenant)
            let known = try await archives(atelier).compactMap(\.file)
            let objects = try await atelier.blobs.list(
                for: atelier.tenant, prefix: Archive.folder, after: nil, limit: 100
            ).blobs.map(\.key.description)
            #expect(Set(objects) == Set(known + known.map(Archive.manifest)))
            let january = try await archives(atelier).filter { $0.times.lowerBound.description.hasPrefix("2030-01") }
            if point == .expiredFile || point == .expiredManifest {
                #expect(january.isEmpty)
            } else {
                let audit = try #require(january.first { $0.kind == .audit })
                #expect(audit.state == .kept && audit.lines == 603)
                #expect(try await lines(audit, atelier).count == 603)
                #expect(try await count("audit_entries", atelier) == 21)
            }
        }
    }

    @Test(arguments: Backend.all)
    func `rows stay while their file is gone, and are written anew`(backend: Backend) async throws {
        try await Atelier.with(backend) { atelier in
            try await fill(atelier, first: 9)
            await #expect(throws: Killed.self) { try await finish(steps(atelier, dyingAt: .sealed), atelier) }
            let file = try #require(try await archives(atelier).first?.file)
            _ = try await atelier.blobs.delete(try ArchiveSteps.key(file), for: atelier.tenant)
            #expect(try await steps(atelier).step(.audit, in: atelier.tenant) == .more)
            #expect(try await count("audit_entries", atelier) == 30)
            try await finish(steps(atelier), atelier)
            let audit = try #require(try await archives(atelier).first { $0.kind == .audit })
            #expect(audit.state == .kept && audit.file != file)
            #expect(try await lines(audit, atelier).count == 9)
        }
    }

    @Test(arguments: Backend.all)
    func `administrators list archives and read their files by signed addresses`(backend: Backend) async throws {
        try await Atelier.with(backend) { atelier in
            try await fill(atelier, first: 9)
            try await finish(steps(atelier), atelier)
            let path = "/api/tournament/archives"
            let moderator = try await atelier.someone("Milo", role: .moderator)
            #expect(try await atelier.site.get(path, headers: [moderator.session]).status == 403)
            let director = try await atelier.someone("Dora", role: .administrator)
            let answer = try await atelier.site.get(path, headers: [director.session])
            let list = try #require(
                JSONSerialization.jsonObject(with: Data(answer.text.utf8)) as? [String: Any], "\(answer.text)")
            let items = try #require(list["archives"] as? [[String: Any]])
            #expect(items.count == 2)
            let url = try #require(items[0]["url"] as? String)
            let file = try await atelier.site.get(url)
            #expect(file.status == 200 && file.body.starts(with: [0x1F, 0x8B]))
            let forged = url.replacing("method=get", with: "method=put")
            #expect(try await atelier.site.get(forged).status == 403)
            #expect(try await atelier.site.get(String(url.prefix { $0 != "?" })).status == 400)
            atelier.stage.clock.advance(by: .seconds(302))
            #expect(try await atelier.site.get(url).problemCode == "tournament.uploadExpired")
        }
    }
}
