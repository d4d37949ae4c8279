import Base
import Crypto
import Foundation

import typealias Storage.SQLConvertible

/// An address of the company's own that is told what happens.
struct OutgoingEndpoint: Sendable, Hashable {
    enum Bounds {
        /// Endpoints of a company.
        static let endpoints = 10
        static let addressBytes = 2_000
        /// Failures one after the other at which an endpoint rests.
        static let failures = 100
        static let secretBytes = 24
        /// How long a secret that was replaced signs beside the new one.
        static let overlap: Duration = .seconds(86_400)
    }

    enum State: String, Sendable, Hashable, Codable, CaseIterable, SQLConvertible { case active, paused }

    let id: ID<OutgoingEndpoint>
    let address: String
    let events: [OutgoingHook.Kind]
    var state: State
    /// Why it rests.
    var reason: String?
    /// Failures one after the other.
    var failures: Int
    var lastStatus: Int?
    var lastAt: Timestamp?
    let createdAt: Timestamp
}

/// Something that an endpoint is told.
struct OutgoingHook: Sendable, Hashable {
    enum Bounds {
        static let attempts = 8
    }

    /// What is told, named as Standard Webhooks has it.
    enum Kind: String, Sendable, Hashable, Codable, CaseIterable, SQLConvertible {
        case opened = "conversation.opened"
        case closed = "conversation.closed"
        case handedOver = "conversation.handedOver"
        case received = "message.received"
        case botReplied = "message.botReplied"
        case agentReplied = "message.agentReplied"
        /// Sent by hand, to try an endpoint.
        case test = "endpoint.test"

        init?(_ kind: Tally.Kind) {
            switch kind {
            case .opened: self = .opened
            case .closed: self = .closed
            case .handOff: self = .handedOver
            case .inbound: self = .received
            case .botReply: self = .botReplied
            case .agentReply: self = .agentReplied
            default: return nil
            }
        }
    }

    enum State: String, Sendable, Hashable, Codable, CaseIterable, SQLConvertible { case waiting, delivered, failed }

    /// The same in each attempt: what whoever is told keeps apart by.
    let id: ID<OutgoingHook>
    let endpointID: ID<OutgoingEndpoint>
    let kind: Kind
    let body: String
    var state: State
    var attempts: Int
    var status: Int?
    var reason: String?
    let createdAt: Timestamp
}

/// Signs as Standard Webhooks says: HMAC-SHA256 over `<id>.<seconds>.<body>` under the decoded secret.
struct OutgoingSignature: Sendable {
    static let prefix = "whsec_"

    /// A new secret, as it is shown once.
    static func secret(using randomness: some Randomness) -> String {
        prefix + Data(randomness.bytes(OutgoingEndpoint.Bounds.secretBytes)).base64EncodedString()
    }

    /// The header's value: one signature for each secret, separated by spaces.
    static func header(id: String, seconds: Int64, body: String, secrets: [Secret<String>]) -> String {
        secrets.compactMap { secret -> String? in
            let key = secret.reveal { Data(base64Encoded: String($0.dropFirst(prefix.count))) }
            guard let key else { return nil }
            let signed = Data("\(id).\(seconds).\(body)".utf8)
            let code = HMAC<SHA256>.authenticationCode(for: signed, using: SymmetricKey(data: key))
            return "v1," + Data(code).base64EncodedString()
        }.joined(separator: " ")
    }
}
