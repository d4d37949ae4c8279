import Base
import BaseTestKit
import Blobs
import InboxVendors
import NIOCore
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Inbox

@Suite(.databases) struct FileSweepTests {
    private func sweep(_ stage: Stage) async throws {
        try await stage.office.fileSweep.step(.uploads, in: stage.tenant)
        try await stage.office.fileSweep.step(.bytes(after: nil), in: stage.tenant)
    }

    /// Bytes without a row, as a crash leaves them.
    private func stray(_ key: BlobKey, in tenant: Tenant, _ stage: Stage) async throws {
        _ = try await stage.office.files.blobs.put(
            .key(key), for: tenant, BlobUpload(sizeMax: .kibibytes(1)), content: ByteBuffer(string: "lost"))
    }

    @Test(arguments: Backend.all)
    func `what nothing leads to goes after a day, and everything else stays`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            let theirs = try await stage.channel(account: "theirs", in: stage.other)
            let id = try #require(try await stage.deliver([stage.event(.message, "Hi", id: "m1")], to: channel))
            let attached = try await stage.answerWithFile(id, of: channel)
            let picture = try await stage.upload("face", to: channel, origin: .picture)
            let loose = try await stage.upload("a", to: channel)
            let visitors = try await stage.upload("b", to: channel, origin: .visitor)
            let others = try await stage.upload("c", to: theirs, in: stage.other)
            let lost = ID<StoredFile>(at: stage.clock.now(), using: stage.chance)
            try await stray(FileDesk.key(of: lost), in: stage.tenant, stage)
            try await stray(FileDesk.key(of: lost), in: stage.other, stage)
            let document = try #require(BlobKey("inbox/documents/\(lost)"))
            try await stray(document, in: stage.tenant, stage)
            // Within the day a message may still be on its way.
            stage.clock.advance(by: FileSweepDesk.Bounds.age - .seconds(1))
            try await sweep(stage)
            #expect(try await stage.rows("inbox_files") == 4)
            #expect(try await stage.hasBytes(lost))
            stage.clock.advance(by: .seconds(2))
            let late = try await stage.upload("d", to: channel)
            try await sweep(stage)
            for file in [attached, picture, late] { #expect(try await stage.hasBytes(file.id)) }
            for file in [loose.id, visitors.id, lost] { #expect(try await !stage.hasBytes(file)) }
            #expect(try await stage.rows("inbox_files") == 3)
            #expect(try await stage.office.files.blobs.head(document, for: stage.tenant) != nil)
            // Nothing of another company was touched.
            for file in [others.id, lost] { #expect(try await stage.hasBytes(file, in: stage.other)) }
            #expect(try await stage.rows("inbox_files", in: stage.other) == 1)
        }
    }

    @Test(arguments: Backend.all)
    func `an upload that a message takes at the last moment stays`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            let id = try #require(try await stage.deliver([stage.event(.message, "Hi", id: "m1")], to: channel))
            let attached = try await stage.answerWithFile(id, of: channel)
            let loose = try await stage.upload("a", to: channel)
            // Both were found loose; one has been taken since.
            let gone = try await stage.office.files.store.deleteLoose([attached.id, loose.id], in: stage.tenant)
            #expect(gone == [loose.id])
            #expect(try await stage.rows("inbox_files") == 1)
            // The other way round, nothing is sent that has no file any more.
            var draft = ReplyDesk.Draft(
                conversation: id, channel: channel.id, body: "", clientID: "late",
                seen: try await stage.head(id).lastSequence)
            draft.file = loose
            let messages = try await stage.rows("inbox_messages")
            let refused = await #expect(throws: InboxError.self) {
                _ = try await stage.office.replies.reply(draft, by: stage.tom, in: stage.tenant)
            }
            #expect(refused?.code == .notFound)
            #expect(try await stage.rows("inbox_messages") == messages)
        }
    }

    @Test(arguments: Backend.all)
    func `parts that nobody has joined go after fourteen days, however many there are`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let blobs = stage.office.files.blobs
            let key = try #require(BlobKey("inbox/exports/old/contacts.csv"))
            let old = BlobAssembly(key, for: stage.tenant, in: blobs)
            for number in 1...3 { _ = try await old.put(number, content: ByteBuffer(string: "part \(number)")) }
            let theirs = BlobAssembly(key, for: stage.other, in: blobs)
            _ = try await theirs.put(1, content: ByteBuffer(string: "part"))
            func left(in tenant: Tenant) async throws -> Int {
                try await blobs.list(for: tenant, prefix: BlobAssembly.prefix, after: nil, limit: 10).blobs.count
            }
            stage.clock.advance(by: FileSweepDesk.Bounds.parts)
            let other = try #require(BlobKey("inbox/exports/young/contacts.csv"))
            _ = try await BlobAssembly(other, for: stage.tenant, in: blobs).put(1, content: ByteBuffer(string: "new"))
            try await sweep(stage)
            #expect(try await left(in: stage.tenant) == 4)
            stage.clock.advance(by: .seconds(1))
            // A step goes on behind the one before.
            let second = try #require(
                try await blobs.list(for: stage.tenant, prefix: BlobAssembly.prefix, after: nil, limit: 2).next)
            try await stage.office.fileSweep.step(.parts(after: second.description), in: stage.tenant)
            #expect(try await left(in: stage.tenant) == 3)
            try await sweep(stage)
            #expect(try await left(in: stage.tenant) == 1)
            #expect(try await left(in: stage.other) == 1)
        }
    }

    @Test func `the keys of files name them, and others do not`() throws {
        let id = ID<StoredFile>(high: 1, low: 2)
        #expect(FileDesk.id(of: FileDesk.key(of: id)) == id)
        #expect(FileDesk.id(of: try #require(BlobKey("inbox/documents/\(id)"))) == nil)
        #expect(FileDesk.id(of: try #require(BlobKey("inbox/files/other"))) == nil)
    }
}
