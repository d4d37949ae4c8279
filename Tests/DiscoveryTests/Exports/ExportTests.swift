import Base
import BaseTestKit
import Blobs
import Crypto
import Foundation
import NIOCore
import Storage
import StorageBackends
import StorageTestKit
import Synchronization
import Testing
import Web
import WebTestKit

@testable import Discovery

@Suite(.databases) struct ExportTests {
    /// A process that dies.
    private struct Killed: Error {}

    private func order(
        _ stage: ListStage, _ source: Export.Source, _ id: some Any, filter: MatchFilter = MatchFilter(),
        format: Export.Format = .csv
    ) async throws -> Export {
        var wish = ExportDesk.Wish(
            source: source, id: try #require(ID<ExportSource>("\(id)")), format: format, filter: filter)
        wish.isInline = false
        guard case .queued(let export) = try await stage.room.exports.order(wish, by: stage.mara, in: stage.tenant)
        else {
            throw Killed()
        }
        return export
    }

    private func small(_ stage: ListStage) -> ExportSteps {
        var steps = stage.room.exports.steps
        steps.partRows = 40
        steps.readRows = 20
        return steps
    }

    private func content(_ stage: ListStage, _ export: ID<Export>) async throws -> String {
        let (_, key) = try await stage.room.exports.file(export, of: stage.mara.person, in: stage.tenant)
        let download = try #require(try await stage.blobs.get(key, for: stage.tenant))
        return String(buffer: try await download.collect(sizeMax: .mebibytes(16)))
    }

    @Test(arguments: Backend.all)
    func `a killed worker changes no byte of the file, at whatever moment it dies`(backend: Backend) async throws {
        try await ListStage.with(backend) { stage in
            try await stage.makeCreators(0..<130)
            let search = try await stage.makeSearch(0..<130)
            let whole = try await order(stage, .search, search)
            #expect(try await small(stage).write(whole.id, in: stage.tenant) == .ready)
            let expected = try await content(stage, whole.id)
            #expect(expected.split(separator: "\r\n").count == 131)
            // Every passing of every moment: 4 parts of up to 40 rows pass begun, three times each part, joined.
            var deaths = 0
            for moment in ExportSteps.Moment.allCases {
                for passing in 1...5 {
                    let export = try await order(stage, .search, search)
                    let count = Mutex(0)
                    var dying = small(stage)
                    dying.pass = { passed in
                        guard passed == moment else { return }
                        let number = count.withLock { count in
                            count += 1
                            return count
                        }
                        if number == passing { throw Killed() }
                    }
                    do {
                        _ = try await dying.write(export.id, in: stage.tenant)
                    } catch is Killed {
                        deaths += 1
                        if moment != .ended {
                            await #expect(throws: DiscoveryError.self) { try await content(stage, export.id) }
                            #expect(try await small(stage).write(export.id, in: stage.tenant) == .ready)
                        } else {
                            #expect(try await small(stage).write(export.id, in: stage.tenant) == .dropped)
                        }
                    }
                    #expect(try await content(stage, export.id) == expected, "\(moment) \(passing)")
                    let manifest = try await stage.room.exports.export(
                        export.id, of: stage.mara.person, in: stage.tenant
                    ).manifest
                    #expect(manifest.rows == 130)
                    #expect(manifest.sha256 == BlobHash(of: Array(expected.utf8)).description)
                    #expect(manifest.bytes == expected.utf8.count)
                }
            }
            #expect(deaths >= 14, "\(deaths)")
            let left = try await stage.blobs.list(
                for: stage.tenant, prefix: BlobAssembly.prefix, after: nil, limit: 10)
            #expect(left.blobs.isEmpty, "no part is left behind")
        }
    }

    @Test(arguments: Backend.all)
    func `of two workers on one file one goes on, and the file is whole`(backend: Backend) async throws {
        try await ListStage.with(backend) { stage in
            try await stage.makeCreators(0..<200)
            let search = try await stage.makeSearch(0..<200)
            let export = try await order(stage, .search, search)
            let outcomes = try await withThrowingTaskGroup(of: ExportSteps.Outcome.self) { group in
                for _ in 0..<2 { group.addTask { try await small(stage).write(export.id, in: stage.tenant) } }
                return try await group.reduce(into: [ExportSteps.Outcome]()) { $0.append($1) }
            }
            // The other one may have been dropped in the middle, when the parts were no longer its own.
            #expect(outcomes.contains(.ready) || outcomes.allSatisfy { $0 == .dropped })
            if !outcomes.contains(.ready) { _ = try await small(stage).write(export.id, in: stage.tenant) }
            #expect(try await content(stage, export.id).split(separator: "\r\n").count == 201)
        }
    }

    @Test(arguments: Backend.all)
    func `what is added, removed and learnt while a file is written does not change what it holds`(
        backend: Backend
    ) async throws {
        try await ListStage.with(backend) { stage in
            try await stage.makeCreators(0..<120)
            let fee = ListField(key: "fee", label: "Fee", kind: .number, options: [])
            let list = try await stage.makeList("Trail = run", fields: [.stage, fee])
            _ = try await stage.room.entries.add(
                (0..<100).map(stage.creatorID), to: list.id, by: stage.mara, in: stage.tenant)
            let cards = try await stage.room.entries.store.page(
                of: list.id, for: stage.mara, after: nil, limit: 200, in: stage.tenant
            ).items
            _ = try await stage.room.entries.edit(
                [cards[7].entry.id], of: list.id, fields: ["fee": "250"], bucket: nil, by: stage.mara, in: stage.tenant)
            // Removed before: not promised.
            _ = try await stage.room.entries.remove(
                [cards[0].entry.id], from: list.id, by: stage.mara, in: stage.tenant)
            let filter = MatchFilter(followersMin: 1_000, includesUnknown: true)
            let export = try await order(stage, .list, list.id, filter: filter)
            // Unknown are 10, 20, … (0 is removed); 1,000 and more from number 10 on.
            #expect(export.rowsPlanned == 90)
            let interruptions = Mutex(0)
            var steps = small(stage)
            steps.pass = { _ in interruptions.withLock { $0 += 1 } }
            steps.told = { [steps = stage.room] export, tenant in
                guard export.parts == 1 else { return }
                _ = try await steps.entries.add(
                    (100..<120).map(stage.creatorID), to: list.id, by: stage.mara, in: tenant)
                _ = try await steps.entries.remove(
                    cards[60..<70].map(\.entry.id), from: list.id, by: stage.mara, in: tenant)
                try await stage.storage.writer(for: tenant).execute(
                    "test.learn", "UPDATE creators SET followers = 1 WHERE tenant_id = \(tenant)")
            }
            #expect(try await steps.write(export.id, in: stage.tenant) == .ready)
            let lines = try await content(stage, export.id).split(separator: "\r\n")
            #expect(lines.count == 91)
            #expect(lines[0].hasSuffix("source,bucket,added_at,Fee"))
            #expect(lines[1].contains("\"Maker, no. 10\"") && lines[1].contains("\"'=1+1\""))
            #expect(lines[1].contains("https://www.tiktok.com/@maker10"))
        }
    }

    @Test(arguments: Backend.all)
    func `only as many files as may be are in the making, and each place comes free again`(backend: Backend)
        async throws
    {
        try await ListStage.with(backend) { stage in
            try await stage.makeCreators(0..<10)
            let search = try await stage.makeSearch(0..<10)
            let taken = await withTaskGroup(of: Export?.self) { group in
                for _ in 0..<6 {
                    group.addTask {
                        do { return try await order(stage, .search, search) } catch { return nil }
                    }
                }
                return await group.reduce(into: [Export]()) { if let export = $1 { $0.append(export) } }
            }
            #expect(taken.count == 3)
            let refused = await #expect(throws: DiscoveryError.self) { try await order(stage, .search, search) }
            #expect(refused?.code == .exportLimit && refused?.retryAfter != nil)
            try await stage.room.exports.cancel(taken[0].id, of: stage.mara.person, in: stage.tenant)
            let ended = await #expect(throws: DiscoveryError.self) {
                try await stage.room.exports.cancel(taken[0].id, of: stage.mara.person, in: stage.tenant)
            }
            #expect(ended?.code == .exportEnded)
            #expect(try await small(stage).write(taken[0].id, in: stage.tenant) == .dropped)
            #expect(try await small(stage).write(taken[1].id, in: stage.tenant) == .ready)
            _ = try await order(stage, .search, search)
            _ = try await order(stage, .search, search)
        }
    }

