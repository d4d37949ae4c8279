import Accounts
import Base
import BaseTestKit
import Blobs
import Crypto
import Foundation
import InboxVendors
import NIOCore
import Storage
import StorageBackends
import StorageTestKit
import Synchronization
import Telemetry
import Testing
import Web
import WebTestKit

@testable import Inbox

@Suite(.databases) struct OrderedExportTests {
    private struct Killed: Error {}

    private func talk(_ count: Int, _ stage: Stage) async throws {
        let channel = try await stage.channel()
        for number in 0..<count {
            try await stage.deliver(
                [stage.event(.message, "Hi, \"\(number)\"\n#", from: "u\(number)", id: "m\(number)")], to: channel)
            stage.clock.advance(by: .milliseconds(3))
        }
        let theirs = try await stage.channel(account: "theirs", in: stage.other)
        try await stage.deliver([stage.event(.message, "Not ours", id: "x")], to: theirs, in: stage.other)
    }

    /// Writes an export in small parts; `stop` says at which place a process is killed.
    private func write(
        _ export: Export, _ stage: Stage, stop: @escaping @Sendable (ExportSteps.Point) throws -> Void = { _ in }
    ) async throws {
        var steps = stage.office.exports.steps
        steps.partRows = 5
        steps.partsAtOnce = 3
        steps.pass = stop
        for _ in 0..<60 {
            do {
                try await steps.step(export.id, in: stage.tenant)
            } catch is Killed {
                continue
            }
            let now = try await stage.office.exports.export(export.id, in: stage.tenant)
            if !now.state.isUnderWay { return }
        }
        throw InVain(description: "sixty steps were not enough")
    }

    private func bytes(_ noun: ExportNoun, _ export: Export, _ stage: Stage) async throws -> [UInt8] {
        let key = try await stage.office.exports.file(noun, of: export.id, in: stage.tenant).key
        let download = try #require(try await stage.office.exports.blobs.get(key, for: stage.tenant))
        return Array(try await download.collect(sizeMax: .mebibytes(4)).readableBytesView)
    }

    private func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    /// That the files hold exactly what there is, as counts and hashes say.
    private func expectWhole(_ id: ID<Export>, rows: Int, _ stage: Stage) async throws {
        let (export, parts) = try await stage.office.exports.manifest(of: id, in: stage.tenant)
        #expect(export.state == .ready && export.files.map(\.noun) == export.nouns)
        for file in export.files {
            let bytes = try await bytes(file.noun, export, stage)
            #expect(file.rows == rows && file.bytes == bytes.count)
            #expect(file.sha256 == hex(SHA256.hash(data: Data(bytes))))
            // Each part is a span of the file, one behind the other.
            var position = 0
            for part in parts where part.noun == file.noun {
                let span = bytes[position..<position + part.bytes]
                #expect(part.sha256 == hex(SHA256.hash(data: Data(span))))
                position += part.bytes
            }
            #expect(position == bytes.count)
            let text = String(decoding: bytes, as: UTF8.self)
            let lines = text.components(separatedBy: "\r\n").filter { !$0.isEmpty }
            #expect(lines.first == file.noun.columns.joined(separator: ","))
            let ids = lines.dropFirst().compactMap { $0.split(separator: ",").first.map(String.init) }
            #expect(ids.count == rows && Set(ids).count == rows && ids == ids.sorted())
            #expect(!text.contains("Not ours"))
        }
        #expect(export.rowsWritten == rows * export.files.count)
        // Parts are gone once their file is whole.
        let left = try await stage.office.exports.blobs.list(
            for: stage.tenant, prefix: BlobAssembly.prefix, after: nil, limit: 10)
        #expect(left.blobs.isEmpty)
    }

