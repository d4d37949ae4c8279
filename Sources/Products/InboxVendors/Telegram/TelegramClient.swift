public import Base
import NIOCore
import Outbound

/// A bot of Telegram's: one address and one secret for each bot, since an update does not say which one it is for.
public struct TelegramClient: ChannelAdapter {
    static let secretHeader = "x-telegram-bot-api-secret-token"
    /// What is delivered; left to itself Telegram leaves some of it out.
    static let updates = ["message", "edited_message", "callback_query", "my_chat_member"]

    private let vendor: VendorClient
    private let origin: String

    /// Makes the adapter.
    ///
    /// - Parameters:
    ///   - vendor: The way to it.
    ///   - origin: Where the Bot API is, without a slash at its end. Defaults to Telegram's own.
    public init(through vendor: VendorClient, at origin: String = "https://api.telegram.org") {
        self.vendor = vendor
        self.origin = origin
    }

    /// ``ChannelKind/telegram``.
    public var kind: ChannelKind { .telegram }

    /// Texts of 4,096 UTF-16 units, the strictest of the readings; no window; files of 20 MiB.
    public var rules: ChannelRules {
        ChannelRules(
            text: TextRule(4_096, .utf16), caption: TextRule(1_024, .utf16), window: nil, personWindow: nil,
            download: .mebibytes(20), perConversation: 1, perChannel: 30, recentMax: 0)
    }

    // MARK: Deliveries

    /// The secret token, compared as a whole; nothing is signed.
    public func verify(
        _ raw: [UInt8], _ headers: DeliveryHeaders, with secrets: ChannelSecrets
    ) throws(DeliveryFault) {
        guard raw.count <= Delivery.Bounds.body.bytes else { throw .tooLarge }
        guard !secrets.signing.isEmpty else { throw .noSecret }
        guard let token = try headers.only(Self.secretHeader), !token.isEmpty else { throw .headerMissing }
        guard token.utf8.count <= 256 else { throw .headerUnreadable }
        var isRight = false
        for secret in secrets.signing {
            let matches = BodySignature.isSame(token, secret)
            isRight = isRight || matches
        }
        guard isRight else { throw .mismatch }
    }

    /// There is none.
    public func challenge(
        _ query: [String: String], with secrets: ChannelSecrets
    ) throws(DeliveryFault) -> String? { nil }

    /// One update.
    public func deliveries(in raw: [UInt8]) -> [Delivery] { [TelegramUpdate.delivery(of: raw)] }

    /// What the update says.
    public func entries(of delivery: Delivery) throws(DeliveryFault) -> [InboundEntry] {
        [try TelegramEntries.entry(in: delivery.raw)]
    }

    // MARK: Sending

    /// `sendMessage`, or the method of the file's kind.
    public func send(_ message: OutboundMessage, over line: ChannelLine) async -> SendOutcome {
        if let fault = TelegramMessage.fault(message, rules) { return .refusedForGood(fault) }
        guard let (method, body) = TelegramMessage.call(message), let request = post(method, body, line) else {
            return .refusedForGood(SendRefusal(.invalid, code: "inbox.account"))
        }
        return await vendor.call(request).sent { Self.answer($0).outcome }
    }

    /// `sendChatAction`, or that a button has been heard; there is no sign of having seen something.
    public func show(_ sign: OutboundSign, to externalUserId: String, over line: ChannelLine) async {
        let call: (method: String, members: [(String, VendorJSONText?)])
        switch sign {
        case .typing:
            guard let chat = Int64(externalUserId) else { return }
            call = ("sendChatAction", [("chat_id", .number(chat)), ("action", .text("typing"))])
        case .answered(let callback): call = ("answerCallbackQuery", [("callback_query_id", .text(callback))])
        case .seen: return
        }
        guard let request = post(call.method, VendorJSONText.object(call.members).description, line) else { return }
        _ = await vendor.call(request)
    }

    // MARK: Asking

    /// Telegram keeps no account of it for bots, and what has not been fetched cannot be asked for beside a webhook.
    public func recent(
        since time: Timestamp, over line: ChannelLine
    ) async throws(VendorFailure) -> [InboundEntry]? { nil }

