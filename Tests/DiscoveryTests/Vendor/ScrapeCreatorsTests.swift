import Base
import BaseTestKit
import NIOCore
import Outbound
import OutboundTestKit
import Synchronization
import Telemetry
import Testing

@testable import Discovery

/// The client against a vendor on the loopback: a real HTTP server with shapes that rotate and a fault dial.
@Suite struct ScrapeCreatorsTests {
    private func with(
        _ script: @escaping ScriptedPeer.Script,
        _ body: @Sendable (_ peer: ScriptedPeer, _ client: ScrapeCreatorsClient) async throws -> Void
    ) async throws {
        try await ScriptedPeer.run(.http, script) { peer in
            let clock = SystemClock()
            let outbound = OutboundClient(
                try OutboundOptions.trustingPeers(), clock: clock, events: .silent(clock: clock))
            let client = ScrapeCreatorsClient(
                at: peer.address, key: Secret("our key"), callCost: 1_880, through: outbound, clock: clock,
                randomness: SeededRandomness(seed: 1))
            try await body(peer, client)
        }
    }

    private func query(_ platform: Platform, cursor: String = "") -> DirectoryQuery {
        DirectoryQuery(platform: platform, keyword: "trail running & more", region: "DE", cursor: cursor)
    }

    @Test func `a page of TikTok is read in both of its shapes, each creator once`() async throws {
        let body = #"""
            {"success":true,"credits_remaining":99,"cursor":20,"has_more":1,"search_item_list":[
            {"aweme_info":{"desc":"x","create_time":1767225600,"statistics":{"play_count":5000000000,"digg_count":-1},
              "author":{"uid":"77","unique_id":"Runner.One","nickname":"Runner","signature":"Write to me@run.example #trail",
              "follower_count":"12345","region":"DE","avatar_thumb":{"url_list":["https://cdn.example/1.webp"]}}}},
            {"desc":"y","author":{"id":"78","uniqueId":"two","nickname":"Two","followerCount":-2147483648}},
            {"aweme_info":{"author":{"uid":"77","unique_id":"Runner.One"}}},
            {"aweme_info":{"desc":"nobody"}}]}
            """#
        try await with({ _ in .text(body) }) { peer, client in
            let page = try await client.search(query(.tiktok, cursor: "10"))
            #expect(page.creators.map(\.externalID) == ["77", "78"])
            #expect(page.next == "20" && page.credits == 1)
            let first = page.creators[0]
            #expect(first.handle == "runner.one" && first.facts.followers == 12_345 && first.facts.country == "DE")
            #expect(first.facts.email == "me@run.example" && first.pictureURL == "https://cdn.example/1.webp")
            #expect(page.creators[1].facts.followers == nil)
            let request = try #require(peer.received.first)
            #expect(request.headers["x-api-key"] == "our key")
            #expect(
                request.target
                    == "/v1/tiktok/search/keyword?query=trail%20running%20%26%20more&region=DE&trim=false&cursor=10")
        }
    }

    @Test func `pages of Instagram count and YouTube's carry a token`() async throws {
        try await with({ request in
            request.path.contains("instagram")
                ? .text(
                    #"{"reels":[{"caption":"a","owner":{"username":"insta","id":5,"full_name":"In"},"taken_at":"2026-01-01T00:00:00Z"}]}"#
                )
                : .text(
                    #"{"videos":[{"viewCountInt":3,"channel":{"id":"UC1","title":"Tube","handle":"@tube"}}],"shorts":[],"continuationToken":"abc"}"#
                )
        }) { _, client in
            let reels = try await client.search(query(.instagram, cursor: "3"))
            #expect(reels.creators.map(\.externalID) == ["5"] && reels.next == "4")
            let videos = try await client.search(query(.youtube))
            #expect(videos.creators.map(\.handle) == ["tube"] && videos.next == "abc")
        }
    }

    @Test func `exact numbers of a profile win over rounded and overflowed ones`() async throws {
        let body = #"""
            {"user":{"id":"77","uniqueId":"one","nickname":"One","signature":"bio"},
            "stats":{"followerCount":-2147000000,"videoCount":12},"statsV2":{"followerCount":"2147500123"},
            "videos":[{"id":"v1","create_time":"1767225600","statistics":{"play_count":"1000","digg_count":50,"comment_count":10}},
            {"id":"v2","createTime":1767225600000,"stats":{"playCount":1000,"diggCount":-1,"commentCount":10}}]}
            """#
        try await with({ _ in .text(body) }) { _, client in
            let subject = DirectorySubject(platform: .tiktok, externalID: "77", handle: "one")
            guard case .found(let listed, let posts, _) = try await client.profile(subject) else {
                Issue.record("the profile was not found")
                return
            }
            #expect(listed.facts.followers == 2_147_500_123 && listed.facts.posts == 12)
            #expect(posts.map(\.likes) == [50, nil])
            #expect(posts.map(\.postedAt) == Array(repeating: Timestamp(microseconds: 1_767_225_600_000_000), count: 2))
            let read = ReadProfile(ID(high: 1, low: 1), listed, posts: posts)
            #expect(read.creator.facts.engagement == 60_000)
        }
    }

    @Test func `each status means what it must`() async throws {
        let wanted: [(PeerFault, DirectoryFailure)] = [
            (.status(401, retryAfter: nil), .keyRefused), (.status(403, retryAfter: nil), .keyRefused),
            (.status(402, retryAfter: nil), .creditSpent),
            (.status(500, retryAfter: nil), .unavailable(reason: .failing, retryAfter: nil)),
            (.status(503, retryAfter: "x"), .unavailable(reason: .failing, retryAfter: nil)),
            (.status(418, retryAfter: nil), .unreadable("status 418")),
            (.truncated(9), .unreadable("the response is no JSON")),
        ]
        try await with({ _ in .text(#"{"search_item_list":[],"has_more":false}"#) }) { peer, client in
            for (fault, failure) in wanted {
                peer.plan([fault])
                await #expect(throws: failure) { try await client.search(query(.tiktok)) }
            }
            peer.plan([.dropMidBody])
            await #expect(throws: DirectoryFailure.self) { try await client.search(query(.tiktok)) }
            // Who is gone is an answer, and nobody sends the same call again by itself.
            peer.plan([.status(404, retryAfter: nil)])
            let subject = DirectorySubject(platform: .tiktok, externalID: "1", handle: "gone")
            let profile = try await client.profile(subject)
            #expect(profile == .gone(credits: 1))
            #expect(peer.received.count == wanted.count + 2)
            // Asked to wait, it is not asked again by anybody until then.
            peer.plan([.status(429, retryAfter: "70")])
            await #expect(throws: DirectoryFailure.unavailable(reason: .overloaded, retryAfter: .seconds(70))) {
                try await client.search(query(.tiktok))
            }
            do {
                _ = try await client.profile(subject)
                Issue.record("it was asked while it had asked to wait")
            } catch DirectoryFailure.unavailable(.circuitOpen, let wait) {
                #expect(wait ?? .zero > .seconds(50) && wait ?? .zero <= .seconds(60))
            }
            #expect(peer.received.count == wanted.count + 3)
        }
    }

    @Test func `what is not what was asked for is unreadable, an empty page is a page`() async throws {
        let bodies = Shared([
            #"{"success":false,"message":"no"}"#,
            #"{"search_item_list":{"not":"a list"},"has_more":true,"cursor":"5"}"#,
            #"{"statusCode":429}"#, "[1,2]",
        ])
        try await with({ _ in .text(bodies.withLock { $0.isEmpty ? "{}" : $0.removeFirst() }) }) { _, client in
            await #expect(throws: DirectoryFailure.unreadable("success is false")) {
                try await client.search(query(.tiktok))
            }
            let empty = try await client.search(query(.tiktok))
            #expect(empty.creators.isEmpty && empty.next == "5")
            await #expect(throws: DirectoryFailure.unavailable(reason: .overloaded, retryAfter: nil)) {
                try await client.search(query(.tiktok))
            }
            await #expect(throws: DirectoryFailure.self) { try await client.search(query(.tiktok)) }
        }
    }

    @Test func `a breaker leaves a vendor alone that fails, and says so`() async throws {
        try await with({ _ in .text("{}", status: 500) }) { peer, client in
            for _ in 0..<20 { await #expect(throws: DirectoryFailure.self) { try await client.search(query(.tiktok)) } }
            let calls = peer.received.count
            do throws(DirectoryFailure) {
                _ = try await client.search(query(.tiktok))
                Issue.record("the call was made")
            } catch {
                #expect(error.isUnasked)
            }
            #expect(peer.received.count == calls)
        }
    }
}
