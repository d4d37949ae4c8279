import Base
import BaseTestKit
import Blobs
import NIOCore
import Storage

@testable import Inbox

extension Stage {
    private struct CountRow: RowDecodable {
        let count: Int

        init(row: SQLRow) throws(StorageError) { count = try row.value(at: 0) }
    }

    /// How many rows a company has in a table.
    func rows(_ table: SQL, in tenant: Tenant? = nil) async throws -> Int {
        let tenant = tenant ?? self.tenant
        return try await storage.reader(for: tenant).first(
            CountRow.self, "test.count", "SELECT count(*) FROM \(sql: table) t WHERE t.tenant_id = \(tenant)")?.count
            ?? -1
    }

    /// Closed conversations with a message each, without all that led to them.
    func closed(_ count: Int, at time: Timestamp, of channel: Inbox.Channel, in tenant: Tenant? = nil) async throws {
        let tenant = tenant ?? self.tenant
        let ids = (0..<count).map { _ in ID<Conversation>(at: time, using: chance) }
        try await storage.write(for: tenant) { transaction in
            try await transaction.execute(
                "test.closed",
                """
                WITH input (id) AS (\(rows: SQLRows(ids)))
                INSERT INTO inbox_conversations (tenant_id, id, contact_id, contact_point_id, channel_id, contact_name,
                    state, bot, last_sequence, last_message_at, opened_at, created_at, closed_at)
                SELECT \(tenant), i.id, i.id, i.id, \(channel.id), 'N', 'closed', 'off', 1, \(time), \(time), \(time),
                    \(time)
                FROM input i
                """)
            try await transaction.execute(
                "test.messages",
                """
                WITH input (id) AS (\(rows: SQLRows(ids)))
                INSERT INTO inbox_messages (tenant_id, conversation_id, sequence, id, channel_id, role, body,
                    customer_index, delivery, sent_at, created_at)
                SELECT \(tenant), i.id, 1, i.id, \(channel.id), 'customer', 'Hello', 1, 'received', \(time), \(time)
                FROM input i
                """)
        }
    }

    /// An upload that no message has taken.
    func upload(
        _ text: String, to channel: Inbox.Channel, origin: StoredFile.Origin = .agent, in tenant: Tenant? = nil
    ) async throws -> StoredFile {
        try await office.files.keep(
            FileDesk.Upload(
                channel: channel.id, origin: origin, person: tom, name: "bell.txt", mediaType: "text/plain",
                length: nil), from: OneChunk(text: text), in: tenant ?? self.tenant)
    }

    /// Answers with a file.
    func answerWithFile(_ id: ID<Conversation>, of channel: Inbox.Channel) async throws -> StoredFile {
        let file = try await upload("a brass bell", to: channel)
        var draft = ReplyDesk.Draft(
            conversation: id, channel: channel.id, body: "", clientID: "f\(chance.next())",
            seen: try await head(id).lastSequence)
        draft.undo = 0
        draft.file = file
        _ = try await office.replies.reply(draft, by: tom, in: tenant)
        return file
    }

    func hasBytes(_ id: ID<StoredFile>, in tenant: Tenant? = nil) async throws -> Bool {
        try await office.files.blobs.head(FileDesk.key(of: id), for: tenant ?? self.tenant) != nil
    }
}

private struct OneChunk: AsyncSequence, Sendable {
    let text: String

    struct Iterator: AsyncIteratorProtocol {
        var text: String?

        mutating func next() async -> ByteBuffer? {
            defer { text = nil }
            return text.map { ByteBuffer(string: $0) }
        }
    }

    func makeAsyncIterator() -> Iterator { Iterator(text: text) }
}
