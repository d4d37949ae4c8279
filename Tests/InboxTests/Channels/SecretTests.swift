import Base
import BaseTestKit
import InboxVendors
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Inbox

@Suite(.databases) struct SecretTests {
    private static func key(_ name: String, _ byte: UInt8) -> SecretBox.Key {
        SecretBox.Key(name: name, secret: Secret([UInt8](repeating: byte, count: 32)))
    }

    @Test func `what is sealed is opened with its key, for its place, and not when a bit has changed`() throws {
        let chance = SeededRandomness(seed: 3)
        let box = SecretBox(Self.key("k1", 1))
        let secret = Secret(Array("EAAG-token 🚲".utf8))
        let sealed = box.seal(secret, for: "a/1", using: chance)
        #expect(!sealed.contains("EAAG") && box.seal(secret, for: "a/1", using: chance) != sealed)
        #expect(box.open(sealed, for: "a/1")?.reveal { $0 } == secret.reveal { $0 })
        #expect(box.open(sealed, for: "a/2") == nil)
        #expect(SecretBox(Self.key("k1", 2)).open(sealed, for: "a/1") == nil)
        #expect(SecretBox(Self.key("k2", 1)).open(sealed, for: "a/1") == nil)
        for place in sealed.indices {
            var changed = sealed
            changed.replaceSubrange(place...place, with: sealed[place] == "A" ? "B" : "A")
            #expect(box.open(changed, for: "a/1") == nil, "\(changed)")
        }
        for text in ["", "b1", "b1.k1", "b1.k1.", "b1.k1.AAAA", "b1..\(sealed)", sealed + ".x"] {
            #expect(box.open(text, for: "a/1") == nil)
        }
        let empty = box.seal(Secret([]), for: "", using: chance)
        #expect(box.open(empty, for: "")?.reveal { $0 } == [])
    }

    @Test func `a new key seals, the former ones still open`() {
        let chance = SeededRandomness(seed: 4)
        let old = SecretBox(Self.key("k1", 1))
        let both = SecretBox(Self.key("k2", 2), previous: [Self.key("k1", 1)])
        let sealed = old.seal(Secret([1, 2, 3]), for: "p", using: chance)
        #expect(both.open(sealed, for: "p")?.reveal { $0 } == [1, 2, 3] && !both.isCurrent(sealed))
        let anew = both.seal(Secret([1, 2, 3]), for: "p", using: chance)
        #expect(both.isCurrent(anew) && old.open(anew, for: "p") == nil)
    }

    private struct Row: RowDecodable {
        let sealed: String

        init(row: SQLRow) throws(StorageError) { sealed = try row.value(at: 0) }
    }

    @Test(arguments: Backend.all)
    func `no secret of a channel can be read in the database, nor opened as another channel's`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let one = try await stage.channel()
            let two = try await stage.channel(account: "page-2")
            func sealed(_ id: ID<Channel>) async throws -> String {
                try #require(
                    try await stage.storage.reader(for: stage.tenant).first(
                        Row.self, "test.sealed",
                        """
                        SELECT s.sealed FROM inbox_channel_secrets s
                        WHERE s.tenant_id = \(stage.tenant) AND s.channel_id = \(id)
                        """)
                ).sealed
            }
            let text = try await sealed(one.id)
            for secret in ["the vendor's secret", "open sesame", "token"] { #expect(!text.contains(secret)) }
            let known = try #require(try await stage.office.channels.store.keys(of: one.id, in: stage.tenant))
            #expect(known.keys.token.reveal { $0 } == "token" && known.isSealedAnew)
            #expect(known.keys.secrets.verifyToken?.reveal { $0 } == "open sesame")
            // Somebody who can write to the database puts one channel's secrets in another's place.
            _ = try await stage.storage.writer(for: stage.tenant).execute(
                "test.swap",
                """
                UPDATE inbox_channel_secrets SET sealed = \(text)
                WHERE tenant_id = \(stage.tenant) AND channel_id = \(two.id)
                """)
            await #expect(throws: StorageError.self) {
                try await stage.office.channels.store.keys(of: two.id, in: stage.tenant)
            }
        }
    }

    @Test(arguments: Backend.all)
    func `a channel that an older key has sealed is sealed anew when it is looked at`(backend: Backend) async throws {
        var reach = Stage.reach()
        reach.box = SecretBox(
            Self.key("k2", 2), previous: [SecretBox.Key(name: "k1", secret: Secret([UInt8](repeating: 7, count: 32)))])
        try await Stage.with(backend, reach: reach) { stage in
            let channel = try await stage.channel()
            let former = ChannelStore(storage: stage.storage, box: Stage.reach().box, randomness: stage.chance)
            let known = try await stage.office.channels.store.keys(of: channel.id, in: stage.tenant)
            let keys = try #require(known).keys
            try await stage.storage.write(for: stage.tenant) { transaction in
                _ = try await former.rekey(channel.id, keys, expiresAt: nil, through: transaction, in: stage.tenant)
            }
            let store = stage.office.channels.store
            #expect(try await store.keys(of: channel.id, in: stage.tenant)?.isSealedAnew == false)
            try await stage.office.care.check(channel.id, in: stage.tenant)
            let after = try #require(try await store.keys(of: channel.id, in: stage.tenant))
            #expect(after.isSealedAnew && after.keys.token.reveal { $0 } == "token")
        }
    }
}
