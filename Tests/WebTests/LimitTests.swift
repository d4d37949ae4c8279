import Base
import Testing
import Web
import WebTestKit

/// What a server refuses because there is too much of it.
@Suite struct LimitTests {
    @Test func `more connections than allowed wait until one ends`() async throws {
        var settings = ServerSettings()
        settings.connectionsMax = 1
        let test = try await TestSite(Fixtures.all)
        try await TestServer.run(test.site, settings: settings) { server in
            let second = Signal()
            try await withThrowingTaskGroup(of: Void.self) { group in
                try await server.connect().run { inbound, outbound in
                    try await outbound.send("GET /hello HTTP/1.1\r\nhost: test\r\n\r\n")
                    #expect(try await inbound.read(to: "hello").hasPrefix("HTTP/1.1 200"))
                    group.addTask {
                        let text = try await server.exchange(
                            "GET /hello HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n")
                        second.fire()
                        #expect(text.hasPrefix("HTTP/1.1 200"))
                    }
                    try await outbound.send("GET /hello HTTP/1.1\r\nhost: test\r\n\r\n")
                    _ = try await inbound.read(to: "hello")
                    #expect(!second.hasFired)
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func `the guard over all routes counts an address before anything else`() async throws {
        var settings = SiteSettings()
        settings.guardPerMinute = 3
        let test = try await TestSite(Fixtures.all, settings: settings)
        let one = try #require(IPAddress("2001:db8::1"))
        let same = try #require(IPAddress("2001:db8::2"))
        let other = try #require(IPAddress("2001:db8:0:1::1"))
        for _ in 0..<3 { #expect(try await test.request("GET", "/nowhere", peer: one).status == 404) }
        #expect(try await test.request("GET", "/hello", peer: same).status == 429)
        #expect(try await test.request("GET", "/hello", peer: other).status == 200)
    }

    @Test func `cookies are for encrypted connections only where the client has one`() async throws {
        var settings = SiteSettings()
        settings.trustedHops = 1
        let test = try await TestSite(Fixtures.all, settings: settings)
        let secure = try await test.get("/voter", headers: [("x-forwarded-proto", "https")])
        #expect(secure["set-cookie"]?.hasSuffix("; Secure") ?? false)
        let plain = try await test.get("/voter", headers: [("x-forwarded-proto", "https, http")])
        #expect(plain["set-cookie"]?.hasSuffix("; Secure") == false)
        let unbelieved = try await TestSite(Fixtures.all).get("/voter", headers: [("x-forwarded-proto", "https")])
        #expect(unbelieved["set-cookie"]?.hasSuffix("; Secure") == false)
    }

    @Test func `a public answer to a key is kept by nobody`() async throws {
        struct AnyKey: APIKeyVerifier {
            var tenant: Tenant
            func grant(for key: Secret<String>) async throws -> KeyGrant? {
                KeyGrant(tenant: tenant, scopes: [], name: "any")
            }
        }
        let tenant = Tenant(ID(high: 1, low: 1))
        let test = try await TestSite(Fixtures.all) { $0.apiKeys = AnyKey(tenant: tenant) }
        let answer = try await test.get("/hello", headers: [("authorization", "Bearer x")])
        #expect(answer["cache-control"] == "private, no-store")
    }
}
