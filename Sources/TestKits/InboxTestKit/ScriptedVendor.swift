public import Base
import Foundation
public import InboxVendors
import NIOCore
import Outbound
public import OutboundTestKit
import Synchronization

/// Meta's Graph API and Telegram's Bot API on the loopback: real HTTP, the vendors' own checks, a ledger of what was
/// taken, a fault dial, and the webhooks that the vendors would send for it.
///
/// ```swift
/// try await ScriptedVendor.run(clock: clock) { vendor in
///     vendor.open(.init(.messenger, id: "100", token: "token"))
///     vendor.plan([.silence, nil])
///     …
///     #expect(vendor.taken.map(\.text) == ["Hello"])
/// }
/// ```
public final class ScriptedVendor: Sendable {
    enum Bounds {
        static let taken = 100_000
        static let calls = 100_000
    }

    /// A page, an Instagram account or a bot.
    public struct Account: Sendable, Hashable {
        /// Which vendor's.
        public var kind: ChannelKind
        /// Its id.
        public var id: String
        /// The token that is valid now.
        public var token: String
        /// Whether the token is over.
        public var isExpired = false
        /// Whether deliveries are subscribed to.
        public var isSubscribed = false
        /// Where deliveries go, of bots.
        public var hook = ""

        /// Makes an account.
        public init(_ kind: ChannelKind, id: String, token: String) {
            self.kind = kind
            self.id = id
            self.token = token
        }
    }

    /// A customer as one account knows him.
    public struct Customer: Sendable, Hashable {
        /// His id.
        public var id: String
        /// When he last wrote; `nil` for never.
        public var lastWroteAt: Timestamp?
        /// Whether he wants nothing from this account.
        public var hasBlocked = false
        /// Where his chat has moved to, of groups.
        public var movedTo: Int64?

        /// Makes a customer.
        public init(_ id: String, lastWroteAt: Timestamp? = nil) {
            self.id = id
            self.lastWroteAt = lastWroteAt
        }
    }

    /// A message that the vendor has taken.
    public struct Taken: Sendable, Hashable {
        /// The account that said it.
        public var account: String
        /// Whom it is for.
        public var user: String
        /// The text; empty for a file.
        public var text: String
        /// The file's address.
        public var media: String?
        /// The tag.
        public var tag: String?
        /// Our own id, where the vendor takes it.
        public var reference: String?
        /// The vendor's id.
        public var externalId: String
        /// When it was taken.
        public var at: Timestamp
        /// Which vendor's.
        public var kind: ChannelKind
    }

    struct State {
        var accounts: [Account] = []
        var customers: [String: [String: Customer]] = [:]
        var taken: [Taken] = []
        var calls: [String] = []
        var faults: [VendorFault?] = []
        var echoed = 0
    }

    let clock: any WallClock
    let state = Mutex(State())
    private let place = Mutex<ScriptedPeer?>(nil)

    private init(clock: any WallClock) { self.clock = clock }

    /// Plays the vendors while `body` runs.
    public static func run<Result: Sendable>(
        clock: any WallClock, body: @Sendable (_ vendor: ScriptedVendor) async throws -> Result
    ) async throws -> Result {
        let vendor = ScriptedVendor(clock: clock)
        return try await ScriptedPeer.run { request in
            await vendor.answer(request)
        } body: { peer in
            vendor.place.withLock { $0 = peer }
            return try await body(vendor)
        }
    }

    // MARK: The stage

    /// The server itself.
    public var peer: ScriptedPeer {
        guard let peer = place.withLock({ $0 }) else { preconditionFailure("the vendor is used while it runs only") }
        return peer
    }

    /// Where Meta is.
    public var metaOrigins: MetaClient.Origins {
        let origin = peer.address.origin
        return MetaClient.Origins(page: origin, account: origin)
    }

    /// Where Telegram is.
    public var telegramOrigin: String { peer.address.origin }

    /// Opens an account; one of the same id is replaced.
    public func open(_ account: Account) {
        state.withLock { state in
            state.accounts.removeAll { $0.kind == account.kind && $0.id == account.id }
            state.accounts.append(account)
        }
    }

