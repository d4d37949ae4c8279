import Base
import BaseTestKit
import NIOCore
import Testing

@testable import Realtime

@Suite struct MachineTests {
    private let tenant = Tenant(ID(high: 1, low: 1))
    private let other = Tenant(ID(high: 1, low: 2))

    private func holder(_ number: UInt64, of tenant: Tenant? = nil) -> SeatMachine.Holder {
        .init(tenant: tenant ?? self.tenant, seat: ID(high: 9, low: number))
    }

    @Test func `connections of a node that falls silent are counted no more`() {
        var seats = SeatMachine()
        seats.take(holder(1))
        let isNew = seats.beat(of: 7, at: .seconds(1))
        #expect(isNew)
        seats.heard(3, of: holder(1), on: 7)
        seats.heard(2, of: holder(2, of: other), on: 7)
        #expect(seats.count(of: holder(1)) == 4)
        #expect(seats.count(of: tenant) == 4)
        #expect(seats.count(of: other) == 2)
        #expect(seats.bury(at: .seconds(31)).isEmpty)
        #expect(seats.bury(at: .seconds(32)) == [7])
        #expect(seats.count(of: holder(1)) == 1)
        #expect(seats.count(of: other) == 0)
        // What comes late of it counts nothing: it does not live.
        seats.heard(3, of: holder(1), on: 7)
        #expect(seats.count(of: holder(1)) == 1)
    }

    @Test func `what is told of seats is how many there are now, however often it is told`() {
        var seats = SeatMachine()
        seats.take(holder(1))
        seats.take(holder(1))
        #expect(seats.takeUntold() == [.seats(tenant, holder(1).seat, count: 2)])
        #expect(seats.takeUntold().isEmpty)
        seats.giveBack(holder(1))
        seats.giveBack(holder(1))
        seats.giveBack(holder(1))
        #expect(seats.takeUntold() == [.seats(tenant, holder(1).seat, count: 0)])
        #expect(seats.ownCount == 0)
        _ = seats.beat(of: 7, at: .zero)
        for _ in 0..<3 { seats.heard(2, of: holder(1), on: 7) }
        #expect(seats.count(of: holder(1)) == 2)
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `nodes that come, tell, lose word and die are counted as what they have told`(seed: UInt64) {
        let chance = SeededRandomness(seed: seed)
        var seats = SeatMachine()
        // What each node that lives has told last, told anew while it tells everything, and this node's own.
        var told: [UInt64: [SeatMachine.Holder: Int]] = [:]
        var telling: [UInt64: [SeatMachine.Holder: Int]] = [:]
        var own: [SeatMachine.Holder: Int] = [:]
        var now = Duration.zero
        for round in 0..<20_000 {
            let node = 1 + chance.next() % 5
            let holder = holder(chance.next() % 12, of: chance.next().isMultiple(of: 2) ? tenant : other)
            switch chance.next() % 100 {
            case ..<30:
                seats.take(holder)
                own[holder, default: 0] += 1
            case ..<60:
                seats.giveBack(holder)
                own[holder] = own[holder].flatMap { $0 > 1 ? $0 - 1 : nil }
            case ..<85:
                let count = Int(chance.next() % 4)
                seats.heard(count, of: holder, on: node)
                if told[node] != nil { told[node]?[holder] = count }
                if telling[node] != nil { telling[node]?[holder] = count }
            case ..<90:
                now += .seconds(1)
                #expect(seats.beat(of: node, at: now) == (told[node] == nil), "seed \(seed), round \(round)")
                told[node] = told[node] ?? [:]
            case ..<94:
                seats.beginTelling(by: node)
                if told[node] != nil { telling[node] = [:] }
            case ..<98:
                seats.endTelling(by: node)
                if let anew = telling.removeValue(forKey: node) { told[node] = anew }
            default:
                now += .seconds(10)
                for dead in seats.bury(at: now) { (told[dead], telling[dead]) = (nil, nil) }
            }
            func sum(_ isCounted: (SeatMachine.Holder) -> Bool) -> Int {
                ([own] + told.values).reduce(0) { $0 + $1.reduce(0) { isCounted($1.key) ? $0 + $1.value : $0 } }
            }
            #expect(seats.count(of: holder) == sum { $0 == holder }, "seed \(seed), round \(round)")
            #expect(
                seats.count(of: holder.tenant) == sum { $0.tenant == holder.tenant }, "seed \(seed), round \(round)")
        }
    }

