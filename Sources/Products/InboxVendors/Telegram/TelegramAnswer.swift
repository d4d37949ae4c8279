import Base

/// What an answer of Telegram's Bot API means.
struct TelegramAnswer {
    enum Bounds {
        static let wait: Duration = .seconds(3_600)
    }

    let status: Int
    let body: VendorJSON?
    let retryAfter: Duration?

    init(status: Int, _ bytes: [UInt8], retryAfter: Duration? = nil) {
        self.status = status
        body = VendorJSON(bytes)
        self.retryAfter = retryAfter
    }

    private var isGood: Bool { body?["ok"]?.flag ?? false }

    /// The code in the body, which counts; the status where there is none.
    private var code: Int { body?["error_code"]?.integer.flatMap { Int(exactly: $0) } ?? status }

    private var words: String { body?["description"]?.text ?? "" }

    private var wait: Duration? {
        let told = body?["parameters"]?["retry_after"]?.integer.map { Duration.seconds(min(max($0, 0), 3_600)) }
        return (told ?? retryAfter).map { min(max($0, .zero), Bounds.wait) }
    }

    /// What became of a message that was sent.
    var outcome: SendOutcome {
        if isGood {
            // Taken, but its number is lost; nothing will bring it, since bots get no echoes.
            guard let result = body?["result"], let number = result["message_id"]?.integer,
                let chat = result["chat"]?["id"]?.integer
            else { return .unknown }
            return .sent(externalId: TelegramEntries.externalId(chat: chat, message: number))
        }
        if let next = body?["parameters"]?["migrate_to_chat_id"]?.integer { return .moved(to: String(next)) }
        switch code {
        case 200..<300: return .unknown
        case 401, 404: return .tokenExpired
        case 429: return .tryAgain(after: wait)
        case 503 where retryAfter != nil: return .tryAgain(after: wait)
        case 500...: return .unknown
        default: return .refusedForGood(SendRefusal(reason, code: "\(code)", words: words))
        }
    }

    /// Telegram's reasons have no codes, only words.
    private var reason: SendRefusal.Reason {
        let words = words.lowercased()
        switch code {
        case 403:
            if words.contains("deactivated") { return .unavailable }
            return words.contains("initiate") || words.contains("rights") ? .notPermitted : .blocked
        case 400:
            if words.contains("chat not found") || words.contains("user not found") { return .unavailable }
            if words.contains("too long") || words.contains("too_long") { return .tooLong }
            if ["http url", "file identifier", "webpage_", "photo_", "wrong type of the web page"].contains(
                where: words.contains)
            {
                return .mediaRefused
            }
            return words.contains("not enough rights") ? .notPermitted : .invalid
        default: return .other
        }
    }

    /// The result of a question.
    ///
    /// - Throws: ``VendorFailure``.
    func result() throws(VendorFailure) -> VendorJSON {
        if isGood {
            guard let result = body?["result"] else { throw .unreadable }
            return result
        }
        switch code {
        case 200..<300: throw .unreadable
        case 401, 404: throw .tokenExpired
        case 409, 429, 500...: throw .tryAgain(after: wait)
        default: throw .refused(code: "\(code)")
        }
    }
}
