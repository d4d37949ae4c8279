public import Base
import NIOCore
import Outbound

/// Messenger and Instagram: one envelope, one Graph API, two sets of limits.
public struct MetaClient: ChannelAdapter {
    /// Where the Graph API is.
    public struct Origins: Sendable, Hashable {
        /// Of pages, `https://graph.facebook.com` by default.
        public var page: String
        /// Of accounts by Instagram Login, `https://graph.instagram.com` by default.
        public var account: String
        /// The version that is spoken, `v23.0` by default.
        public var version: String

        /// Names the places; each without a slash at its end.
        public init(
            page: String = "https://graph.facebook.com", account: String = "https://graph.instagram.com",
            version: String = "v23.0"
        ) {
            self.page = page
            self.account = account
            self.version = version
        }
    }

    static let signatureHeader = "x-hub-signature-256"

    /// Which of the two.
    public let kind: ChannelKind
    private let vendor: VendorClient
    private let origins: Origins

    /// Makes the adapter of one of the two kinds.
    ///
    /// - Parameters:
    ///   - kind: ``ChannelKind/messenger`` or ``ChannelKind/instagram``.
    ///   - vendor: The way to it.
    ///   - origins: Where it is.
    public init(_ kind: ChannelKind, through vendor: VendorClient, at origins: Origins = Origins()) {
        precondition(kind == .messenger || kind == .instagram, "\(kind) is no channel of Meta's")
        self.kind = kind
        self.vendor = vendor
        self.origins = origins
    }

    /// Texts of 2,000 units on Messenger and 1,000 bytes on Instagram; a day for all, a week for people.
    ///
    /// What Messenger calls a character is not written down: UTF-16 units are the strictest reading.
    public var rules: ChannelRules {
        ChannelRules(
            text: kind == .messenger ? TextRule(2_000, .utf16) : TextRule(1_000, .bytes), caption: nil,
            window: .seconds(86_400), personWindow: .seconds(7 * 86_400), download: .mebibytes(25), perConversation: 2,
            perChannel: kind == .messenger ? 40 : 10, recentMax: MetaConversations.Bounds.entries)
    }

    // MARK: Deliveries

    /// `X-Hub-Signature-256` over the bytes as they came; the older SHA-1 header proves nothing.
    public func verify(
        _ raw: [UInt8], _ headers: DeliveryHeaders, with secrets: ChannelSecrets
    ) throws(DeliveryFault) {
        guard raw.count <= Delivery.Bounds.body.bytes else { throw .tooLarge }
        try BodySignature.check(headers.only(Self.signatureHeader), over: raw, with: secrets.signing)
    }

    /// `hub.challenge`, when `hub.verify_token` is the channel's.
    public func challenge(
        _ query: [String: String], with secrets: ChannelSecrets
    ) throws(DeliveryFault) -> String? {
        guard let expected = secrets.verifyToken else { throw .noSecret }
        guard query["hub.mode"] == "subscribe", let challenge = query["hub.challenge"],
            (1...1_024).contains(challenge.utf8.count), let token = query["hub.verify_token"],
            BodySignature.isSame(token, expected)
        else { throw .challengeRefused }
        return challenge
    }

    /// One for each item of each entry.
    public func deliveries(in raw: [UInt8]) -> [Delivery] { MetaEnvelope.deliveries(in: raw) }

    /// What the items say.
    public func entries(of delivery: Delivery) throws(DeliveryFault) -> [InboundEntry] {
        try MetaEntries.entries(in: delivery.raw)
    }

    // MARK: Sending

    /// `POST /{account}/messages`.
    public func send(_ message: OutboundMessage, over line: ChannelLine) async -> SendOutcome {
        if let fault = MetaMessage.fault(message, rules) { return .refusedForGood(fault) }
        let body = MetaMessage.body(message, isReferenced: kind == .messenger)
        guard let request = post("messages", body, over: line) else {
            return .refusedForGood(SendRefusal(.invalid, code: "inbox.account"))
        }
        return await vendor.call(request).sent { Self.answer($0).outcome }
    }

    /// `sender_action`.
    public func show(_ sign: OutboundSign, to externalUserId: String, over line: ChannelLine) async {
        guard let body = MetaMessage.body(sign, to: externalUserId), let request = post("messages", body, over: line)
        else { return }
        _ = await vendor.call(request)
    }

    private func post(_ path: String, _ body: String, over line: ChannelLine) -> OutboundRequest? {
        guard let address = address("\(AddressText.escaped(line.externalAccount))/\(path)", [], line) else {
            return nil
        }
        var headers = Self.headers(line)
        headers.add("content-type", "application/json")
        return OutboundRequest(
            .post, address, headers: headers, content: .text(body), deadline: VendorClient.Bounds.sending,
            responseMax: VendorClient.Bounds.answer)
    }

    // MARK: Asking

    /// The newest messages of the newest conversations.
    public func recent(
        since time: Timestamp, over line: ChannelLine
    ) async throws(VendorFailure) -> [InboundEntry]? {
        var entries: [InboundEntry] = []
        var cursor: String?
        for _ in 0..<MetaConversations.Bounds.pages {
            let body = try await ask(
                "\(AddressText.escaped(line.externalAccount))/conversations",
                MetaConversations.query(kind, after: cursor), line)
            let page = MetaConversations.page(body, of: line.externalAccount, since: time)
            entries += page.entries
            cursor = page.cursor
            if cursor == nil { break }
        }
        return entries.sorted { ($0.sentAt ?? .epoch) > ($1.sentAt ?? .epoch) }
    }

