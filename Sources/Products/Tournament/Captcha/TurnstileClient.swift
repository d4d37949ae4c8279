import Base
import Foundation
import Outbound
import Telemetry

/// Turnstile's `siteverify` over the one way out.
struct TurnstileClient: Siteverify {
    enum Bounds {
        static let responseMax = ByteCount.kibibytes(16)
    }

    /// What cannot be taken for an answer.
    struct Nonsense: Error {}

    static let vendor = OutboundAddress("https://challenges.cloudflare.com/turnstile/v0/siteverify")

    let outbound: OutboundClient
    let address: OutboundAddress
    let secret: Secret<String>
    /// How long one question may take.
    ///
    /// Defaults to 4 seconds: a voter waits for it, and the vendor never takes as long when it is well.
    var deadline: Duration = .seconds(4)

    private struct Question: Encodable {
        let secret: String
        let response: String
        let remoteip: String
        let idempotencyKey: String

        enum CodingKeys: String, CodingKey {
            case secret, response, remoteip
            case idempotencyKey = "idempotency_key"
        }
    }

    func siteverify(_ request: SiteverifyRequest) async throws -> SiteverifyAnswer {
        let content = try secret.reveal { secret in
            try JSONEncoder().encode(
                Question(
                    secret: secret, response: request.token, remoteip: request.remoteAddress,
                    idempotencyKey: request.idempotencyKey))
        }
        let response = try await outbound.send(
            OutboundRequest(
                .post, address, headers: ["content-type": "application/json", "accept": "application/json"],
                content: .text(String(decoding: content, as: UTF8.self)), deadline: deadline,
                responseMax: Bounds.responseMax))
        // Refusals come with 200 and with 400; anything else is no word of the verifier's.
        guard response.status == 200 || response.status == 400 else { throw Nonsense() }
        return try JSONDecoder().decode(SiteverifyAnswer.self, from: Data(response.text.utf8))
    }
}

extension CaptchaKind {
    init(_ way: CaptchaSettings.Way, through outbound: OutboundClient, events: EventLog) {
        switch way {
        case .none: self = .none
        case .local: self = .local
        case .turnstile(let siteKey, let secret, let hosts):
            guard let vendor = TurnstileClient.vendor else {
                preconditionFailure("the vendor's address cannot be read")
            }
            let client = TurnstileClient(outbound: outbound, address: vendor, secret: secret)
            self = .verified(
                TurnstileVerifier(way: client, expectation: CaptchaExpectation(hosts: hosts)) { error in
                    let code = (error as? OutboundError)?.code.rawValue ?? "nonsense"
                    events.record(.captchaUnreachable, ["error": .text(code)])
                }, siteKey: siteKey)
        }
    }
}
