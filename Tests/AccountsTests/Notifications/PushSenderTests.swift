import Base
import BaseTestKit
import Crypto
import Outbound
import OutboundTestKit
import Storage
import StorageBackends
import StorageTestKit
import Telemetry
import Testing

@testable import Accounts

@Suite(.databases) struct PushSenderTests {
    private struct Post {
        let installation: Installation
        let notifications: Notifications
        let subscriptions: PushSubscriptions
        let identity = PushIdentity(
            secret: Secret([UInt8](repeating: 9, count: 32)), contact: "mailto:you@example.com")

        init(_ backend: Backend) async throws {
            installation = try await Installation(backend)
            notifications = Notifications(
                storage: installation.storage, clock: installation.clock, randomness: SeededRandomness(seed: 41))
            subscriptions = PushSubscriptions(
                storage: installation.storage, clock: installation.clock, randomness: SeededRandomness(seed: 42))
        }

        func sender(_ options: OutboundOptions? = nil) throws -> PushSender {
            PushSender(
                storage: installation.storage, identity: identity,
                outbound: OutboundClient(
                    try options ?? .trustingPeers(), clock: SystemClock(), events: installation.events),
                clock: installation.clock, randomness: SeededRandomness(seed: 43), events: installation.events)
        }

        func tell(_ people: [ID<Person>], _ title: String, _ kind: NoticeKind = .win) async throws {
            let (notifications, tenant) = (notifications, installation.open)
            try await installation.storage.write(for: tenant) { transaction in
                try await notifications.notify(
                    people, kind, NoticeMessage(title: title, link: "/slots/1"), for: tenant, in: transaction)
            }
        }

        func count(_ outcome: String) -> Bool {
            installation.events.metrics.prometheusText().contains("capstan_pushes_total{outcome=\"\(outcome)\"}")
        }

        /// Deliveries that wait.
        func waiting() async throws -> Int {
            struct Count: RowDecodable {
                let number: Int
                init(row: SQLRow) throws(StorageError) { number = try row.value(at: 0) }
            }
            return try await installation.storage.reader(for: installation.open).aggregate(
                Count.self, "test.waiting",
                "SELECT count(*) FROM push_deliveries WHERE tenant_id = \(installation.open)"
            ).number
        }
    }

    private let ada = ID<Person>(high: 1, low: 1)
    private let bob = ID<Person>(high: 1, low: 2)