    /// The address that came with the message.
    public func place(
        of attachment: InboundAttachment, over line: ChannelLine
    ) async throws(VendorFailure) -> MediaPlace? {
        guard case .address(let address) = attachment.source else { return nil }
        return MediaPlace(Secret(address), size: attachment.size)
    }

    /// The name and the picture.
    public func profile(
        of externalUserId: String, over line: ChannelLine
    ) async throws(VendorFailure) -> InboundProfile? {
        let fields = kind == .messenger ? "first_name,last_name,profile_pic" : "name,username,profile_pic"
        let body = try await ask(AddressText.escaped(externalUserId), [("fields", fields)], line)
        let parts = [body["first_name"]?.text, body["last_name"]?.text].compactMap { $0 }.filter { !$0.isEmpty }
        let handle = body["username"]?.text
        let name = body["name"]?.text ?? (parts.isEmpty ? nil : parts.joined(separator: " ")) ?? handle
        guard let name, !name.isEmpty else { return nil }
        var profile = InboundProfile(name: name, handle: handle)
        if case .address(let picture) = MetaEntries.source(body["profile_pic"]) { profile.picture = picture }
        return profile
    }

    /// Whose the token is, and whether the account is subscribed.
    public func condition(of line: ChannelLine) async throws(VendorFailure) -> ChannelCondition {
        let fields: String =
            switch (kind, line.door) {
            case (.instagram, .account): "user_id,username"
            case (.instagram, .page): "id,name,instagram_business_account"
            default: "id,name"
            }
        let body = try await ask("me", [("fields", fields)], line)
        guard
            let account = (body["instagram_business_account"]?["id"] ?? body["user_id"] ?? body["id"])?.id
        else { throw .unreadable }
        let apps = try await ask("me/subscribed_apps", [], line)
        return ChannelCondition(
            externalAccount: VendorKey.bounded(account),
            name: (body["name"]?.text ?? body["username"]?.text).map { VendorText.line($0, 200) },
            isSubscribed: !(apps["data"]?.elements ?? []).isEmpty)
    }

    /// Subscribes the account; where the application delivers to is set once in Meta's own pages.
    public func subscribe(
        at hook: String, with secrets: ChannelSecrets, over line: ChannelLine
    ) async throws(VendorFailure) {
        guard secrets.verifyToken != nil, !secrets.signing.isEmpty else { throw .refused(code: "inbox.noSecret") }
        let fields =
            kind == .messenger || line.door == .page
            ? "messages,messaging_postbacks,message_deliveries,message_reads,message_echoes,message_edits,"
                + "message_reactions,messaging_referrals,messaging_optins,standby,messaging_handovers"
            : "messages,messaging_postbacks,messaging_seen,message_edit,message_reactions,messaging_referral,standby"
        guard let address = address("me/subscribed_apps", [("subscribed_fields", fields)], line) else {
            throw .refused(code: "inbox.account")
        }
        let request = OutboundRequest(
            .post, address, headers: Self.headers(line), deadline: VendorClient.Bounds.asking,
            responseMax: VendorClient.Bounds.answer)
        _ = try Self.answer(try await vendor.call(request).asked()).content()
    }

    /// Tokens of Instagram Login last 60 days and are renewed when they are a day old; those of pages are not.
    public func renewed(_ line: ChannelLine) async throws(VendorFailure) -> ChannelToken? {
        guard line.door == .account else { return nil }
        let query = AddressText.query(
            line.token.reveal { [("grant_type", "ig_refresh_token"), ("access_token", $0)] })
        guard let address = OutboundAddress("\(origins.account)/refresh_access_token?\(query)") else {
            throw .refused(code: "inbox.account")
        }
        let answer = try await vendor.call(
            OutboundRequest(
                .get, address, deadline: VendorClient.Bounds.asking, responseMax: VendorClient.Bounds.answer)
        ).asked()
        let body = try Self.answer(answer).content()
        guard let token = body["access_token"]?.text, !token.isEmpty, let seconds = body["expires_in"]?.integer,
            (1...315_360_000).contains(seconds)
        else { throw .unreadable }
        return ChannelToken(Secret(token), lifetime: .seconds(seconds))
    }

    private func ask(
        _ path: String, _ query: [(String, String)], _ line: ChannelLine
    ) async throws(VendorFailure) -> VendorJSON {
        guard let address = address(path, query, line) else { throw .refused(code: "inbox.account") }
        let request = OutboundRequest(
            .get, address, headers: Self.headers(line), deadline: VendorClient.Bounds.asking,
            responseMax: VendorClient.Bounds.answer)
        return try Self.answer(try await vendor.call(request).asked()).content()
    }

    private func address(_ path: String, _ query: [(String, String)], _ line: ChannelLine) -> OutboundAddress? {
        let origin = line.door == .account ? origins.account : origins.page
        let tail = query.isEmpty ? "" : "?" + AddressText.query(query)
        return OutboundAddress("\(origin)/\(origins.version)/\(path)\(tail)")
    }

    private static func headers(_ line: ChannelLine) -> OutboundHeaders {
        ["authorization": line.token.reveal { "Bearer \($0)" }, "accept": "application/json"]
    }

    private static func answer(_ answer: VendorClient.Answer) -> MetaAnswer {
        MetaAnswer(
            status: answer.status, answer.bytes, retryAfter: answer.retryAfter,
            usage: answer.headers["x-business-use-case-usage"])
    }
}
