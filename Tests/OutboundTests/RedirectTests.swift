import Base
import NIOCore
import OutboundTestKit
import Testing

@testable import Outbound

@Suite struct RedirectTests {
    @Test func `a redirect is returned unless following was asked for`() async throws {
        try await ScriptedPeer.run { _ in
            .text("there")
        } body: { peer in
            peer.plan([.redirect(302, to: "/there"), .redirect(302, to: "/there")])
            #expect(try await client().send(OutboundRequest(.get, peer.address)).status == 302)
            let followed = try await client().send(OutboundRequest(.get, peer.address, redirectsMax: 1))
            #expect(followed.text == "there" && followed.address.path == "/there")
        }
    }

    @Test(arguments: [
        "http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/", "http://[::1]/", "http://[fd00:ec2::254]/",
    ])
    func `a redirect into a private network is refused`(target: String) async throws {
        try await ScriptedPeer.run { _ in
            PeerAnswer()
        } body: { peer in
            peer.plan([.redirect(307, to: target)])
            await expect(.addressRefused) { () async throws(OutboundError) in
                _ = try await client().send(OutboundRequest(.get, peer.address, redirectsMax: 5))
            }
        }
    }

    @Test func `redirects are bounded, and never lead out of the web or out of encryption`() async throws {
        try await ScriptedPeer.run { _ in
            PeerAnswer()
        } body: { peer in
            peer.plan(.init(repeating: .redirect(302, to: "/round"), count: 4))
            await expect(.redirectRefused) { () async throws(OutboundError) in
                _ = try await client().send(OutboundRequest(.get, peer.address, redirectsMax: 3))
            }
            #expect(peer.received.count == 4)
            peer.plan([.redirect(302, to: "file:///etc/passwd")])
            await expect(.redirectRefused) { () async throws(OutboundError) in
                _ = try await client().send(OutboundRequest(.get, peer.address, redirectsMax: 3))
            }
        }
        try await ScriptedPeer.run(.https) { _ in
            PeerAnswer()
        } body: { peer in
            peer.plan([.redirect(302, to: "http://127.0.0.1:1/")])
            let file = try TemporaryTrust()
            await expect(.redirectRefused) { () async throws(OutboundError) in
                _ = try await client(file.options).send(OutboundRequest(.get, peer.address, redirectsMax: 3))
            }
        }
    }

    @Test func `what was posted becomes a read, and secrets stay with their host`() async throws {
        try await ScriptedPeer.run { _ in
            .text("other")
        } body: { other in
            try await ScriptedPeer.run { _ in
                .text("same")
            } body: { peer in
                let target = other.at("/x").description
                peer.plan([.redirect(303, to: target), .redirect(307, to: target), .redirect(307, to: "/y")])
                let headers: OutboundHeaders = ["Authorization": "key", "Cookie": "a", "X-Kept": "b"]
                for _ in 0..<3 {
                    _ = try await client().send(
                        OutboundRequest(
                            .post, peer.address, headers: headers, content: .text("content"), redirectsMax: 1))
                }
                let (first, second) = (other.received[0], other.received[1])
                #expect(first.method == "GET" && first.text.isEmpty)
                #expect(second.method == "POST" && second.text == "content")
                for request in [first, second] {
                    #expect(request.headers["authorization"] == nil && request.headers["cookie"] == nil)
                    #expect(request.headers["x-kept"] == "b")
                }
                let third = try #require(peer.received.last)
                #expect(third.path == "/y" && third.headers["authorization"] == "key")
            }
        }
    }
}