    /// Changes an account.
    public func change(_ kind: ChannelKind, _ id: String, _ change: (inout Account) -> Void) {
        state.withLock { state in
            guard let place = state.accounts.firstIndex(where: { $0.kind == kind && $0.id == id }) else {
                preconditionFailure("there is no account \(id)")
            }
            change(&state.accounts[place])
        }
    }

    /// The account as it is now.
    public func account(_ kind: ChannelKind, _ id: String) -> Account? {
        state.withLock { $0.accounts.first { $0.kind == kind && $0.id == id } }
    }

    /// Lets an account know a customer; one of the same id is replaced.
    public func meet(_ customer: Customer, at account: String) {
        state.withLock { $0.customers[account, default: [:]][customer.id] = customer }
    }

    /// Says what happens to the next calls that send a message, in order; `nil` lets one through.
    public func plan(_ faults: [VendorFault?]) { state.withLock { $0.faults += faults } }

    /// The messages that were taken, in order.
    public var taken: [Taken] { state.withLock { $0.taken } }

    /// The calls that were made, as in `POST /v23.0/100/messages`, without tokens.
    public var calls: [String] { state.withLock { $0.calls } }

    /// Echoes of what Meta has taken since this was last asked, as webhooks of one item each.
    public func echoes(secret: String, application: Int64) -> [VendorHook] {
        let due = state.withLock { state in
            defer { state.echoed = state.taken.count }
            return state.taken[state.echoed...].filter { $0.kind != .telegram }
        }
        return due.map { taken in
            let item = MetaHooks.echo(
                .init(account: taken.account, user: taken.user), id: taken.externalId, taken.text, at: taken.at,
                application: application, reference: taken.reference)
            let object = taken.kind == .instagram ? "instagram" : "page"
            return .meta(MetaHooks.body(object, [(taken.account, taken.at, [item])]), secret: secret)
        }
    }

    // MARK: Calls

    private func answer(_ request: PeerRequest) async -> PeerAnswer {
        if request.path.hasPrefix("/bot") { return await telegram(request) }
        if request.path.hasPrefix("/file/bot") { return .text("bytes of a file") }
        return await meta(request)
    }

    func note(_ call: String) {
        state.withLock { state in
            precondition(state.calls.count < Bounds.calls, "a vendor got more than \(Bounds.calls) calls")
            state.calls.append(call)
        }
    }

    func nextFault() -> VendorFault? {
        state.withLock { $0.faults.isEmpty ? nil : $0.faults.removeFirst() }
    }

    /// Takes a message down and gives it an id.
    func take(_ message: Taken) -> Taken {
        state.withLock { state in
            precondition(state.taken.count < Bounds.taken, "a vendor took more than \(Bounds.taken) messages")
            var message = message
            let number = state.taken.count + 1
            message.externalId =
                message.kind == .telegram ? "\(message.user):\(number)" : "m_\(message.account)_\(number)"
            state.taken.append(message)
            return message
        }
    }

    /// What a fault makes of the answer to a message that was taken.
    static func broken(_ good: PeerAnswer, _ fault: VendorFault?) async -> PeerAnswer {
        switch fault {
        case .silence:
            // Until the peer ends, which cancels its connections.
            let (nothing, continuation) = AsyncStream.makeStream(of: Never.self)
            for await _ in nothing {}
            withExtendedLifetime(continuation) {}
            return good
        case .cut:
            var answer = PeerAnswer(good.status)
            answer.pieces = [PeerPiece(Array(good.content.readableBytesView.prefix(4)))]
            answer.isCut = true
            return answer
        case .nonsense: return .text("<html>Something went wrong</html>")
        case .withoutId: return .text("{}")
        case .failingAfterTaking(let status): return .text("<html>\(status)</html>", status: status)
        default: return good
        }
    }

    /// A document that came, as Foundation reads it: not with the reader that is under test.
    static func members(_ request: PeerRequest) -> [String: Any]? {
        // No JSON is an answer here: the vendor refuses it.
        (try? JSONSerialization.jsonObject(with: Data(request.content.readableBytesView))) as? [String: Any]
    }
}