    @Test func `somebody goes with the last of their connections, and with the node that dies`() {
        var presence = PresenceMachine()
        let key = TopicKey(tenant, TopicKind("a/{b}") { _, _ in .refused }("c"))
        let ines = TopicMember(id: ID(high: 1, low: 1), name: "Ines")
        #expect(presence.set(1, of: ines, in: key, on: nil)?.isHere == true)
        #expect(presence.set(2, of: ines, in: key, on: 7) == nil)
        #expect(presence.set(0, of: ines, in: key, on: nil) == nil)
        #expect(presence.members(of: key) == [ines])
        #expect(presence.bury(7) == [.init(key: key, member: ines, isHere: false)])
        #expect(presence.members(of: key).isEmpty)
        #expect(presence.bury(7).isEmpty)
    }

    @Test func `what a node that tells everything does not tell again is no more`() {
        var seats = SeatMachine()
        _ = seats.beat(of: 7, at: .zero)
        seats.heard(2, of: holder(1), on: 7)
        seats.heard(1, of: holder(2), on: 7)
        seats.beginTelling(by: 7)
        seats.heard(2, of: holder(1), on: 7)
        seats.endTelling(by: 7)
        #expect(seats.count(of: holder(1)) == 2)
        #expect(seats.count(of: holder(2)) == 0)
        #expect(seats.count(of: tenant) == 2)
        var presence = PresenceMachine()
        let key = TopicKey(tenant, TopicKind("a/{b}") { _, _ in .refused }("c"))
        let (ines, tom) = (
            TopicMember(id: ID(high: 1, low: 1), name: "Ines"), TopicMember(id: ID(high: 1, low: 2), name: "Tom")
        )
        for member in [ines, tom] { _ = presence.set(1, of: member, in: key, on: 7) }
        presence.beginTelling(by: 7)
        #expect(presence.set(1, of: tom, in: key, on: 7) == nil)
        #expect(presence.endTelling(by: 7) == [.init(key: key, member: ines, isHere: false)])
        #expect(presence.members(of: key) == [tom])
        #expect(presence.endTelling(by: 7).isEmpty)
    }

