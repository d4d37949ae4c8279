import Base
import Crypto
import Foundation
import NIOCore
import Outbound
import OutboundTestKit
import Synchronization
import Testing

@testable import Accounts

/// A device as a push service and a browser know it.
struct FakeDevice: Sendable {
    let name: String
    let key = P256.KeyAgreement.PrivateKey()
    let secret: [UInt8]
    let endpoint: OutboundAddress

    init(_ name: String, at peer: ScriptedPeer) {
        self.name = name
        secret = Array(SHA256.hash(data: Data(name.utf8)).prefix(16))
        endpoint = peer.at("/push/\(name)")
    }

    var offer: PushOffer {
        get throws {
            try #require(
                PushOffer(
                    endpoint: endpoint.description, publicKey: Base64URL.encode(key.publicKey.x963Representation),
                    secret: Base64URL.encode(secret)))
        }
    }
}

/// A push service of our own: checks every token, opens every message with the device's key, and answers by plan.
final class FakePushService: Sendable {
    private struct State {
        var devices: [String: FakeDevice] = [:]
        var messages: [String: [[String: String]]] = [:]
        var faults: [String] = []
        var statuses: [String: [(status: Int, retryAfter: String?)]] = [:]
        var origin = ""
    }

    private let state = Mutex(State())

    /// What was opened for a device, in order.
    func messages(of device: FakeDevice) -> [[String: String]] { state.withLock { $0.messages[device.name] ?? [] } }
    /// What was wrong with requests.
    var faults: [String] { state.withLock { $0.faults } }

    /// Has the next requests for a device answered so.
    func answer(_ device: FakeDevice, _ statuses: [(status: Int, retryAfter: String?)]) {
        state.withLock { $0.statuses[device.name, default: []] += statuses }
    }

    func device(_ name: String, at peer: ScriptedPeer) -> FakeDevice {
        let device = FakeDevice(name, at: peer)
        state.withLock { state in
            state.devices[name] = device
            state.origin = peer.address.origin
        }
        return device
    }

    static func run(
        _ body: @Sendable (_ service: FakePushService, _ peer: ScriptedPeer) async throws -> Void
    ) async throws {
        let service = FakePushService()
        try await ScriptedPeer.run(.https, { service.receive($0) }) { peer in try await body(service, peer) }
        #expect(service.faults == [])
    }

    private func receive(_ request: PeerRequest) -> PeerAnswer {
        state.withLock { state in
            guard let device = state.devices[String(request.path.split(separator: "/").last ?? "")] else {
                return PeerAnswer(404)
            }
            do {
                try Self.check(request, origin: state.origin)
            } catch {
                state.faults.append("\(error)")
                return PeerAnswer(403)
            }
            let planned =
                state.statuses[device.name]?.isEmpty == false
                ? state.statuses[device.name]?.removeFirst() : nil
            guard
                let content = PushMessage.open(
                    Array(request.content.readableBytesView), as: device.key, secret: device.secret),
                // What is no message of ours is a fault that the test sees.
                let message = try? JSONDecoder().decode([String: String].self, from: Data(content))
            else {
                state.faults.append("a message for \(device.name) does not open")
                return PeerAnswer(400)
            }
            if let planned {
                return PeerAnswer(planned.status, headers: planned.retryAfter.map { ["Retry-After": $0] } ?? [:])
            }
            state.messages[device.name, default: []].append(message)
            return PeerAnswer(201)
        }
    }

    private static func check(_ request: PeerRequest, origin: String) throws {
        struct Wrong: Error { let what: String }
        guard request.method == "POST", request.headers["content-encoding"] == "aes128gcm",
            let life = request.headers["ttl"].flatMap({ Int($0) }), (0...2_419_200).contains(life),
            ["low", "normal", "high"].contains(request.headers["urgency"]), request.content.readableBytes <= 4_096
        else { throw Wrong(what: "headers") }
        let token = try PushToken(request.headers["authorization"] ?? "")
        guard token.isGenuine else { throw Wrong(what: "signature") }
        guard token.claims.aud == origin else { throw Wrong(what: "aud") }
    }
}

/// A token as a push service reads it.
struct PushToken {
    struct Claims: Decodable {
        var aud: String
        var exp: Int64
        var sub: String
    }

    let key: String
    let claims: Claims
    let isGenuine: Bool

    init(_ header: String) throws {
        let parts = header.dropFirst("vapid t=".count).split(separator: ",").map {
            $0.trimmingCharacters(in: .whitespaces)
        }
        let words = try #require(parts.first).split(separator: ".").map(String.init)
        try #require(header.hasPrefix("vapid t=") && parts.count == 2 && words.count == 3)
        key = String(try #require(parts.last).dropFirst(2))
        let head = try JSONDecoder().decode(
            [String: String].self, from: Data(try #require(Base64URL.decode(words[0]))))
        try #require(head == ["typ": "JWT", "alg": "ES256"])
        claims = try JSONDecoder().decode(Claims.self, from: Data(try #require(Base64URL.decode(words[1]))))
        let signature = try #require(Base64URL.decode(words[2]))
        try #require(signature.count == 64)
        let publicKey = try P256.Signing.PublicKey(x963Representation: try #require(Base64URL.decode(key)))
        isGenuine = publicKey.isValidSignature(
            try P256.Signing.ECDSASignature(rawRepresentation: signature), for: Data("\(words[0]).\(words[1])".utf8))
    }
}