    @Test(arguments: Backend.all) func `a committed notice reaches every device of the person, once`(backend: Backend)
        async throws
    {
        let post = try await Post(backend)
        try await FakePushService.run { service, peer in
            let devices = (1...3).map { service.device("d\($0)", at: peer) }
            for device in devices.prefix(2) {
                try await post.subscriptions.subscribe(device.offer, of: ada, in: post.installation.open)
            }
            try await post.subscriptions.subscribe(devices[2].offer, of: bob, in: post.installation.open)
            try await post.tell([ada], "You win 🎬")
            let sender = try post.sender()
            #expect(try await sender.sendBatch() == 2)
            #expect(try await sender.sendBatch() == 0)
            let notice = try #require(
                try await post.notifications.page(of: ada, in: post.installation.open).items.first)
            for device in devices.prefix(2) {
                #expect(
                    service.messages(of: device) == [
                        ["id": notice.id.description, "title": "You win 🎬", "text": "", "link": "/slots/1"]
                    ])
            }
            #expect(service.messages(of: devices[2]).isEmpty)
            #expect(try await post.waiting() == 0)
        }
    }

    @Test(arguments: Backend.all) func `a device that is gone is forgotten, and one that refuses is not asked again`(
        backend: Backend
    ) async throws {
        let post = try await Post(backend)
        try await FakePushService.run { service, peer in
            let tenant = post.installation.open
            let statuses = [404, 410, 413, 201]
            let devices = statuses.map { service.device("s\($0)", at: peer) }
            for (device, status) in zip(devices, statuses) {
                try await post.subscriptions.subscribe(device.offer, of: ada, in: tenant)
                if status != 201 { service.answer(device, [(status, nil)]) }
            }
            let sender = try post.sender()
            for title in ["one", "two"] {
                try await post.tell([ada], title)
                _ = try await sender.sendBatch()
            }
            #expect(try await post.waiting() == 0)
            #expect(service.messages(of: devices[0]).isEmpty && service.messages(of: devices[1]).isEmpty)
            #expect(service.messages(of: devices[2]).map { $0["title"] } == ["two"], "413 is this message's fault")
            #expect(service.messages(of: devices[3]).map { $0["title"] } == ["one", "two"])
            #expect(peer.received.count == 6)
            #expect(post.count("gone") && post.count("refused") && post.count("delivered"))
        }
    }

    @Test(arguments: Backend.all) func `a service that is busy is asked again when it said, and five times at most`(
        backend: Backend
    ) async throws {
        let post = try await Post(backend)
        try await FakePushService.run { service, peer in
            let clock = post.installation.clock
            let device = service.device("busy", at: peer)
            try await post.subscriptions.subscribe(device.offer, of: ada, in: post.installation.open)
            service.answer(device, [(429, "600"), (503, nil)])
            let sender = try post.sender()
            try await post.tell([ada], "patience")
            #expect(try await sender.sendBatch() == 1)
            clock.advance(by: .seconds(599))
            #expect(try await sender.sendBatch() == 0)
            clock.advance(by: .seconds(1))
            #expect(try await sender.sendBatch() == 1)
            clock.advance(by: .seconds(120))
            #expect(try await sender.sendBatch() == 1)
            #expect(service.messages(of: device).count == 1)
            #expect(try await post.waiting() == 0)

            service.answer(device, .init(repeating: (500, nil), count: 9))
            try await post.tell([ada], "never")
            for _ in 0..<9 {
                _ = try await sender.sendBatch()
                clock.advance(by: .seconds(3_600))
            }
            #expect(peer.received.count == 3 + 5)
            #expect(try await post.waiting() == 0)
            #expect(post.count("abandoned") && post.count("retried"))
        }
    }

    @Test(arguments: Backend.all) func `two nodes at once send each push once`(backend: Backend) async throws {
        let post = try await Post(backend)
        try await FakePushService.run { service, peer in
            let device = service.device("one", at: peer)
            try await post.subscriptions.subscribe(device.offer, of: ada, in: post.installation.open)
            for number in 0..<60 { try await post.tell([ada], "\(number)") }
            let (one, other) = (try post.sender(), try post.sender())
            try await withThrowingTaskGroup(of: Void.self) { group in
                for sender in [one, other, one, other] {
                    group.addTask { while try await sender.sendBatch() > 0 {} }
                }
                try await group.waitForAll()
            }
            let titles = service.messages(of: device).compactMap { $0["title"] }
            #expect(titles.count == 60 && Set(titles).count == 60)
        }
    }

    @Test(arguments: Backend.all) func `what a killed node had taken is sent by another when its time is over`(
        backend: Backend
    ) async throws {
        let post = try await Post(backend)
        try await FakePushService.run { service, peer in
            let device = service.device("one", at: peer)
            try await post.subscriptions.subscribe(device.offer, of: ada, in: post.installation.open)
            try await post.tell([ada], "survives")
            let outbox = PushOutbox(storage: post.installation.storage)
            let taken = try await outbox.take(at: post.installation.clock.now())
            #expect(taken.count == 1)
            let sender = try post.sender()
            #expect(try await sender.sendBatch() == 0)
            post.installation.clock.advance(by: PushOutbox.Bounds.lease)
            #expect(try await sender.sendBatch() == 1)
            #expect(service.messages(of: device).count == 1)
            // The zombie comes back and changes nothing: its attempt is not the last one.
            try await post.tell([ada], "next")
            let next = try await outbox.take(at: post.installation.clock.now())
            post.installation.clock.advance(by: PushOutbox.Bounds.lease)
            let again = try await outbox.take(at: post.installation.clock.now())
            #expect(again.map(\.attempt) == [2])
            try await outbox.settle(.init(over: next))
            #expect(try await post.waiting() == 1)
            try await outbox.settle(.init(over: again))
            #expect(try await post.waiting() == 0)
        }
    }

    @Test(arguments: Backend.all) func `a service that cannot be reached costs an attempt, and time ends a push`(
        backend: Backend
    ) async throws {
        let post = try await Post(backend)
        try await FakePushService.run { service, peer in
            let device = service.device("off", at: peer)
            try await post.subscriptions.subscribe(device.offer, of: ada, in: post.installation.open)
            peer.plan([.drop, .garbage])
            let sender = try post.sender()
            try await post.tell([ada], "through")
            for _ in 0..<3 {
                _ = try await sender.sendBatch()
                post.installation.clock.advance(by: .seconds(600))
            }
            #expect(service.messages(of: device).count == 1)
            try await post.tell([ada], "too late")
            post.installation.clock.advance(by: .seconds(86_401))
            #expect(try await sender.sendBatch() == 1)
            #expect(service.messages(of: device).count == 1 && post.count("expired"))
            #expect(try await post.waiting() == 0)
        }
    }

    @Test(arguments: Backend.all) func `an endpoint within our own network is never called, and forgotten`(
        backend: Backend
    ) async throws {
        let post = try await Post(backend)
        try await FakePushService.run { service, peer in
            let device = service.device("inside", at: peer)
            try await post.subscriptions.subscribe(device.offer, of: ada, in: post.installation.open)
            try await post.tell([ada], "never")
            _ = try await post.sender(OutboundOptions()).sendBatch()
            #expect(peer.connections == 0)
            try await post.tell([ada], "nobody is left")
            #expect(try await post.waiting() == 0)
        }
    }

    @Test(arguments: Backend.all) func `a person has ten devices, and a device belongs to the last who subscribed`(
        backend: Backend
    ) async throws {
        let post = try await Post(backend)
        try await FakePushService.run { service, peer in
            let tenant = post.installation.open
            let devices = (0..<12).map { service.device("d\($0)", at: peer) }
            for device in devices {
                post.installation.clock.advance(by: .seconds(1))
                try await post.subscriptions.subscribe(device.offer, of: ada, in: tenant)
            }
            try await post.tell([ada], "ten")
            _ = try await post.sender().sendBatch()
            #expect(devices.map { service.messages(of: $0).count } == [0, 0] + .init(repeating: 1, count: 10))
            try await post.subscriptions.subscribe(devices[11].offer, of: bob, in: tenant)
            try await post.tell([ada, bob], "shared")
            _ = try await post.sender().sendBatch()
            #expect(service.messages(of: devices[11]).count == 2 && service.messages(of: devices[5]).count == 2)
            #expect(
                try await post.subscriptions.unsubscribe(devices[11].endpoint.description, of: ada, in: tenant) == false
            )
            #expect(try await post.subscriptions.unsubscribe(devices[11].endpoint.description, of: bob, in: tenant))
        }
    }

    @Test func `an offer that is none is not taken`() throws {
        let key = Base64URL.encode(P256.KeyAgreement.PrivateKey().publicKey.x963Representation)
        let secret = Base64URL.encode([UInt8](repeating: 1, count: 16))
        #expect(PushOffer(endpoint: "https://push.example/x", publicKey: key, secret: secret) != nil)
        for (endpoint, key, secret) in [
            ("http://push.example/x", key, secret), ("https://", key, secret),
            ("https://push.example/x", "AAAA", secret), ("https://push.example/x", key, "AAAA"),
            ("https://push.example/x", Base64URL.encode([UInt8](repeating: 4, count: 65)), secret),
            ("https://push.example/" + String(repeating: "x", count: 3_000), key, secret),
        ] { #expect(PushOffer(endpoint: endpoint, publicKey: key, secret: secret) == nil) }
    }
}