    /// `getFile`: an address that lasts an hour and has the bot's token in it.
    public func place(
        of attachment: InboundAttachment, over line: ChannelLine
    ) async throws(VendorFailure) -> MediaPlace? {
        guard case .reference(let id) = attachment.source else { return nil }
        let file = try await ask("getFile", [("file_id", .text(id))], line)
        guard let path = file["file_path"]?.text, (1...1_024).contains(path.utf8.count) else { throw .unreadable }
        let escaped = path.split(separator: "/").map { AddressText.escaped(String($0)) }.joined(separator: "/")
        guard let token = Self.token(line) else { throw .tokenExpired }
        return MediaPlace(
            Secret("\(origin)/file/bot\(token)/\(escaped)"), size: file["file_size"]?.integer ?? attachment.size)
    }

    /// `getChat`.
    public func profile(
        of externalUserId: String, over line: ChannelLine
    ) async throws(VendorFailure) -> InboundProfile? {
        guard let chat = Int64(externalUserId) else { return nil }
        let body = try await ask("getChat", [("chat_id", .number(chat))], line)
        if let title = body["title"]?.text, !title.isEmpty {
            return InboundProfile(name: title, handle: body["username"]?.text)
        }
        return TelegramEntries.profile(body)
    }

    /// `getMe` and `getWebhookInfo`.
    public func condition(of line: ChannelLine) async throws(VendorFailure) -> ChannelCondition {
        let bot = try await ask("getMe", [], line)
        guard let id = bot["id"]?.id else { throw .unreadable }
        let hook = try await ask("getWebhookInfo", [], line)
        return ChannelCondition(
            externalAccount: VendorKey.bounded(id),
            name: (bot["username"]?.text ?? bot["first_name"]?.text).map { VendorText.line($0, 200) },
            isSubscribed: !(hook["url"]?.text ?? "").isEmpty,
            waiting: hook["pending_update_count"]?.integer.flatMap { Int(exactly: $0) },
            lastFault: hook["last_error_message"]?.text.map { VendorText.line($0, 300) })
    }

    /// `setWebhook` with the first of the secrets.
    public func subscribe(
        at hook: String, with secrets: ChannelSecrets, over line: ChannelLine
    ) async throws(VendorFailure) {
        guard let secret = secrets.signing.first, secret.reveal({ Self.isToken($0, 1...256) }) else {
            throw .refused(code: "inbox.noSecret")
        }
        _ = try await ask(
            "setWebhook",
            [
                ("url", .text(hook)), ("secret_token", .text(secret.reveal { $0 })),
                ("allowed_updates", .list(Self.updates.map { .text($0) })), ("max_connections", .number(40)),
                ("drop_pending_updates", .flag(false)),
            ], line)
    }

    /// Tokens of bots last until somebody takes them back.
    public func renewed(_ line: ChannelLine) async throws(VendorFailure) -> ChannelToken? { nil }

    private func ask(
        _ method: String, _ members: [(String, VendorJSONText?)], _ line: ChannelLine
    ) async throws(VendorFailure) -> VendorJSON {
        guard let request = post(method, VendorJSONText.object(members).description, line) else { throw .tokenExpired }
        return try Self.answer(try await vendor.call(request).asked()).result()
    }

    private func post(_ method: String, _ body: String, _ line: ChannelLine) -> OutboundRequest? {
        guard let token = Self.token(line), let address = OutboundAddress("\(origin)/bot\(token)/\(method)") else {
            return nil
        }
        return OutboundRequest(
            .post, address, headers: ["content-type": "application/json", "accept": "application/json"],
            content: .text(body), deadline: VendorClient.Bounds.sending, responseMax: VendorClient.Bounds.answer)
    }

    /// The token, which becomes part of an address: nothing in it may lead elsewhere.
    private static func token(_ line: ChannelLine) -> String? {
        line.token.reveal { token in
            let parts = token.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, isToken(parts[0], 1...20), isToken(parts[1], 1...100) else { return nil }
            return token
        }
    }

    private static func isToken(_ text: some StringProtocol, _ length: ClosedRange<Int>) -> Bool {
        length.contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 48...57, 65...90, 97...122, UInt8(ascii: "-"), UInt8(ascii: "_"): true
                default: false
                }
            }
    }

    private static func answer(_ answer: VendorClient.Answer) -> TelegramAnswer {
        TelegramAnswer(status: answer.status, answer.bytes, retryAfter: answer.retryAfter)
    }
}
