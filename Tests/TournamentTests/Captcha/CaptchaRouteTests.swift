import Base
import BaseTestKit
import Hosting
import Storage
import StorageBackends
import StorageTestKit
import Telemetry
import Testing
import Web
import WebTestKit

@testable import Tournament

@Suite(.databases) struct CaptchaRouteTests {
    private struct Scenery {
        let stage: Stage
        let house: Playhouse
        let site: TestSite
        let scene: Stage.Scene
        let cookie: (name: String, value: String)
    }

    private func with(
        _ backend: Backend, _ captcha: (Stage) -> CaptchaKind, clips: Int = 30,
        _ body: (Scenery) async throws -> Void
    ) async throws {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason(clips: clips)
            let house = stage.otherNode(captcha: captcha(stage))
            let pages = try Pages(
                [.web, TournamentPages.bundle], chrome: SiteChrome(name: "Test"), clock: stage.clock)
            let site = try await TestSite(
                TournamentProduct.api(house, flags: stage.flags) + FairnessRoutes(house: house).pages
                    + [pages.assets.route], clock: stage.clock, pages: pages
            ) { $0.tenants = SingleTenant(stage.tenant) }
            try await stage.flags.set(
                "requireCaptchaVoting", to: FlagState(isEnabled: true), for: stage.tenant)
            let cookie = try #require(try await site.get("/api/tournament/feed").cookies)
            try await body(Scenery(stage: stage, house: house, site: site, scene: scene, cookie: cookie))
        }
    }

    private func vote(
        _ clip: Int, _ it: Scenery, _ headers: [(name: String, value: String)], kind: String = "normal"
    ) async throws -> PerformedAnswer {
        try await it.site.post(
            "/api/tournament/votes", json: #"{"clipId":"\#(it.scene.clips[clip].id)","kind":"\#(kind)"}"#,
            headers: headers)
    }

    private func both(_ first: (name: String, value: String), _ second: (name: String, value: String)?) -> (
        name: String, value: String
    ) { ("cookie", [first.value, second?.value].compactMap { $0 }.joined(separator: "; ")) }

    @Test(arguments: Backend.all)
    func `one solved captcha gives half an hour of votes, to whom solved it`(backend: Backend) async throws {
        let fake = Shared<FakeVerifier?>(nil)
        try await with(
            backend,
            { stage in
                let verifier = FakeVerifier(clock: stage.clock)
                fake.withLock { $0 = verifier }
                return .verified(
                    TurnstileVerifier(
                        way: verifier, expectation: CaptchaExpectation(hosts: ["film.example"]), failed: { _ in }),
                    siteKey: "key")
            }
        ) { it in
            let verifier = try #require(fake.withLock { $0 })
            #expect(try await vote(0, it, [it.cookie]).problemCode == "tournament.captchaRequired")
            let token = verifier.solve("one")
            let passed = try await it.site.post(
                "/api/tournament/captcha", json: #"{"token":"\#(token)"}"#, headers: [it.cookie])
            #expect(passed.status == 200, "\(passed.text)")
            #expect(passed.text.contains(#""isLimited":false"#))
            let pass = try #require(passed.cookies)
            #expect(pass.value.hasPrefix("capstan_captcha="))
            #expect(try await vote(0, it, [both(it.cookie, pass)]).status == 201)
            #expect(try await vote(1, it, [both(it.cookie, pass)]).status == 201)
            #expect(try #require(it.site.records.last).cost[.statements] == 0)
            // Nobody else votes with it, and the token is spent.
            let stranger = try #require(try await it.site.get("/api/tournament/feed").cookies)
            #expect(try await vote(0, it, [both(stranger, pass)]).problemCode == "tournament.captchaRequired")
            let again = try await it.site.post(
                "/api/tournament/captcha", json: #"{"token":"\#(token)"}"#, headers: [stranger])
            #expect(again.status == 403)
            #expect(again.problemCode == "tournament.captchaFailed")
            #expect(again.text.contains(#""reason":"spent""#))
            it.stage.clock.advance(by: .seconds(1_800))
            #expect(try await vote(2, it, [both(it.cookie, pass)]).problemCode == "tournament.captchaRequired")
        }
    }

    @Test(arguments: Backend.all)
    func `while the verifier is down twenty points a day can be given, and not one more`(backend: Backend)
        async throws
    {
        let fake = Shared<FakeVerifier?>(nil)
        try await with(
            backend,
            { stage in
                let verifier = FakeVerifier(clock: stage.clock)
                fake.withLock { $0 = verifier }
                return .verified(
                    TurnstileVerifier(
                        way: verifier, expectation: CaptchaExpectation(hosts: ["film.example"]), failed: { _ in }),
                    siteKey: "key")
            }
        ) { it in
            let verifier = try #require(fake.withLock { $0 })
            verifier.set(.down)
            let passed = try await it.site.post(
                "/api/tournament/captcha", json: #"{"token":"x"}"#, headers: [it.cookie])
            #expect(passed.text.contains(#""isLimited":true"#))
            let limited = both(it.cookie, passed.cookies)
            #expect(try await vote(0, it, [limited], kind: "mega").status == 201)
            #expect(try await vote(1, it, [limited], kind: "super").status == 201)
            for clip in 2..<9 { #expect(try await vote(clip, it, [limited]).status == 201) }
            let refused = try await vote(9, it, [limited])
            #expect(refused.status == 429)
            #expect(refused.problemCode == "tournament.dailyLimit")
            #expect(refused.text.contains(#""left":0"#))
            // The verifier is back: a solved check gives the season's own limit.
            verifier.set(.none)
            let token = verifier.solve("two")
            let solved = try await it.site.post(
                "/api/tournament/captcha", json: #"{"token":"\#(token)"}"#, headers: [it.cookie])
            #expect(try await vote(9, it, [both(it.cookie, solved.cookies)]).status == 201)
            // A pass without a solution ends after five minutes.
            it.stage.clock.advance(by: .seconds(300))
            #expect(try await vote(10, it, [limited]).problemCode == "tournament.captchaRequired")
            try await it.stage.checkSums()
        }
    }

    @Test func `the built-in check can be walked without script and is labelled`() async throws {
        try await with(.sqlite, { _ in .local }) { it in
            let clip = it.scene.clips[0].id
            let page = try await it.site.get("/tournament/captcha?clip=\(clip)", headers: [it.cookie])
            #expect(page.status == 200)
            #expect(page.text.contains("A stand-in for Turnstile"))
            // Nothing is loaded from elsewhere without a key.
            let policy = try #require(page["content-security-policy"])
            #expect(policy.contains("script-src 'self';") && !policy.contains("cloudflare"))
            func value(_ name: String) throws -> String {
                String(
                    try #require(
                        page.text.firstMatch(of: try Regex("name=\"\(name)\" value=\"([^\"]*)\""))?[1].substring))
            }
            let question = try #require(page.text.firstMatch(of: /What is (\d+) plus (\d+)\?/))
            let sum = try #require(Int(question.1)) + (try #require(Int(question.2)))
            func send(_ answer: Int) async throws -> PerformedAnswer {
                let fields = [
                    "formToken=\(try value("formToken"))", "proof=\(try value("proof"))", "answer=\(answer)",
                    "clip=\(clip)",
                ]
                return try await it.site.request(
                    "POST", "/tournament/captcha",
                    headers: [it.cookie, ("content-type", "application/x-www-form-urlencoded")],
                    body: Array(fields.joined(separator: "&").utf8))
            }
            let wrong = try await send(sum + 1)
            #expect(wrong["location"]?.contains("failed=invalid") == true)
            let right = try await send(sum)
            #expect(right.status == 303)
            #expect(right["location"] == "/tournament/clips/\(clip)?said=solved")
            #expect(try await vote(0, it, [both(it.cookie, right.cookies)]).status == 201)
            let again = try await send(sum)
            #expect(again["location"]?.contains("failed=spent") == true)
        }
    }

    @Test func `only the page of the check loads anything from elsewhere, and only with a key`() async throws {
        try await with(.sqlite, { _ in .verified(MissingVerifier(), siteKey: "0xKEY") }) { it in
            let page = try await it.site.get("/tournament/captcha", headers: [it.cookie])
            let policy = try #require(page["content-security-policy"])
            #expect(policy.contains("script-src 'self' https://challenges.cloudflare.com;"))
            #expect(policy.contains("frame-src https://challenges.cloudflare.com;"))
            #expect(policy.contains("frame-ancestors 'none'") && policy.contains("style-src 'self'"))
            #expect(!policy.contains("unsafe"))
            #expect(page.headers.filter { $0.name == "content-security-policy" }.count == 1)
            #expect(page.text.contains("data-sitekey=\"0xKEY\"") && page.text.contains("data-action=\"vote\""))
            let feed = try await it.site.get("/api/tournament/feed", headers: [it.cookie])
            #expect(feed["content-security-policy"]?.contains("cloudflare") == false)
        }
    }
}
