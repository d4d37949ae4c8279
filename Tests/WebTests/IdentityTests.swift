import Base
import BaseTestKit
import Testing
import Web
import WebTestKit

@Suite struct IdentityTests {
    @Test func `a browser without a key is given one, and known by it`() async throws {
        let test = try await TestSite(Fixtures.all)
        let first = try await test.get("/voter")
        let cookie = try #require(first.cookies)
        #expect(first["set-cookie"]?.contains("HttpOnly; SameSite=Lax") ?? false)
        let again = try await test.get("/voter", headers: [cookie])
        #expect(again.text == first.text)
        #expect(again.cookies == nil)
        #expect(try await test.get("/voter").text != first.text)
    }

    @Test func `a forged device key is ignored and a new one minted`() async throws {
        let test = try await TestSite(Fixtures.all)
        let first = try await test.get("/voter")
        let cookie = try #require(first.cookies)
        for forged in [String(cookie.value.dropLast()) + "A", cookie.value + ".x", "capstan_device=k1.AAAA.BBBB"]
        where forged != cookie.value {
            let answer = try await test.get("/voter", headers: [("cookie", forged)])
            #expect(answer.status == 200)
            #expect(answer.text != first.text)
            #expect(answer.cookies != nil)
        }
    }

    @Test func `the same device key is another voter in another tenant`() async throws {
        let seed = SeededRandomness(seed: 9)
        let keys = SigningKeys.ephemeral(seed)
        let clock = SimClock()
        let devices = DeviceKeys(keys: keys, randomness: seed, clock: clock)
        let one = try await TestSite(Fixtures.all, seed: 1) { $0.devices = devices }
        let two = try await TestSite(Fixtures.all, seed: 2) { $0.devices = devices }
        let first = try await one.get("/voter")
        let second = try await two.get("/voter", headers: [try #require(first.cookies)])
        #expect(second.status == 200)
        #expect(second.cookies == nil)
        #expect(second.text != first.text)
    }

    @Test func `a session opens what needs one, for its role`() async throws {
        let test = try await TestSite(Fixtures.all)
        let person: ID<Person> = test.newID()
        #expect(try await test.get("/me").problemCode == "web.unauthenticated")
        let answer = try await test.get("/me", headers: [try await test.session(of: person)])
        #expect(answer.text == #"{"text":"\#(person)"}"#)
        #expect(try await test.get("/desk", headers: [try await test.session(of: person)]).status == 403)
        let moderator = try await test.session(of: person, role: .moderator)
        #expect(try await test.get("/desk", headers: [moderator]).status == 200)
    }

    @Test func `a session of another tenant is a foreign cookie`() async throws {
        let keys = SigningKeys.ephemeral(SeededRandomness(seed: 3))
        let clock = SimClock()
        let sessions = await Sessions(keys: keys, clock: clock)
        let one = try await TestSite(Fixtures.all, seed: 1, clock: clock) { $0.sessions = sessions }
        let two = try await TestSite(Fixtures.all, seed: 2, clock: clock) { $0.sessions = sessions }
        let cookie = try await one.session(of: one.newID())
        #expect(try await one.get("/me", headers: [cookie]).status == 200)
        #expect(try await two.get("/me", headers: [cookie]).status == 401)
    }

    @Test func `a session ends by time, by revocation and by a wrong key`() async throws {
        struct Epochs: SessionRevocation {
            func isCurrent(_ person: ID<Person>, version: Int, in tenant: Tenant) -> Bool { version >= 2 }
        }
        let test = try await TestSite(Fixtures.all) { $0.revocation = Epochs() }
        let person: ID<Person> = test.newID()
        #expect(try await test.get("/me", headers: [try await test.session(of: person, version: 1)]).status == 401)
        let good = try await test.session(of: person, version: 2)
        #expect(try await test.get("/me", headers: [good]).status == 200)
        test.clock.advance(by: .seconds(8 * 86_400))
        let renewed = try await test.get("/me", headers: [good])
        let cookie = try #require(renewed.cookies)
        test.clock.advance(by: .seconds(7 * 86_400))
        #expect(try await test.get("/me", headers: [good]).status == 401)
        #expect(try await test.get("/me", headers: [cookie]).status == 200)
        let other = try await TestSite(Fixtures.all, seed: 77)
        #expect(try await test.get("/me", headers: [try await other.session(of: person, version: 2)]).status == 401)
    }

    @Test func `keys can be rotated without signing anybody out`() async throws {
        let randomness = SeededRandomness(seed: 4)
        let old = SigningKeys.Key(name: "old", secret: Secret(randomness.bytes(32)))
        let new = SigningKeys.Key(name: "new", secret: Secret(randomness.bytes(32)))
        let clock = SimClock()
        let before = await Sessions(keys: SigningKeys(old), clock: clock)
        let after = await Sessions(keys: SigningKeys(new, previous: [old]), clock: clock)
        let alone = await Sessions(keys: SigningKeys(new), clock: clock)
        let signer = try await TestSite(Fixtures.all, clock: clock) { $0.sessions = before }
        let cookie = try await signer.session(of: signer.newID())
        let rotated = try await TestSite(Fixtures.all, clock: clock) { $0.sessions = after }
        #expect(try await rotated.get("/me", headers: [cookie]).status == 200)
        let forgetful = try await TestSite(Fixtures.all, clock: clock) { $0.sessions = alone }
        #expect(try await forgetful.get("/me", headers: [cookie]).status == 401)
    }

    @Test func `an API key opens what its scopes name, in its tenant`() async throws {
        struct OneKey: APIKeyVerifier {
            var tenant: Tenant
            func grant(for key: Secret<String>) async throws -> KeyGrant? {
                key.reveal { $0 } == "good" ? KeyGrant(tenant: tenant, scopes: ["test.read"], name: "one") : nil
            }
        }
        let seed = SeededRandomness(seed: 5)
        let tenant = Tenant(ID(at: .epoch, using: seed))
        func route(_ path: PathTemplate, _ name: String, _ scope: Scope) -> Route {
            Route(.get, path, name, "Reads.", policy: .apiKey(scope), limit: Fixtures.free, budget: 0) {
                (request: Request<NoInput>) in Greeting(text: "\(request.tenant.id)")
            }
        }
        let test = try await TestSite([route("/r", "test.r", "test.read"), route("/w", "test.w", "test.write")]) {
            $0.apiKeys = OneKey(tenant: tenant)
        }
        let answer = try await test.get("/r", headers: [("authorization", "Bearer good")])
        #expect(answer.text == #"{"text":"\#(tenant.id)"}"#)
        #expect(try await test.get("/w", headers: [("authorization", "Bearer good")]).status == 403)
        #expect(try await test.get("/r", headers: [("authorization", "Bearer bad")]).status == 401)
        #expect(try await test.get("/r", headers: [("authorization", "Basic Zm9v")]).status == 401)
        #expect(try await test.get("/r").status == 401)
    }

    @Test func `what another site makes the browser send is refused`() async throws {
        let test = try await TestSite(Fixtures.all)
        let cookie = try #require(try await test.get("/voter").cookies)
        let path = "/votes/\(test.newID(Device.self))"
        let body = #"{"weight": 1}"#
        let cross = [("sec-fetch-site", "cross-site"), cookie]
        #expect(try await test.post(path, json: body, headers: cross).problemCode == "web.crossSite")
        let origin = [("host", "vote.example"), ("origin", "https://evil.example"), cookie]
        #expect(try await test.post(path, json: body, headers: origin).problemCode == "web.crossSite")
        let own = [
            ("host", "vote.example"), ("origin", "https://vote.example"), ("sec-fetch-site", "same-origin"), cookie,
        ]
        #expect(try await test.post(path, json: body, headers: own).status == 201)
        let form = try await test.request(
            "POST", path, headers: [("content-type", "application/x-www-form-urlencoded"), cookie],
            body: Array("weight=1".utf8))
        #expect(form.status == 415)
    }

    @Test func `a form needs the token of the browser it was shown to`() async throws {
        let test = try await TestSite(Fixtures.all)
        let shown = try await test.get("/token")
        let cookie = try #require(shown.cookies)
        let token = shown.text.split(separator: "\"")[3]
        func send(_ token: some StringProtocol, _ cookie: (name: String, value: String)) async throws -> PerformedAnswer
        {
            try await test.request(
                "POST", "/form", headers: [("content-type", "application/x-www-form-urlencoded"), cookie],
                body: Array("text=a+b%21&formToken=\(token)".utf8))
        }
        let sent = try await send(token, cookie)
        #expect(sent.status == 303)
        #expect(sent["location"] == "/done")
        #expect(try await send("nonsense", cookie).problemCode == "web.crossSite")
        let stranger = try #require(try await test.get("/token").cookies)
        #expect(try await send(token, stranger).problemCode == "web.crossSite")
    }

    @Test func `a used-up rate says when to come back, and new device keys do not help for long`() async throws {
        let route = Route(
            .get, "/limited", "test.limited", "Is limited.", policy: .voter, limit: .per(.voter, "test.rate", 2),
            budget: 0
        ) { (_: Request<NoInput>) in NoContent() }
        let test = try await TestSite([route])
        let cookie = try #require(try await test.get("/limited").cookies)
        #expect(try await test.get("/limited", headers: [cookie]).status == 200)
        let refused = try await test.get("/limited", headers: [cookie])
        #expect(refused.status == 429)
        #expect(refused.problemCode == "limits.rate")
        #expect(refused["retry-after"] == "30")
        #expect(refused["ratelimit"] == #""test.rate";r=0;t=30"#)
        #expect(refused.text.contains(#""retryAfter":30"#))
        #expect(refused.text.contains(#""left":0"#))
        test.clock.advance(by: .seconds(30))
        #expect(try await test.get("/limited", headers: [cookie]).status == 200)
        var statuses: [Int] = []
        for _ in 0..<40 { statuses.append(try await test.get("/limited").status) }
        #expect(statuses.contains(200))
        #expect(statuses.last == 429)
    }

    static let proxies: [(Int, String?, String)] = [
        (0, "6.6.6.6", "1.1.1.1"), (1, "6.6.6.6, 2.2.2.2", "2.2.2.2"), (2, "6.6.6.6, 2.2.2.2, 3.3.3.3", "2.2.2.2"),
        (2, "2.2.2.2", "1.1.1.1"), (1, nil, "1.1.1.1"), (1, "[2001:db8::1]:443", "2001:db8:0:0:0:0:0:1"),
        (1, "::ffff:9.9.9.9", "9.9.9.9"), (1, "9.9.9.9:1234", "9.9.9.9"), (1, "nonsense", "1.1.1.1"),
    ]

    @Test(arguments: proxies)
    func `the client is found at the trusted distance`(hops: Int, header: String?, client: String) async throws {
        let route = Route(
            .get, "/ip", "test.ip", "Shows the address.", policy: .anyone, limit: Fixtures.free, budget: 0
        ) { (request: Request<NoInput>) in Greeting(text: "\(request.clientAddress)") }
        var settings = SiteSettings()
        settings.trustedHops = hops
        let test = try await TestSite([route], settings: settings)
        let peer = try #require(IPAddress("1.1.1.1"))
        let answer = try await test.request(
            "GET", "/ip", headers: header.map { [("x-forwarded-for", $0)] } ?? [], peer: peer)
        #expect(answer.text == #"{"text":"\#(client)"}"#)
    }

    @Test func `addresses of one subscriber are one group`() throws {
        let one = try #require(IPAddress("2001:db8:1:2:3:4:5:6"))
        let two = try #require(IPAddress("2001:db8:1:2::1"))
        let other = try #require(IPAddress("2001:db8:1:3::1"))
        #expect(one.group == two.group)
        #expect(one.group != other.group)
        #expect(try #require(IPAddress("10.0.0.1")).group != #require(IPAddress("10.0.0.2")).group)
        #expect(IPAddress("::ffff:10.0.0.1") == IPAddress("10.0.0.1"))
        #expect(IPAddress("10.0.0") == nil)
    }
}