    @Test(arguments: Backend.all)
    func `a file that does not hold what was promised is never handed out`(backend: Backend) async throws {
        try await ListStage.with(backend) { stage in
            // More than is read ahead when the first part is kept.
            try await stage.makeCreators(0..<300)
            let search = try await stage.makeSearch(0..<300)
            let export = try await order(stage, .search, search)
            var steps = small(stage)
            steps.told = { export, tenant in
                // What cannot happen by the product's own statements: rows below the mark are gone.
                guard export.parts == 1 else { return }
                try await stage.storage.writer(for: tenant).execute(
                    "test.lose", "DELETE FROM matches WHERE tenant_id = \(tenant) AND sequence > 280")
            }
            guard case .failed = try await steps.write(export.id, in: stage.tenant) else {
                Issue.record("the file was taken for whole")
                return
            }
            let error = await #expect(throws: DiscoveryError.self) { try await content(stage, export.id) }
            #expect(error?.code == .exportNotReady)
            #expect(try await stage.blobs.head(ExportSteps.key(of: export.id, .csv), for: stage.tenant) == nil)
        }
    }

    @Test(arguments: Backend.all)
    func `a file ends after seven days, its row stays`(backend: Backend) async throws {
        try await ListStage.with(backend) { stage in
            try await stage.makeCreators(0..<5)
            let search = try await stage.makeSearch(0..<5)
            let export = try await order(stage, .search, search, format: .ndjson)
            _ = try await stage.room.exports.steps.write(export.id, in: stage.tenant)
            let lines = try await content(stage, export.id).split(separator: "\n")
            #expect(lines.count == 5)
            let first = try #require(
                try JSONSerialization.jsonObject(with: Data(lines[1].utf8)) as? [String: Any])
            #expect(first["followers"] as? Int == 100 && first["engagement"] as? Double == 0.042)
            #expect(first["handle"] as? String == "maker1" && first["country"] is NSNull)
            stage.clock.advance(by: .seconds(7 * 86_400))
            let over = await #expect(throws: DiscoveryError.self) { try await content(stage, export.id) }
            #expect(over?.code == .exportExpired)
            stage.clock.advance(by: .seconds(1))
            #expect(try await stage.room.exports.steps.expire() == 1)
            #expect(try await stage.room.exports.steps.expire() == 0)
            #expect(try await stage.blobs.head(ExportSteps.key(of: export.id, .ndjson), for: stage.tenant) == nil)
            let kept = try await stage.room.exports.export(export.id, of: stage.mara.person, in: stage.tenant)
            #expect(kept.state == .expired && kept.rowsWritten == 5)
        }
    }
}