    @Test(arguments: Backend.all)
    func `an export holds each row of its moment once, whatever comes while it is written`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            try await talk(12, stage)
            let export = try await stage.office.exports.order(ExportNoun.allCases, by: stage.tom, in: stage.tenant)
            stage.clock.advance(by: .seconds(1))
            let channel = try #require(try await stage.office.channels.channels(in: stage.tenant).first)
            try await stage.deliver([stage.event(.message, "Late", from: "late", id: "l1")], to: channel)
            try await write(export, stage)
            try await expectWhole(export.id, rows: 12, stage)
            let told = try await Notifications(
                storage: stage.storage, clock: stage.clock, randomness: stage.chance
            ).page(of: stage.tom, in: stage.tenant).items
            #expect(told.map(\.title) == ["Your export is ready"] && told.map(\.link) == ["/inbox/exports"])
            // An empty table is a file, too.
            let none = Export(
                id: ID(high: 9, low: 9), personID: stage.tom, nouns: [.messages], state: .queued, createdAt: .epoch)
            #expect(
                try await stage.office.exports.store.insert(
                    none, through: stage.storage.writer(for: stage.tenant), in: stage.tenant))
            try await write(none, stage)
            try await expectWhole(none.id, rows: 0, stage)
        }
    }

    @Test(arguments: Backend.all)
    func `killed at any place, an export goes on and is whole in the end`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            try await talk(8, stage)
            var places = 0
            for stop in 0..<40 {
                let export = try await stage.office.exports.order(
                    [.contacts, .messages], by: stage.tom, in: stage.tenant)
                let passed = Mutex(0)
                try await write(export, stage) { _ in
                    let number = passed.withLock { count in
                        defer { count += 1 }
                        return count
                    }
                    if number == stop { throw Killed() }
                }
                try await expectWhole(export.id, rows: 8, stage)
                places = max(places, passed.withLock { $0 })
                if passed.withLock({ $0 }) <= stop { break }
            }
            // Two files of two parts: stored and kept twice, joined, closed.
            #expect(places >= 12)
        }
    }

    @Test(arguments: Backend.all)
    func `two workers on one export write no row twice`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            try await talk(11, stage)
            let export = try await stage.office.exports.order([.messages], by: stage.tom, in: stage.tenant)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<3 {
                    group.addTask {
                        // The slower one may find that the parts are gone which it was joining.
                        do { try await self.write(export, stage) } catch let error as BlobsError {
                            #expect(error.code == .corrupt)
                        }
                    }
                }
                try await group.waitForAll()
            }
            try await expectWhole(export.id, rows: 11, stage)
        }
    }

    @Test(arguments: Backend.all)
    func `administrators order, look and download; files end after seven days`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            try await talk(6, stage)
            let site = try await stage.pages()
            let agent = try await stage.browser(stage.priya, on: site)
            let admin = try await stage.browser(stage.tom, .admin, on: site)
            func post(_ json: String, as browser: Browser) async throws -> PerformedAnswer {
                try await site.request(
                    "POST", "/api/inbox/exports", headers: [("content-type", "application/json"), browser.session],
                    body: Array(json.utf8))
            }
            #expect(try await post(#"{"nouns":["contacts"]}"#, as: agent).problemCode == "inbox.notAllowed")
            #expect(try await post(#"{"nouns":[]}"#, as: admin).status == 400)
            let ordered = try await post(#"{"nouns":["messages","contacts"]}"#, as: admin)
            #expect(ordered.status == 202 && ordered.text.contains("\"state\":\"queued\""), "\(ordered.text)")
            #expect(admin.statements <= 3)
            let export = try #require(try await stage.office.exports.store.newest(in: stage.tenant).first)
            let path = "/api/inbox/exports/\(export.id)"
            #expect(try await admin.get(path + "/files/contacts").problemCode == "inbox.exportNotReady")
            #expect(try await admin.get(path + "/manifest").problemCode == "inbox.exportNotReady")
            try await write(export, stage)
            for tail in ["", "/manifest", "/files/contacts"] {
                #expect(try await agent.get(path + tail).problemCode == "inbox.notAllowed")
            }
            let shown = try await admin.get(path)
            #expect(admin.statements == 1)
            #expect(shown.text.contains("\"state\":\"ready\"") && shown.text.contains("\"rowsWritten\":12"))
            #expect(try await admin.get("/api/inbox/exports").text.contains(export.id.description))
            #expect(admin.statements == 1)
            let manifest = try await admin.get(path + "/manifest")
            #expect(admin.statements == 2)
            #expect(manifest.text.contains("\"columns\":[\"id\",\"name\""), "\(manifest.text)")
            let file = try await admin.get(path + "/files/contacts")
            #expect(admin.statements == 1)
            #expect(file.status == 200 && file["x-export-rows"] == "6")
            #expect(file["content-disposition"] == "attachment; filename=\"inbox-contacts.csv\"")
            let part = try await site.get(path + "/files/contacts", headers: [admin.session, ("range", "bytes=0-1")])
            #expect(part.status == 206 && part.text == "id")
            #expect(try await admin.get(path + "/files/conversations").problemCode == "inbox.notFound")
            // The streams have their addresses beside these.
            #expect(try await admin.get("/api/inbox/exports/contacts").text.contains("# rows=6 "))
            await #expect(throws: InboxError.self) {
                _ = try await stage.office.exports.export(export.id, in: stage.other)
            }
            stage.clock.advance(by: Export.Bounds.lifetime)
            let later = try await stage.browser(stage.tom, .admin, on: site)
            #expect(try await later.get(path + "/files/contacts").problemCode == "inbox.exportExpired")
            for _ in 0..<2 { try await stage.office.retention.step(in: stage.tenant) }
            #expect(try await stage.office.exports.export(export.id, in: stage.tenant).state == .expired)
            let left = try await stage.office.exports.blobs.list(
                for: stage.tenant, prefix: "inbox/exports/", after: nil, limit: 10)
            #expect(left.blobs.isEmpty)
            #expect(try await stage.rows("inbox_export_parts") == 0)
        }
    }

    @Test(arguments: Backend.all)
    func `the page orders by form and shows what became of it; three are made at once, and one that fails is removed`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            try await talk(6, stage)
            let site = try await stage.pages()
            let admin = try await stage.browser(stage.tom, .admin, on: site)
            let at = "/inbox/exports"
            let empty = try await admin.get(at)
            try expectSound(empty)
            #expect(empty.text.contains("Nothing was exported yet."))
            func send(_ fields: [(String, String)]) async throws -> String {
                try await admin.send(fields, to: at, from: at)["location"] ?? ""
            }
            #expect(try await send([]).contains("chooseNouns"))
            for _ in 0..<Export.Bounds.running {
                #expect(try await send([("noun", "contacts"), ("noun", "messages")]).contains("exportOrdered"))
            }
            #expect(try await send([("noun", "contacts")]).contains("limitReached"))
            let exports = try await stage.office.exports.store.newest(in: stage.tenant)
            #expect(exports.count == 3)
            try await write(exports[0], stage)
            var steps = stage.office.exports.steps
            steps.partRows = 5
            steps.partsAtOnce = 1
            for _ in 0..<2 { try await steps.step(exports[1].id, in: stage.tenant) }
            let page = try await admin.get(at)
            try expectSound(page)
            #expect(admin.statements <= 2)
            #expect(page.text.contains("6 rows so far, writing contacts"))
            #expect(page.text.contains("/api/inbox/exports/\(exports[0].id)/files/messages"))
            #expect(page.text.contains("Look again"))
            try await steps.giveUp(exports[1].id, because: "It could not be written.", in: stage.tenant)
            #expect(try await stage.office.exports.export(exports[1].id, in: stage.tenant).state == .failed)
            let left = try await stage.office.exports.blobs.list(
                for: stage.tenant, prefix: BlobAssembly.prefix, after: nil, limit: 10)
            #expect(left.blobs.isEmpty)
            // Who gave up holds no place any more, and goes on with nothing.
            try await steps.step(exports[1].id, in: stage.tenant)
            #expect(try await send([("noun", "contacts")]).contains("exportOrdered"))
            let agent = try await stage.browser(stage.priya, on: site)
            #expect(try await agent.get(at).status == 403)
        }
    }

    @Test(arguments: Backend.all)
    func `exports whose job has died are given up after two days, and others can be ordered`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            try await talk(6, stage)
            let desk = stage.office.exports
            func order() async throws -> Export {
                try await desk.order([.contacts], by: stage.tom, in: stage.tenant)
            }
            var dead: [Export] = []
            for _ in 0..<Export.Bounds.running { dead.append(try await order()) }
            var steps = desk.steps
            steps.partRows = 5
            steps.partsAtOnce = 1
            try await steps.step(dead[0].id, in: stage.tenant)
            await #expect(throws: InboxError.self) { _ = try await order() }
            // Within two days they may still be written.
            stage.clock.advance(by: Export.Bounds.longest)
            #expect(try await !steps.expire(in: stage.tenant))
            stage.clock.advance(by: .seconds(1))
            #expect(try await steps.expire(in: stage.tenant))
            for export in dead {
                let now = try await desk.export(export.id, in: stage.tenant)
                #expect(now.state == .failed && now.failure == "It was not finished within two days.")
            }
            let left = try await desk.blobs.list(
                for: stage.tenant, prefix: BlobAssembly.prefix, after: nil, limit: 10)
            #expect(left.blobs.isEmpty)
            #expect(try await stage.rows("inbox_export_parts") == 0)
            let next = try await order()
            #expect(try await !steps.expire(in: stage.tenant))
            #expect(try await desk.export(next.id, in: stage.tenant).state == .queued)
        }
    }

    @Test(arguments: Backend.all)
    func `killed while it gives an export up, a process leaves no file that nobody looks for`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            try await talk(6, stage)
            let export = try await stage.office.exports.order([.contacts, .messages], by: stage.tom, in: stage.tenant)
            var steps = stage.office.exports.steps
            steps.partRows = 5
            // Two parts of the first file, its end, and a part of the second.
            steps.partsAtOnce = 4
            try await steps.step(export.id, in: stage.tenant)
            func left(_ prefix: String) async throws -> Int {
                try await steps.blobs.list(for: stage.tenant, prefix: prefix, after: nil, limit: 10).blobs.count
            }
            #expect(try await left("inbox/exports/") == 1)
            #expect(try await left(BlobAssembly.prefix) == 1)
            steps.pass = { if $0 == .removed { throw Killed() } }
            await #expect(throws: Killed.self) {
                try await steps.giveUp(export.id, because: "It could not be written.", in: stage.tenant)
            }
            #expect(try await left("inbox/exports/") + left(BlobAssembly.prefix) == 0)
            #expect(try await stage.office.exports.export(export.id, in: stage.tenant).state == .running)
            // The sweep looks for what was left in the making.
            stage.clock.advance(by: Export.Bounds.longest + .seconds(1))
            #expect(try await stage.office.exports.steps.expire(in: stage.tenant))
            #expect(try await stage.office.exports.export(export.id, in: stage.tenant).state == .failed)
            #expect(try await stage.rows("inbox_export_parts") == 0)
        }
    }

    @Test(arguments: Backend.all)
    func `the queue writes exports and deletes what is kept no longer`(backend: Backend) async throws {
        try await Stage.with(backend, isLive: true) { stage in
            let channel = try await stage.channel()
            let long = stage.time.now() - InboxSchema.day * 40
            try await stage.closed(210, at: long, of: channel)
            let export = try await stage.office.exports.order([.messages], by: stage.tom, in: stage.tenant)
            try await stage.office.retention.set(
                RetentionRules(conversationDays: 30), by: stage.tom, in: stage.tenant)
            try await stage.working {
                try await stage.eventually("the export is ready") {
                    try await stage.office.exports.export(export.id, in: stage.tenant).state == .ready
                }
                try await stage.storage.write(for: stage.tenant) { transaction in
                    try InboxJobs.retention(in: transaction)
                    try InboxJobs.sweepFiles(.uploads, in: transaction)
                }
                try await stage.eventually("everything old is gone") {
                    let conversations = try await stage.rows("inbox_conversations")
                    return try await conversations + stage.rows("inbox_messages") + stage.rows("inbox_retired") == 0
                }
            }
            let file = try await stage.office.exports.file(.messages, of: export.id, in: stage.tenant).file
            #expect(file.rows == 210)
        }
    }
}
