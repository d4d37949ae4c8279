import Base
import Crypto
import Foundation
import InboxVendors
import Storage

/// One of those who play a drill: does one thing after another, beside the others and to the same conversations.
struct DrillPlayer {
    private enum Bounds {
        /// Messages in one delivery, and conversations that they are of.
        static let burst = 40
        static let users = 4
        /// Deliveries that may come once more.
        static let kept = 50
        /// How much later than it was said a message may come, in seconds.
        static let late = 3_600
    }

    /// A delivery as it came, to come again.
    private struct Burst {
        let raw: [UInt8]
        let count: Int
        /// The conversations that it is about, as the vendor's adapter names them.
        let keys: Set<String>
    }

    private let number: Int
    private let office: Office
    private let state: DrillState
    private let chance: Chance
    private var outcome = UnreadDrill.Outcome()
    private var bursts: [Burst] = []
    private var said = 0

    init(_ number: Int, office: Office, state: DrillState) {
        self.number = number
        self.office = office
        self.state = state
        chance = Chance(seed: state.plan.seed &* 1_000_003 &+ UInt64(number))
    }

    private var tenant: Tenant { state.tenant }

    mutating func play() async throws -> UnreadDrill.Outcome {
        while true {
            // About three of four events are messages, which come several at once.
            let isDelivery = chance.below(100) < 12
            let count = state.take(isDelivery ? 1 + chance.below(Bounds.burst) : 1)
            guard count > 0 else { return outcome }
            if isDelivery || state.conversation(0) == nil {
                try await deliver(count)
                continue
            }
            do {
                try await act()
            } catch is InboxError {
                // As a closed conversation or a merged contact gives it.
                outcome.refused += 1
            }
        }
    }

    // MARK: Customers

    private mutating func deliver(_ count: Int) async throws {
        outcome.delivered += count
        var left = count
        if chance.below(8) == 0, !bursts.isEmpty {
            let known = bursts[chance.below(bursts.count)]
            if known.count <= count {
                outcome.repeated += known.count
                left -= known.count
                try await receive(known)
            }
        }
        guard left > 0 else { return }
        let new = burst(of: left)
        bursts.append(new)
        if bursts.count > Bounds.kept { bursts.removeFirst() }
        try await receive(new)
    }

    private func receive(_ burst: Burst) async throws {
        let signature = state.secret.reveal { secret in
            HMAC<SHA256>.authenticationCode(for: burst.raw, using: SymmetricKey(data: Array(secret.utf8)))
        }
        let hex = signature.map { String(format: "%02x", $0) }.joined()
        try await office.hooks.receive(
            burst.raw, DeliveryHeaders([("x-hub-signature-256", "sha256=\(hex)")]), at: state.channel.pathKey)
        for key in burst.keys.sorted() {
            try await office.ingest.ingest(
                ConversationKey(channel: state.channel.id, key: key), in: tenant, isLastAttempt: false
            ) { [office, state] body in
                let heads = try await office.storage.write(for: state.tenant) { try await body($0) }
                state.note(heads)
                return heads
            }
        }
    }

    /// Messages as Messenger delivers them, of one customer or a few.
    private mutating func burst(of count: Int) -> Burst {
        let now = office.clock.now().microseconds / 1_000
        let users = (0..<(1 + chance.below(Bounds.users))).map { _ in
            "\(1_000_000 + chance.below(state.plan.customers))"
        }
        var items: [String] = []
        for _ in 0..<count {
            said += 1
            let user = users[chance.below(users.count)]
            let isLate = chance.below(6) == 0
            if isLate { outcome.late += 1 }
            let time = now - Int64(isLate ? chance.below(Bounds.late) * 1_000 : 0)
            items.append(
                """
                {"sender":{"id":"\(user)"},"recipient":{"id":"\(state.channel.externalAccount)"},"timestamp":\(time),\
                "message":{"mid":"m_\(number)_\(said)","text":"Message \(said): is my bell on its way?"}}
                """)
        }
        let body = """
            {"object":"page","entry":[{"id":"\(state.channel.externalAccount)","time":\(now),\
            "messaging":[\(items.joined(separator: ","))]}]}
            """
        let raw = Array(body.utf8)
        return Burst(raw: raw, count: count, keys: Set(state.adapter.deliveries(in: raw).map(\.conversationKey)))
    }

    // MARK: Agents

    private mutating func act() async throws {
        guard let id = state.conversation(chance.below(1 << 30)) else { return }
        let person = UnreadDrill.person(chance.below(state.agents))
        let agent = try await office.agents.agent(person, .agent, in: tenant)
        switch chance.below(100) {
        case 0..<60:
            _ = try await office.threads.read(id, upTo: Int64(chance.below(60)), by: agent, in: tenant)
            outcome.forward += 1
        case 60..<75:
            _ = try await office.threads.unread(id, from: Int64(1 + chance.below(30)), by: agent, in: tenant)
            outcome.back += 1
        case 75..<90:
            let draft = ReplyDesk.Draft(
                conversation: id, channel: state.channel.id, body: "It is.", clientID: "c\(number)-\(chance.next())",
                seen: 0, isConfirmed: true)
            _ = try await office.replies.reply(draft, by: person, in: tenant)
            outcome.written += 1
        case 90..<93:
            _ = try await office.conversations.note(
                "To be looked after", mentioning: [], on: id, clientID: nil, by: person, in: tenant)
            outcome.written += 1
        case 93..<97:
            _ = try await office.conversations.close(id, by: person, in: tenant)
            outcome.closed += 1
        default: try await merge(id, by: person)
        }
    }

    /// Takes a contact into another one, or gives the last one back.
    private mutating func merge(_ id: ID<Conversation>, by person: ID<Person>) async throws {
        if chance.below(2) == 0, let last = state.lastMerge() {
            _ = try await office.contacts.undo(last, in: tenant)
        } else {
            guard let other = state.conversation(chance.below(1 << 30)), let from = state.contact(of: id),
                let into = state.contact(of: other), from != into
            else {
                outcome.refused += 1
                return
            }
            state.note(try await office.contacts.merge(from, into: into, by: person, in: tenant).id)
        }
        outcome.merged += 1
    }
}

/// Chance that is the same for the same seed: SplitMix64.
private final class Chance {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}

extension UnreadDrill {
    /// An agent of the drill.
    static func person(_ number: Int) -> ID<Person> { ID(high: 0xD411, low: UInt64(number)) }
}