    @Test func `parcels say what was put into them and stay below the bus's bound`() throws {
        let key = TopicKey(tenant, try #require(TopicName("a/b")))
        let json = ByteBuffer(string: "{\"x\":1}")
        let entries: [BusEntry] = [
            .message(key, TopicPosition(epoch: 5, offset: 9), json: json),
            .message(key, TopicPosition(epoch: -5, offset: 0), json: nil), .look, .signal(key, json: json),
            .seats(tenant, ID(high: 3, low: 4), count: 12),
            .member(key, TopicMember(id: ID(high: 3, low: 4), name: "Zoë"), count: 1), .beat, .hello, .telling,
            .told,
        ]
        for parcel in BusParcel.pack(entries, from: 77) {
            #expect(BusParcel(parcel.encoded) == parcel)
        }
        let large = ByteBuffer(repeating: 0x20, count: RealtimeBounds.bodyBytes)
        let many = (1...9).map { BusEntry.message(key, TopicPosition(epoch: 5, offset: $0), json: large) }
        let parcels = BusParcel.pack(many, from: 77)
        #expect(parcels.flatMap(\.entries) == many)
        #expect(parcels.allSatisfy { $0.encoded.count < 65_536 })
        #expect(BusParcel([1, 2, 3]) == nil)
        // What is cut off is not read, and nothing else is made of it.
        let whole = BusParcel(node: 1, entries: entries).encoded
        for length in 8..<whole.count {
            let part = try #require(BusParcel(Array(whole.prefix(length))))
            #expect(part.entries == Array(entries.prefix(part.entries.count)))
        }
    }

    @Test(arguments: ["a", "inbox/list/open", "a/b-c_d.e:f", "A/9"])
    func `names are words between slashes`(text: String) { #expect(TopicName(text)?.description == text) }

    @Test(arguments: ["", "/a", "a/", "a//b", "a b", "a/\"", "ä", "a,b", String(repeating: "a", count: 201)])
    func `what is no name is none`(text: String) { #expect(TopicName(text) == nil) }

    @Test func `a pattern finds what stands in its holes`() throws {
        let kind = TopicKind("inbox/{view}/of/{person}") { _, _ in .refused }
        let name = kind("open", "7")
        #expect(name.description == "inbox/open/of/7")
        #expect(kind.pattern.match(name)?["person"] == "7")
        #expect(kind.pattern.match(try #require(TopicName("inbox/open/of"))) == nil)
        #expect(kind.pattern.match(try #require(TopicName("outbox/open/of/7"))) == nil)
    }

    @Test func `a command is read, and what is wrong with one is said`() throws {
        let name = try #require(TopicName("a/b"))
        let command = try ClientCommand(
            "{\"id\":3,\"do\":\"subscribe\",\"topic\":\"a/b\",\"epoch\":\"-7b\",\"offset\":0}")
        #expect(command.id == 3)
        #expect(command.act == .subscribe(name, from: TopicPosition(epoch: -123, offset: 0)))
        for text in [
            "", "[]", "{", "{\"do\":\"dance\"}", "{\"do\":\"subscribe\",\"topic\":\"a b\"}",
            "{\"do\":\"subscribe\",\"topic\":\"a\",\"epoch\":\"zz\",\"offset\":1}",
            "{\"do\":\"publish\",\"topic\":\"a\"}",
        ] {
            #expect(throws: ClientCommand.Malformed.self) { try ClientCommand(text) }
        }
    }

    @Test func `a frame and an event share one buffer`() throws {
        let name = try #require(TopicName("a/b"))
        for count in [1, 100, 126, 70_000] {
            let body = "\"\(String(repeating: "x", count: count))\""
            let frame = SharedFrame(topic: name, offset: 12, body: ByteBuffer(string: body))
            let json = "{\"topic\":\"a/b\",\"offset\":12,\"data\":\(body)}"
            #expect(String(buffer: frame.event) == json + "\n\n")
            #expect(String(buffer: frame.json) == json)
            var socket = frame.socket
            #expect(socket.readInteger(as: UInt8.self) == 0x81)
            #expect(socket.readableBytes >= json.utf8.count)
            #expect(String(buffer: socket).hasSuffix(json))
        }
        #expect(JSONText.quoted("a\"\\\n\u{1}é") == "\"a\\\"\\\\\\n\\u0001é\"")
    }

    @Test func `a handshake is answered as the standard's example says`() throws {
        func answer(_ change: (inout [String: String]) -> Void = { _ in }) throws -> String? {
            var headers = [
                "upgrade": "websocket", "connection": "keep-alive, Upgrade", "sec-websocket-version": "13",
                "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==", "origin": "http://a.test:80",
            ]
            change(&headers)
            return try SocketHandshake.answer(host: "a.test:80") { headers[$0] }
                .first { $0.name == "sec-websocket-accept" }?.value
        }
        #expect(try answer() == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        #expect(throws: RealtimeError.self) { try answer { $0["origin"] = "http://evil.test" } }
        #expect(throws: RealtimeError.self) { try answer { $0["sec-websocket-version"] = "8" } }
        #expect(throws: RealtimeError.self) { try answer { $0["sec-websocket-key"] = "c2hvcnQ=" } }
        #expect(throws: RealtimeError.self) { try answer { $0["upgrade"] = "h2c" } }
    }
}
